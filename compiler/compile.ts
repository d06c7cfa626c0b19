/**
 * From an imported model to a plan: the whole pipeline on one page.
 *
 *   import ─► simplify ─► search over configurations ─► build
 *                           └─ pack ─► lower ─► manage ─► measure
 *
 *   import    `onnx/import.ts`: what the model computes, as a module of the tensor level
 *   simplify  `simplify.ts`: linear ops and polynomials merged, polynomials for activations, dead elements gone
 *   search    `search/search-plans.ts`: for each degree and each way to share slots the cheapest layouts by estimate, and of
 *             these the cheapest program that is accurate and within the limits
 *     pack    `search/pack-network.ts`: layouts and kernels written down as tiles, ranges equalised
 *     lower   `lowering/to-he.ts`, `parameters/pipelines.ts`: tiles as operations on ciphertexts, optimised
 *     manage  `parameters/select-chain.ts`: rescales, levels, scales and keys for the shortest chain that will do
 *     measure `search/measure.ts`, `parameters/simulate.ts`: what the program takes, and its error
 *   build     `build-plan.ts`: schedule, encodings of inputs and outputs, statistics
 *
 * Deterministic: the same model, samples and options give the same plan.
 */
import { valuesOverflow } from '../ir/diagnostics/compile.ts';
import { limitsTooTight, memoryExceeded } from '../ir/diagnostics/memory.ts';
import { type Diagnostic, formatDiagnostic, HepcError } from '../ir/diagnostics/diagnostic.ts';
import type { Plan, PlanModule } from '../ir/plan/plan.ts';
import type { PlanMeasures } from '../ir/plan/search-report.ts';
import type { TensorModule } from '../ir/tensor/ops.ts';
import type { TileModule } from '../ir/tile/ops.ts';
import { PassManager, type PassRun } from '../passes/manager.ts';
import { buildPlan } from './build-plan.ts';
import { inputHeadroom } from './input-headroom.ts';
import type { LayoutChoice } from './layouts/choose-layouts.ts';
import { accuracyReport } from './measuring/accuracy-report.ts';
import type { NetworkMaps } from './layouts/kernel-catalogue.ts';
import { networkDepth } from './layouts/network-depth.ts';
import { type Configuration, configurationsFor } from './search/configurations.ts';
import { type LoweringContext, replay } from './search/lowered-plan.ts';
import { searchReport } from './search/report.ts';
import { type Found, type SearchOutcome, searchPlans } from './search/search-plans.ts';
import { tooDeep, tooDeepForAll } from './search/too-deep.ts';
import { type CompileOptions, type Settings, settingsOf } from './settings.ts';
import { type ImportedGraph, type SimplifiedNetwork, simplify } from './simplify.ts';

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

/** No plan computes the network within the settings. */
export interface Refusal {
  readonly refused: Diagnostic;
}

/** Throws `HepcError` for a model that cannot be compiled within the options. */
export function compileGraph(graph: ImportedGraph, options: CompileOptions = {}): Compilation {
  const settings = settingsOf(options);
  const network = simplify(graph, settings);
  const compilation = compileWith(network, settings, configurationsFor(settings.goal, settings.profile));
  if ('refused' in compilation) throw new HepcError([compilation.refused]);
  const { plan, modules } = compilation;
  const { exact, approximated, samples, reference } = network;
  const { tile, plan: program } = modules;
  const { seed } = settings;
  const parts = { model: graph.module, exact, approximated, tile, program, samples, reference, seed };
  return { ...compilation, plan: { ...plan, accuracy: accuracyReport(parts) } };
}

/** The best plan of a network among those of the given configurations, which may be a single one. */
export function compileWith(
  network: SimplifiedNetwork,
  settings: Settings,
  configurations: readonly Configuration[],
): Compilation | Refusal {
  const { tensor, samples, reference } = network;
  const { weights, profile, client, maxError, seed, goal, observer, progress } = settings;
  const hopeless = tooDeepForAll(tensor, { maxError, capabilities: profile.capabilities });
  if (hopeless !== undefined) return { refused: hopeless };
  const maps: NetworkMaps = new Map();
  const context: LoweringContext = {
    tensor,
    maps,
    ranges: new Map(),
    samples,
    reference,
    weights,
    profile,
    client,
    maxError,
    seed,
    goal,
    progress: progress.part(0.15, 0.95),
  };
  const quiet = new PassManager(samples);
  const outcome = searchPlans(configurations, quiet, context);
  if (outcome.found === undefined) return { refused: explainFailure(outcome, context) };
  const watched = new PassManager(samples, observer);
  progress.begin('building the plan', 0.95);
  if (observer !== undefined) replay(outcome.found.plan, outcome.found.accepted, watched, context, observer);
  const { plan, modules, chosen } = build(network, settings, outcome, outcome.found);
  progress.at(1);
  return {
    plan,
    modules,
    chosen,
    runs: [...network.runs, ...watched.runs, ...quiet.runs],
    warnings: distinct([...network.warnings, ...outcome.found.plan.warnings, ...outcome.found.accepted.warnings]),
  };
}

function build(
  network: SimplifiedNetwork,
  { profile, weights, maxError, goal }: Settings,
  outcome: SearchOutcome,
  found: Found,
): Pick<Compilation, 'plan' | 'modules' | 'chosen'> {
  const { graph, samples, synthetic, exact, whole, tensor, reference } = network;
  const { packed, proposal } = found.plan;
  const { program, predictedError: predictedMaxError, measures, score } = found.accepted;
  const { choice, configuration } = proposal;
  const search = searchReport(tensor, goal, outcome, found);
  const headroom = inputHeadroom({ exact, whole, samples, unit: reference.unit, maxError });
  const facts = {
    engine: profile.name,
    batch: configuration.samples,
    weights,
    maxError,
    predictedMaxError,
    synthetic,
    search,
  };
  return {
    plan: buildPlan({ graph, packed, program, samples, answers: reference.answers, headroom }, facts),
    modules: { exact, whole, tensor, tile: packed.tile, plan: program },
    chosen: { choice, configuration, measures, cost: score[0] },
  };
}

function explainFailure(
  outcome: SearchOutcome,
  { tensor, maxError, profile: { name: engine, memory, capabilities } }: LoweringContext,
): Diagnostic {
  const { overflow, nearest, smallest, leastError: error } = outcome;
  if (overflow !== undefined) return valuesOverflow({}, { nodes: overflow.nodes });
  if (nearest !== undefined) return limitsTooTight(nearest);
  if (smallest?.demand !== undefined) {
    const { neededBytes: needed, demand } = smallest;
    return memoryExceeded({ engine, needed, limit: memory.limit, error, demand });
  }
  return tooDeep(tensor, outcome.deepest ?? networkDepth(tensor), { maxError, best: error, capabilities });
}

/** Each once: a pass may have run for several chains. */
function distinct(warnings: readonly Diagnostic[]): Diagnostic[] {
  return [...new Map(warnings.map((warning) => [formatDiagnostic(warning), warning])).values()];
}
