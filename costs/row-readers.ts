/** Who reads which row: what engines that fuse rows, and estimates of what they cost, go by. */
import type { HeColumns } from '../ir/he/module.ts';
import { operandsOf } from '../ir/he/operands.ts';
import { dividesScale, isOutput, isPlainProduct, isSum, usesValueA, usesValueB } from '../ir/he/traits.ts';

export interface RowReaders {
  /** 1 for the rows that an output needs, outputs included. */
  readonly needed: Uint8Array;
  /** By row: the last needed row that reads it, −1 where none does. */
  readonly lastRead: Int32Array;
  /**
   * By row of a sum: the row where the sum ends. A sum is a tree of `add` rows, of which all but the root are read by the
   * next alone, and the products with plaintexts, of size 2, that it alone reads; another such product is a sum by
   * itself. −1 for all other rows.
   */
  readonly sumOf: Int32Array;
  /** By row that a `rescale` alone reads: that row; −1 for all others. */
  readonly rescaleOf: Int32Array;
}

export function findReaders(columns: HeColumns): RowReaders {
  const { op, a, b, size } = columns;
  const rows = op.length;
  const needed = new Uint8Array(rows);
  const uses = new Int32Array(rows);
  // Readers have been seen before what they read, all of them.
  for (let row = rows - 1; row >= 0; row--) {
    if (isOutput(op[row] ?? -1)) needed[row] = 1;
    if (needed[row] !== 1) continue;
    for (const operand of operandsOf(columns, row)) {
      needed[operand] = 1;
      uses[operand] = (uses[operand] ?? 0) + 1;
    }
  }

  const sumOf = new Int32Array(rows).fill(-1);
  const rescaleOf = new Int32Array(rows).fill(-1);
  for (let row = rows - 1; row >= 0; row--) {
    if (needed[row] !== 1) continue;
    const code = op[row] ?? 0;
    const x = a[row] ?? -1;
    const isTerm = isPlainProduct(code) && size[row] === 2;
    if ((isSum(code) || isTerm) && sumOf[row] === -1) sumOf[row] = row;
    if (isSum(code)) {
      for (const operand of [x, b[row] ?? -1]) {
        const reads = op[operand] ?? -1;
        const joins = isSum(reads) || (isPlainProduct(reads) && size[operand] === 2);
        if (uses[operand] === 1 && joins) sumOf[operand] = sumOf[row] ?? -1;
      }
    }
    if (dividesScale(code) && uses[x] === 1) rescaleOf[x] = row;
  }

  const lastRead = new Int32Array(rows).fill(-1);
  for (let row = 0; row < rows; row++) {
    const code = op[row] ?? 0;
    const x = a[row] ?? -1;
    if (needed[row] !== 1) continue;
    if (usesValueA(code)) lastRead[x] = row;
    if (usesValueB(code)) lastRead[b[row] ?? -1] = row;
  }
  return { needed, lastRead, sumOf, rescaleOf };
}
