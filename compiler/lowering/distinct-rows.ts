/** Rows of doubles, each kept once: tiles of weights that a program multiplies by in several places. */
import { Constant } from '../../ir/constant.ts';

export class DistinctRows {
  private readonly rows: Float64Array[] = [];
  private readonly byHash = new Map<number, number[]>();

  /** The number of the row in the order of first occurrence. It is copied where it is new; all rows are equally long. */
  add(row: Float64Array): number {
    const hash = hashOf(row);
    const alike = this.byHash.get(hash);
    const known = alike?.find((k) => isEqual(this.rows[k], row));
    if (known !== undefined) return known;
    const index = this.rows.push(row.slice()) - 1;
    if (alike === undefined) this.byHash.set(hash, [index]);
    else alike.push(index);
    return index;
  }

  /** All rows as a matrix; none are left here. */
  finish(): Constant {
    const { rows } = this;
    const period = rows[0]?.length ?? 0;
    const matrix = new Float64Array(rows.length * period);
    for (const [i, row] of rows.entries()) matrix.set(row, i * period);
    const shape = [rows.length, period];
    rows.length = 0;
    this.byHash.clear();
    return new Constant(shape, matrix);
  }
}

function isEqual(a: Float64Array | undefined, b: Float64Array): boolean {
  if (a?.length !== b.length) return false;
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function hashOf(row: Float64Array): number {
  const words = new Int32Array(row.buffer, row.byteOffset, 2 * row.length);
  let hash = 0;
  for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ (words[i] ?? 0), 0x01000193);
  return hash;
}
