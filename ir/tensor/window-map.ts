/** A convolution as an affine map: its weights, and which elements of a channel the taps of every position read. */
import type { AffineMap, RowBuffer } from './affine-map.ts';
import { convolve, type Windows } from '../maths/convolve.ts';

/**
 * Row (o · positions + position) has for channel c of the group of o and each tap that reads an element the entry in
 * column (c · channelElements + element), of the weight [o, c, tap]. The place of an entry in its row is c · taps + tap.
 */
export class WindowMap implements AffineMap {
  readonly rows: number;
  readonly columns: number;
  readonly nonZeros: number;
  readonly longestRow: number;
  readonly weights: Float64Array;
  readonly bias: Float64Array;
  readonly windows: Windows;
  readonly positions: number;
  readonly outputs: number;
  /** Input channels of a group. */
  readonly perGroup: number;
  /** Taps of position p that read something are entries first[p] … first[p + 1] of `elements` and `tapOf`. */
  private readonly first: Int32Array;
  private readonly elements: Int32Array;
  private readonly tapOf: Int32Array;
  /** Of output o and tap t, how many channels have a weight there: entry [o · taps + t]. */
  private readonly channelsAt: Int32Array;

  /** `weights` are [outputs, channels of a group, taps], `bias` has one value for each row. */
  constructor(weights: Float64Array, bias: Float64Array, perGroup: number, windows: Windows, columns: number) {
    const { source, taps } = windows;
    this.rows = bias.length;
    this.columns = columns;
    this.weights = weights;
    this.bias = bias;
    this.windows = windows;
    this.perGroup = perGroup;
    this.positions = source.length / taps;
    this.outputs = weights.length / (perGroup * taps);
    this.longestRow = perGroup * taps;
    const { first, elements, tapOf } = readingTaps(windows);
    [this.first, this.elements, this.tapOf] = [first, elements, tapOf];
    this.channelsAt = channelCounts(weights, this.outputs, perGroup, taps);
    const positionsAt = new Float64Array(taps);
    for (const tap of tapOf) positionsAt[tap] = (positionsAt[tap] ?? 0) + 1;
    this.nonZeros = this.channelsAt.reduce((sum, channels, i) => sum + channels * (positionsAt[i % taps] ?? 0), 0);
  }

  /** The first input channel that output channel o reads. */
  firstChannel(o: number): number {
    return Math.floor((o * this.windows.groups) / this.outputs) * this.perGroup;
  }

  count(row: number): number {
    const o = Math.floor(row / this.positions);
    const position = row - o * this.positions;
    const at = o * this.windows.taps;
    let count = 0;
    const end = this.first[position + 1] ?? 0;
    for (let i = this.first[position] ?? 0; i < end; i++) count += this.channelsAt[at + (this.tapOf[i] ?? 0)] ?? 0;
    return count;
  }

  /** Rows of a convolution are no runs, but for such as have a single entry. */
  runStart(): number {
    return -1;
  }

  readRow(row: number, { columns, weights }: RowBuffer): number {
    const { taps, channelElements } = this.windows;
    const o = Math.floor(row / this.positions);
    const position = row - o * this.positions;
    const from = this.first[position] ?? 0;
    const end = this.first[position + 1] ?? 0;
    const firstChannel = this.firstChannel(o);
    let count = 0;
    for (let channel = 0; channel < this.perGroup; channel++) {
      const offset = (firstChannel + channel) * channelElements;
      const weight = (o * this.perGroup + channel) * taps;
      for (let i = from; i < end; i++) {
        const index = weight + (this.tapOf[i] ?? 0);
        if (this.weights[index] === 0) continue;
        columns[count] = offset + (this.elements[i] ?? 0);
        weights[count++] = index;
      }
    }
    return count;
  }

  places(): number {
    return this.longestRow;
  }

  find(row: number, column: number): number {
    const { taps, channelElements } = this.windows;
    const o = Math.floor(row / this.positions);
    const position = row - o * this.positions;
    const channel = Math.floor(column / channelElements);
    const own = channel - this.firstChannel(o);
    if (own < 0 || own >= this.perGroup) return -1;
    const element = column - channel * channelElements;
    let low = this.first[position] ?? 0;
    let high = (this.first[position + 1] ?? 0) - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.elements[middle] ?? 0;
      if (found === element) {
        const place = own * taps + (this.tapOf[middle] ?? 0);
        return this.weights[o * this.longestRow + place] === 0 ? -1 : place;
      }
      if (found < element) low = middle + 1;
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
    const { source, taps } = this.windows;
    const o = Math.floor(row / this.positions);
    const position = row - o * this.positions;
    const index = o * this.longestRow + place;
    return this.weights[index] === 0 || (source[position * taps + (place % taps)] ?? -1) < 0 ? -1 : index;
  }

  multiply(x: Float64Array): Float64Array {
    const y = new Float64Array(this.rows);
    convolve(this.weights, this.windows, x, y);
    return y;
  }

  isAlike(other: AffineMap): boolean {
    if (!(other instanceof WindowMap) || other.columns !== this.columns || other.nonZeros !== this.nonZeros)
      return false;
    const { taps, groups, channelElements, source } = this.windows;
    const theirs = other.windows;
    return (
      other.weights.length === this.weights.length &&
      other.perGroup === this.perGroup &&
      theirs.taps === taps &&
      theirs.groups === groups &&
      theirs.channelElements === channelElements &&
      theirs.source.length === source.length &&
      source.every((element, i) => theirs.source[i] === element) &&
      this.weights.every((weight, i) => (weight === 0) === (other.weights[i] === 0))
    );
  }

  widened(columns: number): WindowMap {
    return new WindowMap(this.weights, this.bias, this.perGroup, this.windows, columns);
  }
}

function readingTaps({ source, taps }: Windows): { first: Int32Array; elements: Int32Array; tapOf: Int32Array } {
  const positions = source.length / taps;
  const first = new Int32Array(positions + 1);
  const elements = new Int32Array(source.length);
  const tapOf = new Int32Array(source.length);
  let count = 0;
  for (let position = 0; position < positions; position++) {
    for (let tap = 0; tap < taps; tap++) {
      const element = source[position * taps + tap] ?? -1;
      if (element < 0) continue;
      elements[count] = element;
      tapOf[count++] = tap;
    }
    first[position + 1] = count;
  }
  return { first, elements: elements.subarray(0, count), tapOf: tapOf.subarray(0, count) };
}

function channelCounts(weights: Float64Array, outputs: number, perGroup: number, taps: number): Int32Array {
  const counts = new Int32Array(outputs * taps);
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue;
    const at = Math.floor(i / (perGroup * taps)) * taps + (i % taps);
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}
