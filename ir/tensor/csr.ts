/**
 * Affine maps in compressed rows, and the arithmetic on them that the compiler needs. In every map the columns of a row
 * ascend strictly and no stored value is zero.
 */
import { tooManyNonZeros, valuesOverflow } from '../diagnostics/compile.ts';
import { areFinite } from '../maths/finite.ts';
import { HepcError, InternalError, type NodeRef } from '../diagnostics/diagnostic.ts';
import { type AffineMap, applyMap, type RowBuffer, rowBuffer } from './affine-map.ts';

export class LinearMap implements AffineMap {
  readonly rows: number;
  readonly columns: number;
  /** The non-zeros of row r are entries starts[r] … starts[r + 1]. */
  readonly starts: Int32Array;
  /** The column of each non-zero. */
  readonly indices: Int32Array;
  readonly values: Float64Array;
  readonly bias: Float64Array;
  readonly longestRow: number;

  constructor({ rows, columns, starts, indices, values, bias }: CompressedRows) {
    this.rows = rows;
    this.columns = columns;
    this.starts = starts;
    this.indices = indices;
    this.values = values;
    this.bias = bias;
    let longest = 0;
    for (let r = 0; r < rows; r++) longest = Math.max(longest, (starts[r + 1] ?? 0) - (starts[r] ?? 0));
    this.longestRow = longest;
  }

  get nonZeros(): number {
    return this.values.length;
  }

  get weights(): Float64Array {
    return this.values;
  }

  count(row: number): number {
    return (this.starts[row + 1] ?? 0) - (this.starts[row] ?? 0);
  }

  runStart(row: number): number {
    const first = this.starts[row] ?? 0;
    const end = this.starts[row + 1] ?? 0;
    const start = this.indices[first] ?? 0;
    return end > first && (this.indices[end - 1] ?? 0) - start === end - 1 - first ? start : -1;
  }

  readRow(row: number, { columns, weights }: RowBuffer): number {
    const first = this.starts[row] ?? 0;
    const count = (this.starts[row + 1] ?? 0) - first;
    for (let k = 0; k < count; k++) {
      columns[k] = this.indices[first + k] ?? 0;
      weights[k] = first + k;
    }
    return count;
  }

  places(row: number): number {
    return this.count(row);
  }

  find(row: number, column: number): number {
    const { indices } = this;
    const first = this.starts[row] ?? 0;
    let low = first;
    let high = (this.starts[row + 1] ?? 0) - 1;
    // Rows without gaps, the common case, need no search.
    const guess = low + column - (indices[low] ?? 0);
    if (guess >= low && guess <= high && indices[guess] === column) return guess - first;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = indices[middle] ?? 0;
      if (found === column) return middle - first;
      if (found < column) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  findAll(row: number, columns: Int32Array, places: Int32Array, weights: Int32Array): void {
    for (let k = 0; k < columns.length; k++) {
      const column = columns[k] ?? -1;
      const place = column < 0 ? -1 : this.find(row, column);
      places[k] = place;
      weights[k] = place < 0 ? -1 : this.weightAt(row, place);
    }
  }

  weightAt(row: number, place: number): number {
    return (this.starts[row] ?? 0) + place;
  }

  multiply(x: Float64Array): Float64Array {
    const { starts, indices, values } = this;
    const y = new Float64Array(this.rows);
    for (let r = 0; r < y.length; r++) {
      let sum = 0;
      const end = starts[r + 1] ?? 0;
      for (let i = starts[r] ?? 0; i < end; i++) sum += (values[i] ?? 0) * (x[indices[i] ?? 0] ?? 0);
      y[r] = sum;
    }
    return y;
  }

  isAlike(other: AffineMap): boolean {
    return (
      other instanceof LinearMap &&
      other.rows === this.rows &&
      other.columns === this.columns &&
      isEqual(other.starts, this.starts) &&
      isEqual(other.indices, this.indices)
    );
  }

  widened(columns: number): LinearMap {
    const { rows, starts, indices, values, bias } = this;
    return new LinearMap({ rows, columns, starts, indices, values, bias });
  }
}

/** What a `LinearMap` is made of. */
export type CompressedRows = Pick<LinearMap, 'rows' | 'columns' | 'starts' | 'indices' | 'values' | 'bias'>;

/** Any map in compressed rows. Throws `HepcError` (H310) where it has more than `maxNonZeros` entries. */
export function expanded(map: AffineMap, origins: readonly NodeRef[] = []): LinearMap {
  if (map instanceof LinearMap) return map;
  const { rows, columns, nonZeros, weights } = map;
  if (nonZeros > maxNonZeros)
    throw new HepcError([tooManyNonZeros({ rows, columns, limit: maxNonZeros }, { nodes: origins })]);
  const starts = new Int32Array(rows + 1);
  const indices = new Int32Array(nonZeros);
  const values = new Float64Array(nonZeros);
  const buffer = rowBuffer(map);
  let at = 0;
  for (let r = 0; r < rows; r++) {
    const count = map.readRow(r, buffer);
    for (let k = 0; k < count; k++) {
      indices[at] = buffer.columns[k] ?? 0;
      values[at++] = weights[buffer.weights[k] ?? 0] ?? 0;
    }
    starts[r + 1] = at;
  }
  return new LinearMap({ rows, columns, starts, indices, values, bias: map.bias });
}

/** Most non-zeros that a map may have: 768 MiB of values and columns. More is refused with H310. */
export const maxNonZeros = 2 ** 26;

/** Weights do not change, and are looked through for every layout that is lowered. */
const largest = new WeakMap<Float64Array, number>();

/** The largest absolute weight; not finite where one is not. */
function largestOf(weights: Float64Array): number {
  let most = largest.get(weights);
  if (most !== undefined) return most;
  most = 0;
  for (let i = 0; i < weights.length; i++) {
    const size = Math.abs(weights[i] ?? 0);
    if (!(size <= most)) most = size;
    if (Number.isNaN(size)) break;
  }
  largest.set(weights, most);
  return most;
}

/**
 * Throws `HepcError` (H336) where weights, or their products with `factor`, overflow, as products and sums of finite ones
 * may. The diagnostic names `origins`.
 */
export function checkFiniteMap(
  { weights, bias }: Pick<AffineMap, 'weights' | 'bias'>,
  origins: readonly NodeRef[],
  factor = 1,
): void {
  if (!areFinite(bias) || !Number.isFinite(largestOf(weights) * factor))
    throw new HepcError([valuesOverflow({}, { nodes: origins })]);
}

/**
 * Writes a map row by row, columns ascending. Zeros are dropped.
 * Throws `HepcError` (H310) as soon as there are more than `maxNonZeros` entries.
 */
export class RowWriter {
  private readonly rows: number;
  private readonly columns: number;
  private readonly starts: Int32Array;
  private indices: Int32Array;
  private values: Float64Array;
  private count = 0;
  private row = 0;

  constructor(rows: number, columns: number, expectedNonZeros = 4 * rows) {
    this.rows = rows;
    this.columns = columns;
    this.starts = new Int32Array(rows + 1);
    const capacity = Math.max(16, Math.min(expectedNonZeros, maxNonZeros));
    this.indices = new Int32Array(capacity);
    this.values = new Float64Array(capacity);
  }

  /** Entries written so far. */
  get nonZeros(): number {
    return this.count;
  }

  push(column: number, value: number): void {
    if (value === 0) return;
    if (this.count === this.indices.length) this.grow();
    this.indices[this.count] = column;
    this.values[this.count++] = value;
  }

  endRow(): void {
    this.starts[++this.row] = this.count;
  }

  finish(bias: Float64Array): LinearMap {
    if (this.row !== this.rows || bias.length !== this.rows) {
      throw new InternalError(`a map of ${this.rows} rows got ${this.row} rows and ${bias.length} biases`);
    }
    const { rows, columns, starts, count } = this;
    const exact = count === this.indices.length;
    const indices = exact ? this.indices : this.indices.slice(0, count);
    const values = exact ? this.values : this.values.slice(0, count);
    return new LinearMap({ rows, columns, starts, indices, values, bias });
  }

  private grow(): void {
    if (this.count >= maxNonZeros) {
      throw new HepcError([tooManyNonZeros({ rows: this.rows, columns: this.columns, limit: maxNonZeros })]);
    }
    const capacity = Math.min(2 * this.count, maxNonZeros);
    const indices = new Int32Array(capacity);
    indices.set(this.indices);
    this.indices = indices;
    const values = new Float64Array(capacity);
    values.set(this.values);
    this.values = values;
  }
}

/**
 * One dense row that is added to in any order and read back in ascending columns (Gustavson 1978, Two fast
 * algorithms for sparse matrices): reading and clearing cost the touched columns, not the width.
 */
class RowAccumulator {
  private readonly sums: Float64Array;
  private readonly touched: Uint8Array;
  private readonly columns: Int32Array;
  private count = 0;

  constructor(width: number) {
    this.sums = new Float64Array(width);
    this.touched = new Uint8Array(width);
    this.columns = new Int32Array(width);
  }

  get touchedColumns(): number {
    return this.count;
  }

  add(column: number, value: number): void {
    if (this.touched[column] === 0) {
      this.touched[column] = 1;
      this.columns[this.count++] = column;
    }
    this.sums[column] = (this.sums[column] ?? 0) + value;
  }

  /** Writes the row and starts the next one. */
  flush(writer: RowWriter): void {
    const width = this.sums.length;
    // Sorting costs count · log(count); where most columns are touched a scan is cheaper.
    if (this.count * 8 > width) {
      for (let column = 0; column < width; column++) this.take(column, writer);
    } else {
      const columns = this.columns.subarray(0, this.count).sort();
      for (const column of columns) this.take(column, writer);
    }
    this.count = 0;
    writer.endRow();
  }

  private take(column: number, writer: RowWriter): void {
    if (this.touched[column] === 0) return;
    writer.push(column, this.sums[column] ?? 0);
    this.sums[column] = 0;
    this.touched[column] = 0;
  }
}

/** y = x for n elements. */
export function identityMap(n: number): LinearMap {
  const starts = Int32Array.from({ length: n + 1 }, (_, i) => i);
  return new LinearMap({
    rows: n,
    columns: n,
    starts,
    indices: starts.slice(0, n),
    values: new Float64Array(n).fill(1),
    bias: new Float64Array(n),
  });
}

/** The map x ↦ outer(inner(x)). Throws `HepcError` (H310) where it has too many non-zeros. */
export function compose(outer: LinearMap, inner: LinearMap): LinearMap {
  const map = composeWithin(outer, inner, maxNonZeros);
  if (map === undefined) {
    throw new HepcError([tooManyNonZeros({ rows: outer.rows, columns: inner.columns, limit: maxNonZeros })]);
  }
  return map;
}

/** The map x ↦ outer(inner(x)), or undefined as soon as it has more than `most` non-zeros. */
export function composeWithin(outer: LinearMap, inner: LinearMap, most: number): LinearMap | undefined {
  if (outer.columns !== inner.rows) {
    throw new InternalError(`a map of ${outer.columns} columns after one of ${inner.rows} rows`);
  }
  const limit = Math.min(most, maxNonZeros);
  const writer = new RowWriter(outer.rows, inner.columns);
  const row = new RowAccumulator(inner.columns);
  for (let r = 0; r < outer.rows; r++) {
    const end = outer.starts[r + 1] ?? 0;
    for (let i = outer.starts[r] ?? 0; i < end; i++) {
      addRow(row, inner, outer.indices[i] ?? 0, outer.values[i] ?? 0, 0);
    }
    if (writer.nonZeros + row.touchedColumns > limit) return undefined;
    row.flush(writer);
  }
  return writer.finish(applyMap(outer, inner.bias));
}

/** Products of two weights that `compose` computes. */
export function composeWork(outer: LinearMap, inner: LinearMap): number {
  let products = 0;
  for (const middle of outer.indices) products += (inner.starts[middle + 1] ?? 0) - (inner.starts[middle] ?? 0);
  return products;
}

/**
 * The map of a concatenation: x₀, x₁, … one after another ↦ Σ maps[k](x_k). All have equally many rows.
 * With `columnOffsets` the operands stand where the caller says; equal offsets mean the same operand.
 */
export function sumMaps(maps: readonly LinearMap[], columnOffsets: readonly number[], columns: number): LinearMap {
  const rows = maps[0]?.rows ?? 0;
  if (maps.some((map) => map.rows !== rows)) throw new InternalError('maps of different rows are summed');
  const writer = new RowWriter(
    rows,
    columns,
    maps.reduce((sum, map) => sum + map.values.length, 0),
  );
  const row = new RowAccumulator(columns);
  const bias = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    for (const [k, map] of maps.entries()) {
      addRow(row, map, r, 1, columnOffsets[k] ?? 0);
      bias[r] = (bias[r] ?? 0) + (map.bias[r] ?? 0);
    }
    row.flush(writer);
  }
  return writer.finish(bias);
}

/** The same map with columns ascending, duplicates summed and zeros dropped, from rows in any state. */
export function canonicalRows(rows: CompressedRows): LinearMap {
  const map = new LinearMap(rows);
  return isCanonical(map) ? map : sumMaps([map], [0], map.columns);
}

/** The matrix of the map, row-major, zeros included. The caller bounds rows · columns. */
export function denseMatrix(map: LinearMap): Float64Array {
  const matrix = new Float64Array(map.rows * map.columns);
  for (let r = 0; r < map.rows; r++) {
    const end = map.starts[r + 1] ?? 0;
    for (let i = map.starts[r] ?? 0; i < end; i++) {
      matrix[r * map.columns + (map.indices[i] ?? 0)] = map.values[i] ?? 0;
    }
  }
  return matrix;
}

/** Whether the map only drops, repeats, reorders and scales elements: at most one non-zero in a row. */
export function isSelection(map: LinearMap): boolean {
  for (let r = 0; r < map.rows; r++) if ((map.starts[r + 1] ?? 0) - (map.starts[r] ?? 0) > 1) return false;
  return true;
}

function addRow(into: RowAccumulator, map: LinearMap, row: number, factor: number, offset: number): void {
  const end = map.starts[row + 1] ?? 0;
  for (let i = map.starts[row] ?? 0; i < end; i++) {
    into.add(offset + (map.indices[i] ?? 0), factor * (map.values[i] ?? 0));
  }
}

function isCanonical({ rows, starts, indices, values }: LinearMap): boolean {
  for (let r = 0; r < rows; r++) {
    const end = starts[r + 1] ?? 0;
    for (let i = (starts[r] ?? 0) + 1; i < end; i++) if ((indices[i] ?? 0) <= (indices[i - 1] ?? 0)) return false;
  }
  return !values.includes(0);
}

function isEqual(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i]);
}
