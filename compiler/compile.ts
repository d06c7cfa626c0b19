/**
 * From an imported model to a plan: the whole pipeline on one page.
 *
 *   import ─► simplify ─► approximate ─► search over configurations ─► build
 *                             ▲               └─ pack ─► lower ─► manage ─► measure
 *                             └── other polynomials ──────────────────────────┘
 *
 *   import    `onnx/import.ts`: what the model computes, as a module of the tensor level
 *   simplify  `simplify.ts`: linear ops and polynomials merged, then polynomials for activations, dead elements gone
 *   approximate  here: how much of the allowed error polynomials may take, and how much is left to noise
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
import { roundingTooLarge } from '../ir/diagnostics/quantization.ts';
import { type Diagnostic, HepcError, InternalError } from '../ir/diagnostics/diagnostic.ts';
import { mostBootstrappedDegree } from './bootstrapped-plans.ts';
import {
  type Compilation,
  findPlan,
  finishPlan,
  type FoundPlan,
  mayNeedBootstraps,
  needForBootstraps,
  type Refusal,
} from './network-plans.ts';
import { type Configuration, configurationsFor } from './search/configurations.ts';
import { afterRounds, Progress } from './search/progress.ts';
import { type FindPlan, leastAccuracy } from './least-accuracy.ts';
import { accuracyThatCompiles, noAccuracyCompiles } from './accuracy-hint.ts';
import { accuracyReport } from './measuring/accuracy-report.ts';
import { type CompileOptions, type Settings, settingsOf } from './settings.ts';
import type { ActivationStandIn } from './parameters/pipelines.ts';
import type { RefusedModule } from '../passes/manager.ts';
import {
  approximate,
  exactNetwork,
  type ExactNetwork,
  type ImportedGraph,
  largestShare,
  type SimplifiedNetwork,
} from './simplify.ts';

/**
 * Parts of the allowed error that polynomials may take, in the order in which they are tried: levels cost more than bits, so
 * that noise gets what the lowest polynomials leave, and more of it only where a plan fails, or pays, for lack of that.
 */
const approximationShares = [largestShare, 0.5, 0.25] as const;

/** Where the least error of any program exceeds the allowed one so many times, other polynomials do not mend it. */
const hopelessErrorRatio = 3;

/** Noise costs something where a plan takes this much more than it would on the shortest chain that carries it. */
const noiseCostRatio = 1.02;

/** Throws `HepcError` for a model that cannot be compiled within the options. */
export function compileGraph(graph: ImportedGraph, options: CompileOptions = {}): Compilation {
  const settings = settingsOf(options);
  const network = exactNetworkWithHint(graph, settings);
  const configurations = configurationsFor(settings.goal, settings.profile);
  const found = findAccuratePlan(network, settings, configurations, 'live');
  if ('refused' in found) throw new HepcError(withHint(graph, network, settings, found));
  const compilation = finishAccuratePlan(found, network, settings, 'live');
  const { exact, approximated, samples, reference } = found.plan.network;
  const { tile, predicted: program } = compilation.modules;
  const { seed } = settings;
  const parts = { model: graph.module, exact, approximated, tile, program, samples, reference, seed };
  return { ...compilation, plan: { ...compilation.plan, accuracy: accuracyReport(parts) } };
}

/** Throws `HepcError`; for roundings that change too much, with an error that compiles. */
function exactNetworkWithHint(graph: ImportedGraph, settings: Settings): ExactNetwork {
  try {
    return exactNetwork(graph, settings);
  } catch (error) {
    const isRounding = error instanceof HepcError && error.diagnostics.some(({ code }) => code === tooCoarse);
    if (!isRounding || settings.maxError === 1) throw error;
    const network = exactNetwork(graph, { ...settings, maxError: 1 });
    throw new HepcError(withHint(graph, network, settings, { refused: error.diagnostics }));
  }
}

const tooCoarse = roundingTooLarge.declaration.code;

/** The refusal, with what has to be allowed for a plan as its first remedy where that leads to one. */
function withHint(
  graph: ImportedGraph,
  network: ExactNetwork,
  settings: Settings,
  refusal: Refusal,
): readonly Diagnostic[] {
  const find = planFinder(graph, network, settings);
  settings.progress.begin('looking for an accuracy that compiles');
  const least = leastAccuracy(network, settings, refusal, (changed) => find(changed));
  const note = 'figures' in least ? accuracyThatCompiles(least) : noAccuracyCompiles(least);
  const [first, ...others] = refusal.refused;
  if (first === undefined || note === undefined) return refusal.refused;
  return [{ ...first, notes: [note, ...first.notes] }, ...others];
}

/** Finds plans of a network by other settings; what was computed of it is used again, where it does not depend on them. */
export function planFinder(graph: ImportedGraph, network: ExactNetwork, { goal, profile }: Settings): FindPlan {
  const configurations = configurationsFor(goal, profile);
  return (changed) => {
    const quiet = { ...changed, observer: undefined, progress: Progress.of(ignore, ignore) };
    // Which bounds of a rounding are left out depends on the allowed error.
    const own = network.rounding === 0 ? network : exactNetwork(graph, quiet);
    const found = findAccuratePlan(own, quiet, configurations, 'live');
    return 'refused' in found ? found : found.plan;
  };
}

const ignore = (): void => undefined;

/**
 * The best plan of a network among those of the given configurations, whichever polynomials it takes. `elements`: whether
 * the network lacks those that are constant or that nobody reads.
 */
export function compileNetwork(
  network: ExactNetwork,
  settings: Settings,
  configurations: readonly Configuration[],
  elements: 'live' | 'all' = 'live',
): Compilation | Refusal {
  const found = findAccuratePlan(network, settings, configurations, elements);
  return 'refused' in found ? found : finishAccuratePlan(found, network, settings, elements);
}

function finishAccuratePlan(
  { share, maxDegree, plan }: AccuratePlan,
  network: ExactNetwork,
  settings: Settings,
  elements: 'live' | 'all',
): Compilation {
  const { observer } = settings;
  // Whoever watches sees the passes of the polynomials that were chosen, and no others.
  if (observer !== undefined) approximate(network, { ...settings, maxDegree }, { share, elements, observer });
  return finishPlan(plan, settings);
}

interface AccuratePlan {
  readonly plan: FoundPlan;
  /** Of the allowed error, what its polynomials may take. */
  readonly share: number;
  /** Of its polynomials, as in the settings. */
  readonly maxDegree: number | undefined;
}

/**
 * The cheapest of the plans by the shares that are tried. The search goes on where no plan was accurate enough, or noise has
 * cost something, and the next share leads to other polynomials.
 */
function findAccuratePlan(
  network: ExactNetwork,
  settings: Settings,
  configurations: readonly Configuration[],
  elements: 'live' | 'all',
): AccuratePlan | Refusal {
  let best: AccuratePlan | undefined;
  let refusal: Refusal | undefined;
  const tried: (readonly ActivationStandIn[])[] = [];
  const whole = settings.progress.part(0.15, 0.95);
  /** The plan with these polynomials, where they are others than before. */
  const attempt = (approximated: SimplifiedNetwork, progress: Progress): FoundPlan | Refusal | undefined => {
    const { standIns } = approximated;
    if (tried.some((other) => areSame(standIns, other))) return undefined;
    tried.push(standIns);
    return findPlan(approximated, settings, configurations, progress, best?.plan.found);
  };
  for (const [turn, share] of approximationShares.entries()) {
    const progress = whole.part(afterRounds(turn), afterRounds(turn + 1));
    let last: FoundPlan | Refusal | undefined;
    let isExact = false;
    for (const { maxDegree, approximated } of polynomials(network, settings, share, elements)) {
      if ('refused' in approximated) {
        last ??= { refused: approximated.refused };
        continue;
      }
      const plan = attempt(approximated, progress);
      isExact = approximated.standIns.length === 0;
      if (plan !== undefined && (last === undefined || !('refused' in plan))) last = plan;
      if (plan === undefined || 'refused' in plan) continue;
      best = { plan, share, maxDegree };
      break;
    }
    if (last === undefined) continue;
    if ('refused' in last) {
      refusal ??= last;
      if (!(last.leastError !== undefined && last.leastError <= hopelessErrorRatio * settings.maxError)) break;
    } else if (!paysForNoise(last)) break;
    if (isExact) break;
  }
  if (best !== undefined) return best;
  if (refusal === undefined) throw new InternalError('a search without a plan says why there is none');
  return refusal;
}

interface Approximated {
  /** Of the polynomials, as in the settings. */
  readonly maxDegree: number | undefined;
  readonly approximated: SimplifiedNetwork | RefusedModule;
}

/**
 * The network with polynomials within a share of the error; where one has no plan, with others: where bootstraps may be what it
 * needs, with polynomials of no more levels than these give. They are first where no chain carries the network otherwise.
 */
function* polynomials(
  network: ExactNetwork,
  settings: Settings,
  share: number,
  elements: 'live' | 'all',
): Generator<Approximated> {
  const within = (maxDegree: number | undefined): Approximated => {
    return { maxDegree, approximated: approximate(network, { ...settings, maxDegree }, { share, elements }) };
  };
  function* low(): Generator<Approximated> {
    const found = within(mostBootstrappedDegree);
    if (!('refused' in found.approximated)) yield found;
  }
  const { maxDegree } = settings;
  // Where no more is allowed anyway there are no others.
  const isDeep = (maxDegree ?? Infinity) > mostBootstrappedDegree && mayNeedBootstraps(network.exact, settings);
  if (isDeep) yield* low();
  const free = within(maxDegree);
  const need = isDeep || 'refused' in free.approximated ? 'none' : needForBootstraps(free.approximated, settings);
  if (need !== 'all') yield free;
  if (need !== 'none') yield* low();
  if (need === 'all') yield free;
}

/** Fits are made once, so that equal ones have the same objects. */
function areSame(some: readonly ActivationStandIn[], others: readonly ActivationStandIn[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ coefficients }, i) => {
      const other = others[i]?.coefficients ?? [];
      return coefficients.length === other.length && coefficients.every((each, k) => each === other[k]);
    })
  );
}

/** Whether the chain that is accurate enough makes the plan dearer than the shortest one would. */
function paysForNoise({ found: { plan, accepted } }: FoundPlan): boolean {
  return !('needs' in plan.priced) && accepted.score[0] > noiseCostRatio * plan.priced.score[0];
}
