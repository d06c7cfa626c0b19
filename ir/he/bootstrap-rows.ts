/**
 * Which rows of a program are of which bootstrap. Rows do not say so: the origins of a bootstrap are those of the value that it brings back.
 * What tells them is how bootstraps are made (ARCHITECTURE.md, Bootstrapping): each has one `mod-raise`; all that depends on that is its
 * own, up to and with the next `set-scale`; and StC before it begins with products by complex plaintexts, which nothing else has.
 */
import type { HeModule } from './module.ts';
import { operandsOf } from './operands.ts';
import { isComplexPlaintext } from './plaintexts.ts';
import { isAutomorphism, isPlainProduct, leavesSparse, multipliesScale, raisesLevel } from './traits.ts';

/**
 * By row: the number of its bootstrap, in the order of their `mod-raise`; −1 for a row of none. The rotations that StC begins with are
 * among them, the value that they rotate is not, nor is what brings a result to a lower level.
 */
export function bootstrapOfRows({
  columns,
  plaintexts,
  packed,
}: Pick<HeModule, 'columns' | 'plaintexts' | 'packed'>): Int32Array {
  const { op, b } = columns;
  const bootstrapOf = new Int32Array(op.length).fill(-1);
  if (!op.some(raisesLevel)) return bootstrapOf;

  const isMatrixProduct = Uint8Array.from(op, (code, row) =>
    Number(isPlainProduct(code) && isComplexPlaintext(packed, { source: plaintexts.source[b[row] ?? -1] ?? -1 })),
  );
  /** Whether a row is a product with a matrix, or comes after one, within a bootstrap. */
  const isInside = isMatrixProduct.slice();
  let bootstraps = 0;
  for (const [row, code] of op.entries()) {
    if (raisesLevel(code)) bootstrapOf[row] = bootstraps++;
    for (const operand of operandsOf(columns, row)) {
      if (endsBootstrap(op[operand] ?? -1)) continue;
      if (isInside[operand] === 1) isInside[row] = 1;
      const own = bootstrapOf[operand] ?? -1;
      if (own !== -1) bootstrapOf[row] = own;
    }
  }

  // What comes before a `mod-raise` is of the bootstrap that reads it. All that reads a row stands after it.
  const readerOf = new Int32Array(op.length).fill(-1);
  const isReadElsewhere = new Uint8Array(op.length);
  for (let row = op.length - 1; row >= 0; row--) {
    const isBabyStep = isAutomorphism(op[row] ?? -1) && isReadElsewhere[row] !== 1;
    if (bootstrapOf[row] === -1 && (isInside[row] === 1 || isBabyStep)) bootstrapOf[row] = readerOf[row] ?? -1;
    const own = bootstrapOf[row] ?? -1;
    for (const operand of operandsOf(columns, row)) {
      if (own !== -1) readerOf[operand] = own;
      if (isMatrixProduct[row] !== 1) isReadElsewhere[operand] = 1;
    }
  }
  return bootstrapOf;
}

/** `set-scale`: the sine becomes the value again. */
function endsBootstrap(code: number): boolean {
  return multipliesScale(code) && !leavesSparse(code);
}
