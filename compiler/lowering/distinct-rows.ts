/**
 * Rows of doubles, each kept once: tiles of weights that a program multiplies by in several places. They come in blocks, so
 * that neither here nor where they are written all of them have to be copied at once.
 */
import { Constant } from '../../ir/constant.ts';

/** Values of a block: 8 MiB. */
const blockValues = 2 ** 20;

const firstRows = 4;

/** Where a row is. */
export interface RowPlace {
  readonly block: number;
  readonly row: number;
}

export class DistinctRows {
  private readonly period: number;
  private readonly rowsOfBlock: number;
  private readonly blocks: Float64Array[] = [];
  private readonly byHash = new Map<number, number[]>();
  private count = 0;

  /** @param period the length of every row. */
  constructor(period: number) {
    this.period = period;
    this.rowsOfBlock = Math.max(1, Math.floor(blockValues / period));
  }

  /** The place of the row, which is copied where it is new. */
  add(row: Float64Array): RowPlace {
    const hash = hashOf(row);
    const alike = this.byHash.get(hash);
    const known = alike?.find((index) => isEqual(this.at(index), row));
    if (known !== undefined) return this.placeOf(known);
    const index = this.count++;
    if (alike === undefined) this.byHash.set(hash, [index]);
    else alike.push(index);
    this.room(index).set(row);
    return this.placeOf(index);
  }

  /** The blocks as matrices, in order. */
  finish(): Constant[] {
    return this.blocks.map((block, k) => {
      const rows = Math.min(this.rowsOfBlock, this.count - k * this.rowsOfBlock);
      const values = rows * this.period;
      return new Constant([rows, this.period], block.length === values ? block : block.slice(0, values));
    });
  }

  private placeOf(index: number): RowPlace {
    const block = Math.floor(index / this.rowsOfBlock);
    return { block, row: index - block * this.rowsOfBlock };
  }

  private at(index: number): Float64Array {
    const { block, row } = this.placeOf(index);
    return (this.blocks[block] ?? new Float64Array()).subarray(row * this.period, (row + 1) * this.period);
  }

  /** As `at`, for the next row: the block is made, or made larger, where it is full. */
  private room(index: number): Float64Array {
    const { block, row } = this.placeOf(index);
    const before = this.blocks[block];
    const size = before === undefined ? 0 : before.length / this.period;
    if (before === undefined || row >= size) {
      // Whoever has filled a block will fill another one.
      const rows = block > 0 ? this.rowsOfBlock : Math.min(this.rowsOfBlock, Math.max(firstRows, 2 * size));
      const larger = new Float64Array(rows * this.period);
      if (before !== undefined) larger.set(before);
      this.blocks[block] = larger;
    }
    return this.at(index);
  }
}

function isEqual(a: Float64Array, b: Float64Array): boolean {
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function hashOf(row: Float64Array): number {
  const words = new Int32Array(row.buffer, row.byteOffset, 2 * row.length);
  let hash = 0;
  for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ (words[i] ?? 0), 0x01000193);
  return hash;
}
