/**
 * From an imported model to a plan: the whole pipeline on one page.
 *
 *   tensor passes ─► for N = 4096, 8192, …: choose layouts ─► tile ─► he ─► measure ranges ─► equalise ─► he passes
 *                      └─► for each modulus chain, cheapest first: levels, scales, keys ─► predict the error ─► accept
 *   the first program within the error ─► schedule ─► plan
 *
 * Deterministic: the same model, samples and options give the same plan.
 */
import { batchTooLarge, chainTooShort, noParameters, scaleTooLarge, syntheticSamples } from '../ir/diagnostics/compile.ts';
import { type Diagnostic, HepcError, type NodeRef } from '../ir/diagnostics/diagnostic.ts';
import type { HeModule } from '../ir/he/module.ts';
import type { PlanModule } from '../ir/levels.ts';
import { polyModulusDegrees } from '../ir/parameters.ts';
import type { Plan } from '../ir/plan/plan.ts';
import { seededRandom } from '../ir/random.ts';
import type { TensorModule } from '../ir/tensor/ops.ts';
import { nextPowerOfTwo } from '../ir/tile/layout.ts';
import type { TileModule } from '../ir/tile/ops.ts';
import { PassManager, type PassObserver, type PassRun } from '../passes/manager.ts';
import type { Sample } from '../passes/pass.ts';
import { scheduleProgram } from '../passes/schedule.ts';
import { buildPlan, type ModelInterface } from './build-plan.ts';
import { networkDepth } from './layouts/network-depth.ts';
import { packNetwork } from './pack-network.ts';
import { type Chain, chainsFor } from './parameters/chains.ts';
import { manageProgram, optimiseTensor } from './pipelines.ts';
import { predictError, referenceOutputs } from './simulate.ts';

export interface ImportedGraph extends ModelInterface {
  readonly module: TensorModule;
}

export interface CompileOptions {
  /** Calibration samples; without them 64 seeded uniform ones in [0, 1], and the plan is marked `synthetic`. */
  readonly samples?: readonly Sample[];
  /** Largest error as a fraction of the median over samples of the largest absolute output. Default 0.01. */
  readonly maxError?: number;
  /** Samples that one evaluation takes. Default 1. */
  readonly batch?: number;
  readonly weights?: 'plain' | 'encrypted';
  /** Seed of the noise simulation and of synthetic samples. Default 1. */
  readonly seed?: number;
  readonly observer?: PassObserver;
  /** Called as the compiler goes on, with what it does now. */
  readonly onStep?: (step: string) => void;
}

export interface Compilation {
  readonly plan: Plan;
  /** The modules of all four levels, for dumps and reports. */
  readonly modules: { readonly tensor: TensorModule; readonly tile: TileModule; readonly plan: PlanModule };
  readonly runs: readonly PassRun[];
  readonly warnings: readonly Diagnostic[];
}

/** Throws `HepcError` for a model that cannot be compiled within the options. */
export function compileGraph(graph: ImportedGraph, options: CompileOptions = {}): Compilation {
  const { maxError = 0.01, batch = 1, weights = 'plain', seed = 1, onStep = () => undefined } = options;
  const synthetic = options.samples === undefined;
  const samples = options.samples ?? uniformSamples(graph, seed);
  const manager = new PassManager(samples, options.observer);
  const warnings = synthetic ? [syntheticSamples({})] : [];
  const largest = polyModulusDegrees.at(-1) ?? 0;
  if (nextPowerOfTwo(batch) > largest / 2) throw new HepcError([batchTooLarge({ batch, most: largest / 2 })]);

  onStep('optimising the network');
  const tensor = optimiseTensor(graph.module, manager, { maxError, synthetic });
  const reference = referenceOutputs(graph.module, samples);
  let best: number | undefined;
  const leastDepth = networkDepth(tensor);
  let depth: number = leastDepth;
  let path: readonly NodeRef[] = [];
  for (const degree of polyModulusDegrees) {
    if (nextPowerOfTwo(batch) > degree / 2) continue;
    if (chainsFor(degree, leastDepth, 0).length === 0) continue;
    onStep(`packing for N = ${degree}`);
    const slots = { virtualSlots: degree / 2 / nextPowerOfTwo(batch), batchTile: nextPowerOfTwo(batch) };
    const packed = packNetwork(tensor, slots, { samples, manager, weights, fits: (d) => chainsFor(degree, d, 0).length > 0 });
    ({ depth, path } = packed);
    if (packed.program === undefined) continue;
    for (const chain of chainsFor(degree, depth, packed.rangeBits)) {
      const program = tryChain(packed.program, manager, chain);
      if (program === undefined) continue;
      onStep(`predicting the error at N = ${degree} with ${chain.parameters.primes.length} primes`);
      const predicted = predictError(packed.tile, program, samples, reference, seed, maxError);
      best = Math.min(best ?? Infinity, predicted);
      if (predicted > maxError) continue;
      const schedule = scheduleProgram(program);
      const { tile } = packed;
      const plan = buildPlan(
        { graph, packed, program: schedule, samples },
        { batch, weights, maxError, predictedMaxError: predicted, synthetic },
      );
      const modules = { tensor, tile, plan: schedule };
      return { plan, modules, runs: manager.runs, warnings: [...warnings, ...manager.warnings] };
    }
  }
  throw new HepcError([noParameters({ depth, maxError, best }, { nodes: path })]);
}

/** The managed program, or undefined where the chain does not carry it. */
function tryChain(program: HeModule, manager: PassManager, chain: Chain): HeModule | undefined {
  try {
    return manageProgram(program, manager, chain);
  } catch (error) {
    const unfit: readonly string[] = [chainTooShort.declaration.code, scaleTooLarge.declaration.code];
    if (error instanceof HepcError && error.diagnostics.every(({ code }) => unfit.includes(code))) return undefined;
    throw error;
  }
}

function uniformSamples({ module }: ImportedGraph, seed: number): Sample[] {
  const random = seededRandom(seed).fork('synthetic samples');
  const inputs = module.nodes.filter((node) => node.op === 'input');
  return Array.from({ length: 64 }, () => {
    const sample = new Map<string, Float64Array>();
    for (const { attrs, type } of inputs) {
      const size = type.reduce((product, extent) => product * extent, 1);
      sample.set(attrs.name, Float64Array.from({ length: size }, () => random.uniform()));
    }
    return sample;
  });
}
