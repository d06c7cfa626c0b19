/** A row-major matrix as an affine map: its weights and nothing else. */
import { addMatrixProduct } from '../maths/matrix-rows.ts';
import type { AffineMap, RowBuffer } from './affine-map.ts';

export class DenseMap implements AffineMap {
  readonly rows: number;
  readonly columns: number;
  readonly longestRow: number;
  readonly weights: Float64Array;
  readonly bias: Float64Array;
  /** Columns that have weights, the first ones. */
  readonly width: number;
  /** Entries of each row, once they have been asked for. */
  private counted: Int32Array | undefined;

  /** `weights` are [rows, width]; `columns` are at least `width`. */
  constructor(weights: Float64Array, bias: Float64Array, columns = weights.length / bias.length) {
    this.rows = bias.length;
    this.columns = columns;
    this.width = weights.length / bias.length;
    this.longestRow = this.width;
    this.weights = weights;
    this.bias = bias;
  }

  get nonZeros(): number {
    return this.counts().reduce((sum, count) => sum + count, 0);
  }

  count(row: number): number {
    return this.counts()[row] ?? 0;
  }

  runStart(row: number): number {
    return this.count(row) === this.width ? 0 : -1;
  }

  readRow(row: number, { columns, weights }: RowBuffer): number {
    const first = row * this.width;
    let count = 0;
    for (let c = 0; c < this.width; c++) {
      if (this.weights[first + c] === 0) continue;
      columns[count] = c;
      weights[count++] = first + c;
    }
    return count;
  }

  private counts(): Int32Array {
    if (this.counted !== undefined) return this.counted;
    const { weights, width } = this;
    const counts = new Int32Array(this.rows);
    for (let r = 0; r < counts.length; r++) {
      let count = 0;
      const end = (r + 1) * width;
      for (let i = r * width; i < end; i++) if (weights[i] !== 0) count++;
      counts[r] = count;
    }
    this.counted = counts;
    return counts;
  }

  places(): number {
    return this.width;
  }

  find(row: number, column: number): number {
    return column < this.width && this.weights[row * this.width + column] !== 0 ? column : -1;
  }

  findAll(row: number, columns: Int32Array, places: Int32Array, found: Int32Array): void {
    const { weights, width } = this;
    const first = row * width;
    for (let k = 0; k < columns.length; k++) {
      const column = columns[k] ?? -1;
      const isEntry = column >= 0 && column < width && weights[first + column] !== 0;
      places[k] = isEntry ? column : -1;
      found[k] = first + column;
    }
  }

  weightAt(row: number, place: number): number {
    const index = row * this.width + place;
    return this.weights[index] === 0 ? -1 : index;
  }

  multiply(x: Float64Array): Float64Array {
    const y = new Float64Array(this.rows);
    addMatrixProduct(this.weights, this.width, x, y);
    return y;
  }

  isAlike(other: AffineMap): boolean {
    if (!(other instanceof DenseMap) || other.width !== this.width) return false;
    if (other.rows !== this.rows || other.columns !== this.columns || other.nonZeros !== this.nonZeros) return false;
    if (this.nonZeros === this.weights.length) return true;
    return this.weights.every((weight, i) => (weight === 0) === (other.weights[i] === 0));
  }

  widened(columns: number): DenseMap {
    return new DenseMap(this.weights, this.bias, columns);
  }
}
