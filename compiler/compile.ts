/**
 * From an imported model to a plan: the whole pipeline on one page.
 *
 *   tensor passes ─► for N = 4096, 8192, …: choose layouts ─► tile ─► he ─► measure ranges ─► equalise ─► he passes
 *                      └─► for each modulus chain, cheapest first: levels, scales, keys ─► predict the error ─► accept
 *   the first program within the error ─► schedule ─► plan
 *
 * Deterministic: the same model, samples and options give the same plan.
 */
import {
  batchTooLarge,
  fewSamples,
  memoryExceeded,
  noParameters,
  syntheticSamples,
} from '../ir/diagnostics/compile.ts';
import { type Diagnostic, HepcError } from '../ir/diagnostics/diagnostic.ts';
import type { PlanModule } from '../ir/levels.ts';
import { keyHeapExpansion, polyModulusDegrees, switchingKeyBytes, workerHeapBytes } from '../ir/parameters.ts';
import type { Plan } from '../ir/plan/plan.ts';
import { peakCiphertextBytes } from '../ir/plan/statistics.ts';
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
import { carriesDepth } from './parameters/chains.ts';
import { selectChain, type SelectionOptions } from './parameters/select-chain.ts';
import { optimiseTensor } from './pipelines.ts';
import { predictError, referenceOn } from './simulate.ts';

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

/** Fewer calibration samples than this say little about the ranges of other inputs. */
const enoughSamples = 8;

/** Throws `HepcError` for a model that cannot be compiled within the options. */
export function compileGraph(graph: ImportedGraph, options: CompileOptions = {}): Compilation {
  const { maxError = 0.01, batch = 1, weights = 'plain', seed = 1, onStep = () => undefined } = options;
  const synthetic = options.samples === undefined;
  const samples = options.samples ?? uniformSamples(graph, seed);
  const manager = new PassManager(samples, options.observer);
  const warnings: Diagnostic[] = [];
  if (synthetic) warnings.push(syntheticSamples({}));
  else if (samples.length < enoughSamples) warnings.push(fewSamples({ count: samples.length }));
  const largest = polyModulusDegrees.at(-1) ?? 0;
  if (nextPowerOfTwo(batch) > largest / 2) throw new HepcError([batchTooLarge({ batch, most: largest / 2 })]);

  onStep('optimising the network');
  const tensor = optimiseTensor(graph.module, manager, { maxError, synthetic });
  const reference = referenceOn(graph.module, samples);
  const batchTile = nextPowerOfTwo(batch);
  let { depth, path } = networkDepth(tensor);
  let best: number | undefined;
  for (const degree of polyModulusDegrees) {
    const fits = (levels: number): boolean => carriesDepth(degree, levels);
    if (batchTile > degree / 2 || !fits(depth)) continue;
    onStep(`packing for N = ${degree}`);
    const slots = { virtualSlots: degree / 2 / batchTile, batchTile };
    const packed = packNetwork(tensor, slots, { samples, manager, weights, fits });
    ({ depth, path } = packed);
    if (packed.program === undefined) continue;
    const selecting: SelectionOptions = {
      manager,
      maxError,
      predict: (program, enough) => {
        onStep(`predicting the error at N = ${degree}`);
        return predictError(packed.tile, program, reference, seed, enough);
      },
    };
    const { program: unmanaged, rangeBits } = packed;
    const { selection, best: reached } = selectChain(unmanaged, degree, rangeBits, selecting);
    if (reached !== undefined) best = Math.min(best ?? Infinity, reached);
    if (selection === undefined) continue;
    options.observer?.before?.('schedule', selection.program);
    const program = scheduleProgram(selection.program);
    options.observer?.after?.('schedule', program);
    const plan = buildPlan(
      { graph, packed, program, samples },
      { batch, weights, maxError, predictedMaxError: selection.predictedError, synthetic },
    );
    checkMemory(plan);
    const modules = { tensor, tile: packed.tile, plan: program };
    return { plan, modules, runs: manager.runs, warnings: [...warnings, ...manager.warnings] };
  }
  throw new HepcError([noParameters({ depth, maxError, best }, { nodes: path })]);
}

/** Plaintexts do not count: those that find no room are encoded where they are used. */
function checkMemory({ program, statistics }: Plan): void {
  const keys = (statistics.galoisKeys + 1) * switchingKeyBytes(program.parameters) * keyHeapExpansion;
  const needed = keys + peakCiphertextBytes(program);
  if (needed > workerHeapBytes) throw new HepcError([memoryExceeded({ needed, limit: workerHeapBytes })]);
}

function uniformSamples({ module }: ImportedGraph, seed: number): Sample[] {
  const random = seededRandom(seed).fork('synthetic samples');
  const inputs = module.nodes.filter((node) => node.op === 'input');
  return Array.from({ length: 64 }, () => {
    const sample = new Map<string, Float64Array>();
    for (const { attrs, type } of inputs) {
      const size = type.reduce((product, extent) => product * extent, 1);
      sample.set(
        attrs.name,
        Float64Array.from({ length: size }, () => random.uniform()),
      );
    }
    return sample;
  });
}
