/** Cuts a program into groups: pieces of work for one worker, each with few values to hand over. */
import type { HeModule } from '../../../ir/he/module.ts';
import { useCounts } from '../../../ir/he/operands.ts';
import { restoresLevel, switchesKey, usesValueA, usesValueB } from '../../../ir/he/traits.ts';

/**
 * The group of each value, named by the op that ends it. A group is a piece of a sum (see `divideSums`), and the ops
 * after it or after another value that follow one another and have one operand each, up to a key switch or a refresh. So a sum of
 * pieces begins a group, and the sums within it are groups of their own, which an engine may compute in another order.
 */
export function groupsOf(module: HeModule, piece: Int32Array): Int32Array {
  const { op, a, b } = module.columns;
  const uses = useCounts(module.columns);
  const group = Int32Array.from(op, (_, id) => id);
  const ends = (id: number): boolean => uses[id] !== 1 || switchesKey(op[id] ?? -1) || restoresLevel(op[id] ?? -1);
  for (let id = op.length - 1; id >= 0; id--) {
    const code = op[id] ?? 0;
    const own = group[id] ?? id;
    const unary = !usesValueB(code);
    const join = (operand: number): void => {
      const samePiece = (piece[id] ?? -1) >= 0 && piece[id] === piece[operand];
      if (!ends(operand) && (unary || samePiece)) group[operand] = own;
    };
    if (usesValueA(code)) join(a[id] ?? -1);
    if (usesValueB(code)) join(b[id] ?? -1);
  }
  return group;
}
