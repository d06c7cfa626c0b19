/**
 * Where nothing compiles as exactly as was asked: the least that has to be allowed. Only what was compiled is told, so that
 * the command that it leads to does compile.
 *
 * What may be allowed is a ladder: for each depth of polynomials the error that they need, and above the least error of any
 * chain its multiples. More is never harder, so the ladder is bisected, and what lies between the last refusal and the
 * first plan is halved a few times more. Every try is a search for plans, of which there are at most `mostTries`.
 */
import { HepcError } from '../ir/diagnostics/diagnostic.ts';
import { effectsByDepth } from '../passes/tensor/approximate-activations.ts';
import { roundedUp } from './kept-accuracy.ts';
import type { FoundPlan, Refusal } from './network-plans.ts';
import { type PlanFigures, planFigures } from './plan-figures.ts';
import type { Settings } from './settings.ts';
import { type ExactNetwork, largestShare } from './simplify.ts';

const mostTries = 6;

/** Values closer than this are as good as each other. */
const leastStep = 1.15;

/** An option that says how exact a plan has to be, and the least value that compiles. */
export interface LeastAccuracy {
  readonly option: '--max-error' | '--max-disagreement';
  readonly value: number;
  readonly figures: PlanFigures;
  /** The largest value that was tried and refused; undefined where none was. */
  readonly refused: number | undefined;
}

/** Nothing that may be allowed leads to a plan. */
export interface NoAccuracy {
  readonly option: LeastAccuracy['option'];
  /** The largest value that was tried; undefined where there was nothing to try. */
  readonly refused: number | undefined;
  readonly hasActivations: boolean;
}

/** Finds a plan of a network, or says why there is none. */
export type FindPlan = (settings: Settings) => FoundPlan | Refusal;

export function leastAccuracy(
  { graph, exact, samples, limits, rounding }: ExactNetwork,
  settings: Settings,
  refusal: Refusal,
  find: FindPlan,
): LeastAccuracy | NoAccuracy {
  const { isErrorFree, maxError, maxDisagreement = 0, maxDegree } = settings;
  const effects = effectsByDepth(exact, { samples, limits }, maxDegree, graph.steps?.post).map(({ effect }) => effect);
  const option = isErrorFree ? '--max-disagreement' : '--max-error';
  const asked = isErrorFree ? maxDisagreement : maxError;
  const needed = isErrorFree
    ? effects.map(({ changed }) => changed)
    : [
        ...effects.map(({ error }) => (error + rounding) / largestShare),
        ...above(refusal.leastError),
        ...above(rounding),
      ];
  const most = isErrorFree ? 0.99 : 1;
  const ladder = [...new Set(needed.filter((value) => value > 0).map(roundedUp))]
    .filter((value) => value > asked && value <= most)
    .sort((a, b) => a - b);
  const attempt = (value: number): PlanFigures | undefined => {
    const changed: Settings = isErrorFree ? { ...settings, maxDisagreement: value } : { ...settings, maxError: value };
    const found = withoutThrowing(() => find(changed));
    return found === undefined || 'refused' in found ? undefined : planFigures(found, changed);
  };
  const least = bisect(ladder, asked, attempt);
  return 'figures' in least ? { option, ...least } : { option, ...least, hasActivations: effects.length > 0 };
}

/** An error that is there at least, and its multiples: predictions stop where they exceed what is allowed. */
function above(error = 0): number[] {
  return [1.05, 1.4, 2, 4, 8, 16].map((factor) => factor * error);
}

/** @param ladder ascending */
function bisect(
  ladder: readonly number[],
  asked: number,
  attempt: (value: number) => PlanFigures | undefined,
): Omit<LeastAccuracy, 'option'> | Pick<NoAccuracy, 'refused'> {
  let best: { readonly value: number; readonly figures: PlanFigures } | undefined;
  let refused = asked;
  let tries = 0;
  const tryAt = (value: number): boolean => {
    tries++;
    const figures = attempt(value);
    if (figures === undefined) refused = Math.max(refused, value);
    else best = { value, figures };
    return figures !== undefined;
  };
  let [low, high] = [0, ladder.length];
  while (low < high && tries < mostTries) {
    const middle = Math.floor((low + high) / 2);
    if (tryAt(ladder[middle] ?? 1)) high = middle;
    else low = middle + 1;
  }
  while (best !== undefined && refused > 0 && tries < mostTries && best.value > leastStep * refused) {
    const between = roundedUp(Math.sqrt(best.value * refused));
    if (between >= best.value || between <= refused) break;
    tryAt(between);
  }
  return { ...best, refused: refused > asked ? refused : undefined };
}

/** What is refused by throwing has no plan. */
function withoutThrowing<T>(compute: () => T): T | undefined {
  try {
    return compute();
  } catch (error) {
    if (error instanceof HepcError) return undefined;
    throw error;
  }
}
