/** Keys that a program is held to where it would take too many: fewer keys are more rotations, and less memory. */
import type { EngineProfile } from '../../costs/profiles.ts';
import type { Goal } from './objective.ts';
import type { KeyBudget, Price } from './price.ts';

interface Means {
  readonly goal: Goal;
  readonly profile: EngineProfile;
}

/** Numbers of keys to try for a program with the keys that it likes best. */
export function keyCounts(
  { galoisKeys }: Price['measures'],
  { goal: { objective, limits } }: Pick<Means, 'goal'>,
): KeyBudget[] {
  const counts = objective === 'memory' ? [Math.ceil(galoisKeys / 2), 1] : [];
  if (limits.galoisKeys !== undefined) counts.push(Math.max(1, limits.galoisKeys));
  return [...new Set(counts)].filter((maxKeys) => maxKeys < galoisKeys).map((maxKeys) => ({ maxKeys }));
}

/**
 * The bytes of keys with which a program would fit the engine and the limit of memory if its ciphertexts took no more;
 * undefined where it fits, and where it has no keys that could go. They may take more once rotations are composed, so that
 * what comes of it is to be asked again.
 */
export function smallerKeys(
  { measures, keyBytes, neededBytes }: Price,
  { goal: { limits }, profile }: Means,
): KeyBudget | undefined {
  const { galoisKeys, peakBytes } = measures;
  const missing = Math.max(neededBytes - profile.memory.limit, peakBytes - (limits.memoryBytes ?? Infinity));
  if (missing <= 0 || galoisKeys === 0) return undefined;
  return { budgetBytes: Math.max(1, Math.floor(keyBytes - missing)) };
}
