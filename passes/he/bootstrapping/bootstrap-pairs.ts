/**
 * Which bootstraps of a program are of two values at once. A bootstrap of a complex value costs four fifths of those of its parts: all that
 * it does twice are a matrix at either end and EvalMod (`circuits.ts`).
 *
 * Two are a pair where as many bootstraps lie on the longest way to either: then neither is computed of the other, nor of one that
 * waits for it in another pair, so that an order of all rows is left.
 */
import { type HeModule, opCount } from '../../../ir/he/module.ts';
import { operandsOf } from '../../../ir/he/operands.ts';
import { isBootstrap } from '../../../ir/he/traits.ts';

/** By row of a bootstrap that is one of two: the row of the other. */
export function bootstrapPairs(module: HeModule): ReadonlyMap<number, number> {
  const { columns } = module;
  const depths = new Int32Array(opCount(module));
  /** By depth: the last bootstrap that has no other. */
  const single = new Map<number, number>();
  const pairs = new Map<number, number>();
  for (const [row, code] of columns.op.entries()) {
    const depth = operandsOf(columns, row).reduce((most, operand) => Math.max(most, depths[operand] ?? 0), 0);
    depths[row] = depth + Number(isBootstrap(code));
    if (!isBootstrap(code)) continue;
    const other = single.get(depth);
    if (other === undefined) {
      single.set(depth, row);
      continue;
    }
    single.delete(depth);
    pairs.set(row, other);
    pairs.set(other, row);
  }
  return pairs;
}
