/** What a program takes, whether that is within the means, and which of two programs is preferred. */
import type { EngineProfile } from '../../costs/profiles.ts';
import type { MemoryDemand } from '../../ir/diagnostics/memory.ts';
import type { PlanMeasures } from '../../ir/plan/search-report.ts';
import type { Prediction } from '../parameters/simulate.ts';
import type { KeyOptions } from '../../passes/he/select-keys.ts';
import { type BrokenLimit, brokenLimits, type Goal, isBetter, type Score } from './objective.ts';

/** Keys that a program is held to. Empty for as many as the engine has room for by its profile. */
export type KeyBudget = Pick<KeyOptions, 'maxKeys' | 'budgetBytes'>;

/** Without the program, which may be large. */
export interface Price {
  readonly measures: PlanMeasures;
  readonly score: Score;
  /** What the engine cannot do without. */
  readonly neededBytes: number;
  /** Of all its keys. */
  readonly keyBytes: number;
  readonly budget: KeyBudget;
  /** Of a program that takes more memory than there is, or than may be taken. */
  readonly demand?: MemoryDemand | undefined;
}

/** What stands between a proposal and a plan. */
export type UnmetNeed =
  /** No chain carries it. */
  | { readonly needs: 'fewer-levels' }
  /** Its keys and ciphertexts do not fit the memory of the engine, however few keys it is held to. */
  | { readonly needs: 'less-memory'; readonly price: Price }
  | { readonly needs: 'wider-limits'; readonly price: Price; readonly broken: readonly BrokenLimit[] }
  /** No chain is accurate enough; `least` has the smallest error that any reached. */
  | { readonly needs: 'less-error'; readonly least: Prediction | undefined };

interface Means {
  readonly goal: Goal;
  readonly profile: EngineProfile;
}

/** The price, if the engine and the limits have room for what it buys. */
export function withinMeans(price: Price, { goal: { limits }, profile }: Means): Price | UnmetNeed {
  if (price.neededBytes > profile.memory.limit) return { needs: 'less-memory', price };
  const broken = brokenLimits(price.measures, limits);
  return broken.length > 0 ? { needs: 'wider-limits', price, broken } : price;
}

/** Whether `a` breaks fewer limits than `b`, or as many and is better; in too little memory the smaller one is. */
export function isPreferred(a: Price, b: Price, { goal, profile }: Means): boolean {
  const isTooLarge = ({ neededBytes }: Price): boolean => neededBytes > profile.memory.limit;
  if (isTooLarge(a) && isTooLarge(b)) return a.neededBytes < b.neededBytes;
  const broken = (price: Price): number =>
    brokenLimits(price.measures, goal.limits).length + (isTooLarge(price) ? 1 : 0);
  return broken(a) < broken(b) || (broken(a) === broken(b) && isBetter(a.score, b.score));
}
