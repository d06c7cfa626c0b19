/**
 * From an imported model to a plan: the whole pipeline on one page.
 *
 *   tensor passes ─► search: for N = 4096, 8192, …: layouts ─► tile ─► equalise ─► he passes
 *                      └─► for each modulus chain, cheapest first: levels, scales, keys ─► predict the error ─► accept
 *   the best program within error and limits ─► schedule ─► plan
 *
 * Deterministic: the same model, samples and options give the same plan.
 */
import {
  batchTooLarge,
  fewSamples,
  limitsTooTight,
  memoryExceeded,
  syntheticSamples,
} from '../ir/diagnostics/compile.ts';
import { type Diagnostic, HepcError, throwIfErrors } from '../ir/diagnostics/diagnostic.ts';
import { type CostTable, defaultCostTable } from '../costs/op-costs.ts';
import { polyModulusDegrees, workerHeapBytes } from '../ir/parameters.ts';
import type { Plan, PlanModule } from '../ir/plan/plan.ts';
import type { Objective, PlanMeasures, SearchLimits } from '../ir/plan/search-report.ts';
import { seededRandom } from '../ir/random.ts';
import type { TensorModule } from '../ir/tensor/ops.ts';
import { nextPowerOfTwo } from '../ir/tile/layout.ts';
import type { TileModule } from '../ir/tile/ops.ts';
import { PassManager, type PassObserver, type PassRun } from '../passes/manager.ts';
import type { ModelInterface, Sample } from '../ir/interface.ts';
import type { Orders } from '../passes/pruning/orders/apply-permutation.ts';
import type { TileShape } from '../ir/tile/place-weights.ts';
import { buildPlan } from './build-plan.ts';
import { checkOptions } from './check-options.ts';
import type { LayoutChoice } from './layouts/choose-layouts.ts';
import { networkDepth } from './layouts/network-depth.ts';
import { optimiseTensor, shrinkTensor } from './parameters/pipelines.ts';
import type { Configuration } from './search/configurations.ts';
import { type LoweringContext, replay } from './search/lowered-plan.ts';
import { defaultBandwidthMbit, type Near } from './search/objective.ts';
import { searchReport } from './search/report.ts';
import { type SearchOutcome, searchPlans } from './search/search-plans.ts';
import { tooDeep } from './search/too-deep.ts';
import { referenceOn } from './parameters/simulate.ts';

export interface ImportedGraph extends ModelInterface {
  readonly module: TensorModule;
}

export interface CompileOptions {
  /** Calibration samples; without them 64 seeded uniform ones in [0, 1], and the plan is marked `synthetic`. */
  readonly samples?: readonly Sample[];
  /** Largest error as a fraction of the median over samples of the largest absolute output. Default 0.01. */
  readonly maxError?: number;
  /**
   * Samples that are wanted at once; a plan may take them in several runs. Default 1, or as many as are fastest for each
   * of them where throughput is optimised.
   */
  readonly batch?: number;
  /** What to make small, see `search/objective.ts`. Default latency. */
  readonly optimize?: Objective;
  /** Mbit/s between client and server, for end-to-end. Default 100. */
  readonly bandwidthMbit?: number;
  readonly limits?: SearchLimits;
  /** Holds the search to products of this many outputs and inputs; both powers of two. By default it is free. */
  readonly tile?: TileShape;
  /** Holds the search to configurations like this one, for an estimate. */
  readonly near?: Near;
  /** The order of the elements along axes of the network, as pruning found it. Default that of the model. */
  readonly orders?: Orders | ((whole: TensorModule) => Orders) | undefined;
  /** Keeps elements that are constant or that nobody reads, so that layers have the sizes that they have in the model. */
  readonly keepDeadElements?: boolean;
  /** Costs of the engine's operations. Default those of node-seal on a server. */
  readonly costs?: CostTable;
  readonly weights?: 'plain' | 'encrypted';
  /** Seed of the noise simulation and of synthetic samples. Default 1. */
  readonly seed?: number;
  readonly observer?: PassObserver;
  /** Called as the compiler goes on, with what it does now. */
  readonly onStep?: (step: string) => void;
}

export interface Compilation {
  readonly plan: Plan;
  /**
   * The modules of all four levels, for dumps and reports; `whole` is `tensor` before elements moved or went, `exact` that
   * with the activations of the model.
   */
  readonly modules: {
    readonly exact: TensorModule;
    readonly whole: TensorModule;
    readonly tensor: TensorModule;
    readonly tile: TileModule;
    readonly plan: PlanModule;
  };
  /** The layouts and kernels of `modules.tensor`, and what the program takes by the cost model. */
  readonly chosen: Chosen;
  readonly runs: readonly PassRun[];
  readonly warnings: readonly Diagnostic[];
}

export interface Chosen {
  readonly choice: LayoutChoice;
  readonly configuration: Configuration;
  readonly measures: PlanMeasures;
  /** In the unit of the objective. */
  readonly cost: number;
}

/** Fewer calibration samples than this say little about the ranges of other inputs. */
const enoughSamples = 8;

/** Throws `HepcError` for a model that cannot be compiled within the options. */
export function compileGraph(graph: ImportedGraph, options: CompileOptions = {}): Compilation {
  const { maxError = 0.01, batch, weights = 'plain', seed = 1, onStep = () => undefined } = options;
  const { bandwidthMbit = defaultBandwidthMbit, limits = {}, orders } = options;
  throwIfErrors(checkOptions({ maxError, batch, bandwidthMbit, limits, tile: options.tile }));
  const synthetic = options.samples === undefined;
  const samples = options.samples ?? uniformSamples(graph, seed);
  const manager = new PassManager(samples, options.observer);
  const warnings: Diagnostic[] = [];
  if (synthetic) warnings.push(syntheticSamples({}));
  else if (samples.length < enoughSamples) warnings.push(fewSamples({ count: samples.length }));
  const largest = polyModulusDegrees.at(-1) ?? 0;
  if (batch !== undefined && nextPowerOfTwo(batch) > largest / 2)
    throw new HepcError([batchTooLarge({ batch, most: largest / 2 })]);

  onStep('optimising the network');
  const { exact, whole } = optimiseTensor(graph.module, manager, { maxError, synthetic });
  const tensor =
    options.keepDeadElements === true
      ? whole
      : shrinkTensor(whole, manager, typeof orders === 'function' ? orders(whole) : orders);
  const objective = options.optimize ?? 'latency';
  const goal = {
    objective,
    bandwidthMbit,
    limits,
    batch: batch ?? freeBatch(objective),
    tile: options.tile,
    near: options.near,
  };
  const table = options.costs ?? defaultCostTable;
  const reference = referenceOn(graph.module, samples);
  const context: LoweringContext = { tensor, samples, reference, weights, table, maxError, seed, goal, onStep };
  const quiet = new PassManager(samples);
  const outcome = searchPlans(networkDepth(tensor).depth, quiet, context);
  if (outcome.found === undefined) throw new HepcError([explainFailure(outcome, tensor, maxError)]);

  if (options.observer !== undefined) replay(outcome.found.plan, manager, context, options.observer);
  const { plan: lowered, accepted } = outcome.found;
  const { packed, proposal } = lowered;
  const { program, predictedError: predictedMaxError } = accepted;
  const search = searchReport(tensor, goal, outcome, outcome.found);
  const facts = { batch: proposal.configuration.samples, weights, maxError, predictedMaxError, synthetic, search };
  const plan = buildPlan({ graph, packed, program, samples }, facts);
  const modules = { exact, whole, tensor, tile: packed.tile, plan: program };
  const { choice, configuration } = proposal;
  const chosen = { choice, configuration, measures: accepted.measures, cost: accepted.score[0] };
  return {
    plan,
    modules,
    chosen,
    runs: [...manager.runs, ...quiet.runs],
    warnings: [...warnings, ...manager.warnings],
  };
}

/** One sample, save where the search may choose. */
function freeBatch(objective: Objective): number | undefined {
  return objective === 'throughput' ? undefined : 1;
}

function explainFailure(outcome: SearchOutcome, tensor: TensorModule, maxError: number): Diagnostic {
  const { nearest, leastHeap, leastError } = outcome;
  if (nearest !== undefined) return limitsTooTight(nearest);
  if (leastHeap !== undefined) return memoryExceeded({ needed: leastHeap, limit: workerHeapBytes, error: leastError });
  return tooDeep(tensor, outcome, { maxError, best: leastError });
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
