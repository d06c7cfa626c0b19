/**
 * Which values go from one worker to others, and through which region of shared memory.
 *
 * A region is taken again by a later value once all readers of the earlier one have read it. Every wait, of a reader
 * for a value and of a writer for a region, is for a row that stands earlier in the plan; as each worker runs its rows
 * in plan order, the earliest unfinished row never waits, so there is no deadlock.
 */
import type { HeColumns } from '../../../ir/he/module.ts';
import { usesValueA, usesValueB } from '../../../ir/he/traits.ts';
import { savedCiphertextBytes } from '../../seal/bytes/saved-format.ts';

export interface ExchangePlan {
  /** By value: its number among the transfers, −1 where it stays in its worker. */
  readonly transferOf: Int32Array;
  /** By transfer: where its region begins, and its bytes. */
  readonly offset: Float64Array;
  readonly size: Float64Array;
  /** By transfer: workers that read it. */
  readonly readers: Int32Array;
  /** By transfer: the earlier one in the same region, −1 for none. */
  readonly previous: Int32Array;
  readonly totalBytes: number;
}

/** Of a program where nothing is handed over. */
export const noTransfers: ExchangePlan = {
  transferOf: new Int32Array(),
  offset: new Float64Array(),
  size: new Float64Array(),
  readers: new Int32Array(),
  previous: new Int32Array(),
  totalBytes: 0,
};

interface Transfer {
  readonly value: number;
  readers: number;
  /** The row at which the last of the readers reads it first. */
  readAt: number;
}

export function planExchange(columns: HeColumns, workerOf: Uint8Array, degree: number): ExchangePlan {
  const transfers = collectTransfers(columns, workerOf);
  const transferOf = new Int32Array(columns.op.length).fill(-1);
  const count = transfers.length;
  const offset = new Float64Array(count);
  const size = new Float64Array(count);
  const readers = new Int32Array(count);
  const previous = new Int32Array(count).fill(-1);
  /** By size: the last transfer in each region. */
  const regions = new Map<number, number[]>();
  let totalBytes = 0;
  transfers.forEach((transfer, t) => {
    const { value } = transfer;
    const bytes = savedCiphertextBytes(degree, (columns.level[value] ?? 0) + 1, columns.size[value] ?? 0);
    transferOf[value] = t;
    size[t] = bytes;
    readers[t] = transfer.readers;
    const candidates = regions.get(bytes) ?? [];
    regions.set(bytes, candidates);
    const free = candidates.findIndex((last) => (transfers[last]?.readAt ?? Infinity) < value);
    const last = candidates[free];
    if (last === undefined) {
      offset[t] = totalBytes;
      totalBytes += bytes;
      candidates.push(t);
    } else {
      offset[t] = offset[last] ?? 0;
      previous[t] = last;
      candidates[free] = t;
    }
  });
  return { transferOf, offset, size, readers, previous, totalBytes };
}

/** In the order of the rows that compute the values. */
function collectTransfers({ op, a, b }: HeColumns, workerOf: Uint8Array): Transfer[] {
  const seen = new Set<number>();
  const transfers = new Map<number, Transfer>();
  const workers = 256;
  const note = (value: number, row: number): void => {
    const reader = workerOf[row] ?? 0;
    if (workerOf[value] === reader) return;
    const key = value * workers + reader;
    if (seen.has(key)) return;
    seen.add(key);
    const transfer = transfers.get(value) ?? { value, readers: 0, readAt: row };
    transfer.readers++;
    transfer.readAt = row;
    transfers.set(value, transfer);
  };
  for (let row = 0; row < op.length; row++) {
    const code = op[row] ?? 0;
    if (usesValueA(code)) note(a[row] ?? 0, row);
    if (usesValueB(code)) note(b[row] ?? 0, row);
  }
  return [...transfers.values()].sort((x, y) => x.value - y.value);
}
