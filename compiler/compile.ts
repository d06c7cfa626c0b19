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
import { type Compilation, findPlan, finishPlan, type FoundPlan, type Refusal } from './network-plans.ts';
import { type Configuration, configurationsFor } from './search/configurations.ts';
import { afterRounds, Progress } from './search/progress.ts';
import { type FindPlan, leastAccuracy } from './least-accuracy.ts';
import { accuracyThatCompiles, noAccuracyCompiles } from './accuracy-hint.ts';
import { accuracyReport } from './measuring/accuracy-report.ts';
import { type CompileOptions, type Settings, settingsOf } from './settings.ts';
import type { ActivationStandIn } from './parameters/pipelines.ts';
import { approximate, exactNetwork, type ExactNetwork, type ImportedGraph, largestShare } from './simplify.ts';

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
  { share, plan }: AccuratePlan,
  network: ExactNetwork,
  settings: Settings,
  elements: 'live' | 'all',
): Compilation {
  const { observer } = settings;
  // Whoever watches sees the passes of the polynomials that were chosen, and no others.
  if (observer !== undefined) approximate(network, settings, { share, elements, observer });
  return finishPlan(plan, settings);
}

interface AccuratePlan {
  readonly plan: FoundPlan;
  /** Of the allowed error, what its polynomials may take. */
  readonly share: number;
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
  let tried: readonly ActivationStandIn[] | undefined;
  const whole = settings.progress.part(0.15, 0.95);
  for (const [turn, share] of approximationShares.entries()) {
    const approximated = approximate(network, settings, { share, elements });
    if ('refused' in approximated) {
      refusal ??= { refused: approximated.refused };
      break;
    }
    const { standIns } = approximated;
    if (tried !== undefined && areSame(standIns, tried)) continue;
    tried = standIns;
    const progress = whole.part(afterRounds(turn), afterRounds(turn + 1));
    const plan = findPlan(approximated, settings, configurations, progress, best?.plan.found);
    if ('refused' in plan) {
      refusal ??= plan;
      if (!(plan.leastError !== undefined && plan.leastError <= hopelessErrorRatio * settings.maxError)) break;
    } else {
      best = { plan, share };
      if (!paysForNoise(plan)) break;
    }
    if (standIns.length === 0) break;
  }
  if (best !== undefined) return best;
  if (refusal === undefined) throw new InternalError('a search without a plan says why there is none');
  return refusal;
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
