/** Keys that a program is held to where it would take too many: fewer keys are more rotations, and less memory. */
import type { EngineProfile } from '../../costs/profiles.ts';
import type { Goal } from './objective.ts';
import type { KeyBudget, Price } from './price.ts';

/** Ciphertexts may take more once rotations are composed, and the next try frees that much more than is missing. */
const excesses = [1, 1.5] as const;

/** Budgets to try for a program with the keys that it likes best, most keys first; none where nothing asks for fewer. */
export function keyBudgets(
  { measures, keyBytes, neededBytes }: Price,
  { goal: { objective, limits }, profile }: { readonly goal: Goal; readonly profile: EngineProfile },
): KeyBudget[] {
  const { galoisKeys, peakBytes } = measures;
  const counts = objective === 'memory' ? [Math.ceil(galoisKeys / 2), 1] : [];
  if (limits.galoisKeys !== undefined) counts.push(Math.max(1, limits.galoisKeys));
  const missing = [neededBytes - profile.memory.limit, peakBytes - (limits.memoryBytes ?? Infinity)];
  const budgets = missing
    .flatMap((bytes) => (bytes > 0 ? excesses.map((excess) => keyBytes - excess * bytes) : []))
    .map((bytes) => Math.max(1, Math.floor(bytes)));
  return [
    ...[...new Set(counts)].filter((maxKeys) => maxKeys < galoisKeys).map((maxKeys) => ({ maxKeys })),
    ...(galoisKeys === 0 ? [] : [...new Set(budgets)].sort((a, b) => b - a).map((budgetBytes) => ({ budgetBytes }))),
  ];
}
