/**
 * Cheaper stand-ins for many activations in few trials. What a stand-in does to the outputs is taken to be its own error times how
 * far the outputs move by an error there; steps to cheaper ones are tried in the order of what they save for what they add to the
 * sum of squares. The order is all that the prediction decides: errors of several activations may add up or cancel.
 */
import { activationFunction, activationSets } from '../../../ir/interpret/activations.ts';
import type { ActivationFit } from './fit.ts';
import { standInKernel, type StandIn } from './stand-in.ts';
import type { Effect } from './trial.ts';

/** What a level costs in products: a larger chain for all that is evaluated, or a part of a bootstrap. */
const productsPerLevel = 8;

/** Steps of one activation that are refused before it is left as it is. */
const mostFailures = 2;

export interface LoweringQuestion<State> {
  readonly fits: readonly ActivationFit[];
  /** One for each activation, together allowed. */
  readonly start: readonly StandIn[];
  /** What an activation may have. */
  readonly options: (fit: ActivationFit) => readonly StandIn[];
  /** What a single stand-in does to the outputs, all other activations exact; undefined where an operand leaves its range. */
  readonly alone: (fit: ActivationFit, standIn: StandIn) => Effect | undefined;
  /** Undefined where choices are not allowed. */
  readonly trial: (choices: readonly StandIn[]) => State | undefined;
}

/** What the trials of ever cheaper choices gave, the cheapest last; nothing where none was allowed. */
export function lowerInOrder<State>({ fits, start, options, alone, trial }: LoweringQuestion<State>): State[] {
  const activations = fits.map((fit, k): Lowered => {
    const now = start[k];
    const own = now === undefined ? 0 : ownError(fit, now);
    const effect = now === undefined ? undefined : alone(fit, now);
    const move = (effect?.error ?? Infinity) / Math.max(own, Number.MIN_VALUE);
    const candidates = options(fit).map((standIn) => candidateOf(standIn, move * ownError(fit, standIn)));
    return { now: now && candidateOf(now, move * own), candidates, failures: 0 };
  });
  const states: State[] = [];
  for (;;) {
    const steps = activations.flatMap((activation, k) => stepOf(activation, k) ?? []);
    if (steps.length === 0) return states;
    const { k, to } = steps.reduce((best, step) => (step.price < best.price ? step : best));
    const activation = activations[k];
    if (activation === undefined) return states;
    const choices = activations.flatMap(({ now }, other) => (other === k ? [to] : (now ?? [])));
    const state = trial(choices.map(({ standIn }) => standIn));
    if (state === undefined) {
      activation.failures++;
      activation.candidates = activation.candidates.filter(({ error }) => error < to.error);
    } else {
      activation.now = to;
      states.push(state);
    }
  }
}

interface Candidate {
  readonly standIn: StandIn;
  readonly cost: number;
  /** Predicted, of the outputs. */
  readonly error: number;
}

interface Lowered {
  now: Candidate | undefined;
  candidates: readonly Candidate[];
  failures: number;
}

/** @param error of the outputs */
function candidateOf(standIn: StandIn, error: number): Candidate {
  return { standIn, cost: productsPerLevel * standIn.depth + standIn.products, error };
}

/** To the cheaper candidate that adds least for what it saves. */
function stepOf(
  { now, candidates, failures }: Lowered,
  k: number,
): { readonly k: number; readonly to: Candidate; readonly price: number } | undefined {
  if (now === undefined || failures >= mostFailures) return undefined;
  const steps = candidates
    .filter(({ cost }) => cost < now.cost)
    .map((to) => ({ k, to, price: (to.error ** 2 - now.error ** 2) / (now.cost - to.cost) }));
  return steps.length === 0 ? undefined : steps.reduce((best, step) => (step.price < best.price ? step : best));
}

/** The root of the mean square of a stand-in's error over what its activation sees, and, a little, over the range. */
function ownError({ activation: { node, histogram } }: ActivationFit, standIn: StandIn): number {
  const [points, weights] = [histogram.middles(), histogram.weights()];
  const sets = activationSets(node.attrs);
  const operand = new Float64Array(sets * points.length);
  for (let set = 0; set < sets; set++) operand.set(points, set * points.length);
  const got = standInKernel(standIn)([operand], new Map());
  let sum = 0;
  for (let set = 0; set < sets; set++) {
    const f = activationFunction(node.attrs, set);
    for (const [bin, x] of points.entries())
      sum += ((weights[bin] ?? 0) * ((got[set * points.length + bin] ?? 0) - f(x)) ** 2) / sets;
  }
  return Math.sqrt(sum);
}
