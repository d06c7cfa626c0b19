/**
 * Affine maps y = A x + b whose entries are asked for row by row, so that a map takes the memory of its weights, however
 * many entries it has: a convolution uses each of its weights at every position.
 *
 * Entries that are zero are no entries. Maps are never changed once made; they share arrays with the constants of modules.
 */
import { InternalError } from '../diagnostics/diagnostic.ts';

/** Where `readRow` writes: the column of each entry, ascending, and the weight that it is. */
export interface RowBuffer {
  readonly columns: Int32Array;
  readonly weights: Int32Array;
}

export interface AffineMap {
  readonly rows: number;
  readonly columns: number;
  readonly nonZeros: number;
  /** No row has more entries. */
  readonly longestRow: number;
  /** What entries refer to; several may be the same weight. */
  readonly weights: Float64Array;
  /** One value for each row. */
  readonly bias: Float64Array;
  /** Entries of a row. */
  count(row: number): number;
  /** Of a row whose entries have no gap between them the first column; −1 for any other. */
  runStart(row: number): number;
  /** Writes the entries of a row from the beginning of `into`, which has room for `longestRow`, and returns their number. */
  readRow(row: number, into: RowBuffer): number;
  /** Entries of a row have places below this, which need not be without gaps. */
  places(row: number): number;
  /** The place of the entry of `row` in `column`; −1 where there is none. */
  find(row: number, column: number): number;
  /** Writes to `places` what `find` gives for each of the columns, −1 for −1, and to `weights` the weights there. */
  findAll(row: number, columns: Int32Array, places: Int32Array, weights: Int32Array): void;
  /** The weight at a place of a row; −1 where no entry has it. */
  weightAt(row: number, place: number): number;
  /** A x, without b. */
  multiply(x: Float64Array): Float64Array;
  /** Whether `other` has its entries at the same places and takes operands of the same size. */
  isAlike(other: AffineMap): boolean;
  /** The same map on `columns` elements, of which it does not read those that are new. */
  widened(columns: number): AffineMap;
}

/** With room for the rows of `map`. */
export function rowBuffer({ longestRow }: AffineMap): RowBuffer {
  return { columns: new Int32Array(longestRow), weights: new Int32Array(longestRow) };
}

/** A x + b. Throws `InternalError` where x has not as many elements as the map has columns. */
export function applyMap(map: AffineMap, x: Float64Array): Float64Array {
  if (x.length !== map.columns) throw new InternalError(`a map of ${map.columns} columns got ${x.length} elements`);
  const y = map.multiply(x);
  for (let r = 0; r < y.length; r++) y[r] = (y[r] ?? 0) + (map.bias[r] ?? 0);
  return y;
}
