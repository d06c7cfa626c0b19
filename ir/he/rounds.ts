/**
 * Round trips of a program with refreshes: it pauses while the client refreshes all values that were waiting for it, then goes on.
 */
import type { HeColumns } from './module.ts';
import { operandsOf } from './operands.ts';
import { pauses } from './traits.ts';

/**
 * By row: how many round trips precede it, those of the refreshes on the longest way to it; of a refresh its own, too. What does
 * not depend on any is computed in the first round, which is 0.
 */
export function roundsOf(columns: HeColumns): Int32Array {
  const { op } = columns;
  const rounds = new Int32Array(op.length);
  for (let id = 0; id < op.length; id++) {
    let round = 0;
    for (const operand of operandsOf(columns, id)) round = Math.max(round, rounds[operand] ?? 0);
    rounds[id] = round + (pauses(op[id] ?? -1) ? 1 : 0);
  }
  return rounds;
}
