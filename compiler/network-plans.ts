/** The best plan of a network whose activations are polynomials: the search over configurations, and what is built of it. */
import { valuesOverflow } from '../ir/diagnostics/compile.ts';
import { type Diagnostic, formatDiagnostic, InternalError } from '../ir/diagnostics/diagnostic.ts';
import { limitsTooTight, memoryExceeded } from '../ir/diagnostics/memory.ts';
import type { HeModule } from '../ir/he/module.ts';
import type { Plan, PlanModule } from '../ir/plan/plan.ts';
import type { PlanMeasures } from '../ir/plan/search-report.ts';
import type { TensorModule } from '../ir/tensor/ops.ts';
import type { TileModule } from '../ir/tile/ops.ts';
import { PassManager, type PassRun } from '../passes/manager.ts';
import { keptAccuracy, limitOf } from './kept-accuracy.ts';
import { bootstrappedNetworks, comfortableDepth, mostBootstrappedDegree } from './bootstrapped-plans.ts';
import { buildPlan } from './build-plan.ts';
import { inputBounds } from './headroom/input-bounds.ts';
import { changedDecisions } from './parameters/reference.ts';
import type { Prediction } from './parameters/simulate.ts';
import type { LayoutChoice } from './layouts/choose-layouts.ts';
import type { NetworkMaps } from './layouts/kernel-catalogue.ts';
import { networkDepth } from './layouts/network-depth.ts';
import { type BootstrappedChain, bootstrappedDegree } from './parameters/bootstrapped-chains.ts';
import { carriesDepth } from './parameters/chains.ts';
import type { Configuration } from './search/configurations.ts';
import { type LoweringContext, replay } from './search/lowered-plan.ts';
import { refreshedNetworks } from './refreshed-plans.ts';
import { afterRounds, type Progress } from './search/progress.ts';
import { searchReport } from './search/report.ts';
import { type Found, type SearchOutcome, searchPlans } from './search/search-plans.ts';
import { tooDeep, tooDeepForAll } from './search/too-deep.ts';
import type { Settings } from './settings.ts';
import { largestShare, type SimplifiedNetwork } from './simplify.ts';

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
    /** The program that was predicted: `plan`, or where that has bootstraps, the program before these were expanded. */
    readonly predicted: HeModule | PlanModule;
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
  readonly refused: readonly Diagnostic[];
  /** The least error of any program of the network; undefined where none was predicted. */
  readonly leastError?: number | undefined;
}

/** A plan that was found, before it is built. */
export interface FoundPlan {
  readonly network: SimplifiedNetwork;
  readonly outcome: SearchOutcome;
  readonly found: Found;
  readonly context: LoweringContext;
  readonly runs: readonly PassRun[];
}

/** The best plan of a network among those of the given configurations, which may be a single one. */
export function compileWith(
  network: SimplifiedNetwork,
  settings: Settings,
  configurations: readonly Configuration[],
): Compilation | Refusal {
  const found = findPlan(network, settings, configurations, settings.progress.part(0.15, 0.95));
  return 'refused' in found ? found : finishPlan(found, settings);
}

/** As `compileWith`, up to the plan that is chosen, which is better than `rival`. `progress` is of this search. */
export function findPlan(
  network: SimplifiedNetwork,
  settings: Settings,
  configurations: readonly Configuration[],
  progress: Progress,
  rival?: Found,
): FoundPlan | Refusal {
  if (settings.refresh === 'none') return findPlanAsItIs(network, settings, configurations, progress, rival);
  const refreshed = findRefreshed(network, settings, configurations, progress.part(0, 0.7), rival);
  const best = refreshed === undefined || 'refused' in refreshed ? rival : refreshed.found;
  const plain = findPlanAsItIs(network, settings, configurations, progress.part(0.7, 1), best);
  return 'refused' in plain ? (refreshed ?? plain) : plain;
}

/**
 * The best plan that the client refreshes; undefined where there is nothing to refresh. Rings are tried from the smallest, each by the
 * fewest round trips that are accurate, as long as plans become better.
 */
function findRefreshed(
  network: SimplifiedNetwork,
  settings: Settings,
  configurations: readonly Configuration[],
  progress: Progress,
  rival: Found | undefined,
): FoundPlan | Refusal | undefined {
  let best: FoundPlan | Refusal | undefined;
  let rings = 0;
  for (const networks of refreshedNetworks(network.tensor, configurations, settings)) {
    const ring = progress.part(afterRounds(rings), afterRounds(++rings));
    for (const [k, { degree, module }] of networks.entries()) {
      const own = configurations.filter((each) => each.degree === degree);
      const before = best === undefined || 'refused' in best ? rival : best.found;
      const placed = { ...network, tensor: module };
      const found = findPlanAsItIs(placed, settings, own, ring.share(k, networks.length), before);
      if (!('refused' in found)) {
        best = found;
        break;
      }
      if (best === undefined || 'refused' in best)
        best = { ...found, leastError: found.leastError ?? best?.leastError };
    }
  }
  return best;
}

/**
 * Whether polynomials of fewer levels may do with bootstraps what others do not: no, where those that there are have few levels, or no
 * bootstraps are to be had; perhaps, where some chain carries the network without any; and in all cases where none does.
 */
export function needForBootstraps(
  { tensor, standIns }: Pick<SimplifiedNetwork, 'tensor' | 'standIns'>,
  settings: Settings,
): 'none' | 'perhaps' | 'all' {
  const areHigh = standIns.some(({ highestDegree }) => highestDegree > mostBootstrappedDegree);
  const { depth } = networkDepth(tensor);
  if (!mayBootstrap(settings) || !areHigh || depth <= comfortableDepth) return 'none';
  const { capabilities } = settings.profile;
  return carriesDepth(capabilities.largestDegree, depth, capabilities) ? 'perhaps' : 'all';
}

/** Levels of an activation about which nothing is known. */
const usualActivationLevels = 3;

/** Whether no chain carries a network, going by what its activations usually take, and bootstraps are to be had. */
export function mayNeedBootstraps(exact: TensorModule, settings: Settings): boolean {
  const { capabilities } = settings.profile;
  const activations: number[] = [];
  for (const { id, op, operands } of exact.nodes)
    activations[id] =
      Math.max(0, ...operands.map((operand) => activations[operand] ?? 0)) + (op === 'activation' ? 1 : 0);
  const depth = networkDepth(exact).depth + usualActivationLevels * Math.max(0, ...activations);
  return mayBootstrap(settings) && !carriesDepth(capabilities.largestDegree, depth, capabilities);
}

function mayBootstrap({ profile, weights, refresh }: Settings): boolean {
  return profile.capabilities.refresh && weights === 'plain' && refresh === 'none';
}

/** The best plan of the network with the refreshes that it has. */
function findPlanAsItIs(
  network: SimplifiedNetwork,
  settings: Settings,
  configurations: readonly Configuration[],
  progress: Progress,
  rival: Found | undefined,
): FoundPlan | Refusal {
  const { tensor, samples, reference, clear } = network;
  const { weights, profile, client, maxError, maxDisagreement, seed, goal } = settings;
  const hopeless = tooDeepForAll(tensor, { maxError, capabilities: profile.capabilities });
  if (hopeless !== undefined && !mayBootstrap(settings)) return { refused: [hopeless] };
  const silent = withoutNoise(network, seed);
  if (maxDisagreement !== undefined && silent.changed > maxDisagreement) {
    const limits = { maxError, maxDisagreement, best: silent, capabilities: profile.capabilities };
    return { refused: [tooDeep(tensor, networkDepth(tensor), limits)], leastError: silent.error };
  }
  const contextOf = (of: TensorModule, part: Progress, bootstrapped?: BootstrappedChain): LoweringContext => {
    const maps: NetworkMaps = new Map();
    return {
      ...{ tensor: of, maps, ranges: new Map<string, number>(), samples, reference, clear, bootstrapped },
      ...{ weights, profile, client, maxError, maxDisagreement, seed, goal, progress: part },
    };
  };
  const manager = new PassManager(samples);
  const all: Attempt = { network, configurations, context: contextOf(tensor, progress), rival };
  const memory = { isShort: false };
  let refusal: Refusal | undefined;
  const attempt = ({ network: of, configurations: among, context, rival: other }: Attempt): FoundPlan | undefined => {
    const outcome = searchPlans(among, manager, context, other);
    const { found, leastError } = outcome;
    memory.isShort = outcome.smallest !== undefined;
    if (found !== undefined) return { network: of, outcome, found, context, runs: manager.runs };
    // That a part between bootstraps is too deep says less than that the network is.
    const isTold = context.bootstrapped === undefined || leastError !== undefined || isTight(outcome);
    if (isTold) refusal ??= { refused: [explainFailure(outcome, context)], leastError: leastError?.error };
    return undefined;
  };
  const refused = (): Refusal => {
    const why = refusal ?? (hopeless && { refused: [hopeless] });
    if (why === undefined) throw new InternalError('a search without a plan says why there is none');
    return why;
  };
  /** Of the smaller ring the plan of fewest bootstraps that is found; those of the larger one have to be cheaper. */
  const bestBootstrapped = (): FoundPlan | undefined => {
    let best: FoundPlan | undefined;
    for (const { chain, module } of bootstrappedNetworks(tensor, settings)) {
      if (best !== undefined && chain.parameters.polyModulusDegree === bootstrappedDegree) continue;
      const context = contextOf(module, progress.part(0.4, 0.7), chain);
      best = attempt({ ...all, network: { ...network, tensor: module }, context, rival: best?.found ?? rival }) ?? best;
      // The others need as much memory.
      if (best === undefined && memory.isShort) return undefined;
    }
    return best;
  };
  const { depth } = networkDepth(tensor);
  if (!mayBootstrap(settings) || depth <= comfortableDepth) {
    const found = attempt(all);
    return found ?? refused();
  }
  const bySize = Object.groupBy(configurations, ({ degree }) => (degree <= bootstrappedDegree ? 'small' : 'large'));
  const { small = [], large = [] } = bySize;
  const isCarried = carriesDepth(bootstrappedDegree, depth, profile.capabilities);
  let found = isCarried
    ? attempt({ ...all, configurations: small, context: contextOf(tensor, progress.part(0, 0.4)) })
    : undefined;
  found ??= bestBootstrapped();
  // What is in place has a price that larger rings have to beat.
  const context = contextOf(tensor, progress.part(0.7, 1));
  const larger = { ...all, configurations: large, context, rival: found?.found ?? rival };
  return (hopeless === undefined ? attempt(larger) : undefined) ?? found ?? refused();
}

/** A search, and what it is a search for. */
interface Attempt {
  readonly network: SimplifiedNetwork;
  readonly configurations: readonly Configuration[];
  readonly context: LoweringContext;
  readonly rival: Found | undefined;
}

/** How every program of the network errs beside its noise: no chain mends that. */
function withoutNoise({ reference, clear }: SimplifiedNetwork, seed: number): Prediction {
  return { error: clear.errors.largest, noise: 0, changed: changedDecisions(reference, clear, { noise: 0, seed }) };
}

/** The plan file's content, and everything about how it came to be. Whoever watches passes sees those of this plan. */
export function finishPlan({ network, outcome, found, context, runs }: FoundPlan, settings: Settings): Compilation {
  const { samples } = network;
  const { observer, progress } = settings;
  const watched = new PassManager(samples, observer);
  progress.begin('building the plan', 0.95);
  if (observer !== undefined) replay(found.plan, found.accepted, watched, context, observer);
  const { plan, modules, chosen } = build(network, settings, outcome, found);
  progress.at(1);
  return {
    plan,
    modules,
    chosen,
    runs: [...network.runs, ...watched.runs, ...runs],
    warnings: distinct([...network.warnings, ...found.plan.warnings, ...found.accepted.warnings]),
  };
}

function build(
  network: SimplifiedNetwork,
  settings: Settings,
  outcome: SearchOutcome,
  found: Found,
): Pick<Compilation, 'plan' | 'modules' | 'chosen'> {
  const { profile, weights, goal } = settings;
  const { graph, samples, synthetic, limits, exact, whole, tensor, reference } = network;
  const { packed, proposal } = found.plan;
  const { program, predicted, prediction, measures, score } = found.accepted;
  const { choice, configuration } = proposal;
  const maxError = limitOf(settings, prediction.error);
  const search = {
    ...searchReport(tensor, goal, outcome, found),
    accuracy: keptAccuracy(network, prediction, settings),
  };
  const { unit } = reference;
  const bounds = inputBounds({ exact, whole, samples, limits, unit, allowedError: largestShare * maxError });
  const facts = {
    engine: profile.name,
    batch: configuration.samples,
    weights,
    maxError,
    predictedMaxError: prediction.error,
    synthetic,
    search,
  };
  return {
    plan: buildPlan({ graph, packed, program, samples, answers: reference.answers, bounds }, facts),
    modules: { exact, whole, tensor, tile: packed.tile, predicted, plan: program },
    chosen: { choice, configuration, measures, cost: score[0] },
  };
}

/** Whether memory or other limits are what plans fail for. */
function isTight({ nearest, smallest }: SearchOutcome): boolean {
  return nearest !== undefined || smallest !== undefined;
}

function explainFailure(
  outcome: SearchOutcome,
  { tensor, maxError, maxDisagreement, profile: { name: engine, memory, capabilities }, bootstrapped }: LoweringContext,
): Diagnostic {
  const { overflow, nearest, smallest, leastError: best } = outcome;
  if (overflow !== undefined) return valuesOverflow({}, { nodes: overflow.nodes });
  if (nearest !== undefined) return limitsTooTight(nearest);
  if (smallest?.demand !== undefined) {
    const { neededBytes: needed, demand } = smallest;
    return memoryExceeded({ engine, needed, limit: memory.limit, demand });
  }
  return tooDeep(tensor, outcome.deepest ?? networkDepth(tensor), {
    ...{ maxError, maxDisagreement, best, capabilities },
    isBootstrapped: bootstrapped !== undefined,
  });
}

/** Each once: a pass may have run for several chains. */
function distinct(warnings: readonly Diagnostic[]): Diagnostic[] {
  return [...new Map(warnings.map((warning) => [formatDiagnostic(warning), warning])).values()];
}
