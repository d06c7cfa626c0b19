/**
 * Plaintexts of a program as slot vectors, with the error of their encoding where there is a noise model. What was
 * asked for last is kept, within a bound of memory.
 */
import type { HeModule } from '../he/module.ts';
import { type Plaintext, plaintextAt, plaintextRow, shortestPeriod } from '../he/plaintexts.ts';
import type { NoiseModel } from './noise.ts';

const cacheBytes = 1 << 26;

export class PlaintextSlots {
  private readonly module: Pick<HeModule, 'slots' | 'plaintexts' | 'packed'>;
  private readonly noise: NoiseModel | undefined;
  private readonly capacity: number;
  /** In the order of insertion: the first is the oldest. */
  private readonly cache = new Map<string, Float64Array>();

  constructor(module: Pick<HeModule, 'slots' | 'plaintexts' | 'packed'>, noise?: NoiseModel) {
    this.module = module;
    this.noise = noise;
    this.capacity = Math.max(1, Math.floor(cacheBytes / (8 * module.slots)));
  }

  /** Slots of plaintext `id` encoded at `scale`, which matters for the noise only. Not to be written to. */
  at(id: number, scale: number): Float64Array {
    const key = this.noise === undefined ? String(id) : `${id} ${scale}`;
    const known = this.cache.get(key);
    if (known !== undefined) return known;
    const slots = this.encode(plaintextAt(this.module.plaintexts, id), scale);
    for (const oldest of this.cache.keys()) {
      if (this.cache.size < this.capacity) break;
      this.cache.delete(oldest);
    }
    this.cache.set(key, slots);
    return slots;
  }

  private encode(plaintext: Plaintext, scale: number): Float64Array {
    const period = repeatEach(shortestPeriod(plaintextRow(this.module.packed, plaintext)), plaintext.inner);
    const { source, tile, inner } = plaintext;
    // A row of zeros has no rounding error.
    if (period.some((x) => x !== 0)) this.noise?.encode(period, scale, `${source} ${tile} ${inner}`);
    return fillShifted(period, plaintext.shift, new Float64Array(this.module.slots));
  }
}

/** A copy with every entry `inner` times; a single entry stays single. */
function repeatEach(row: Float64Array, inner: number): Float64Array {
  if (row.length === 1 || inner === 1) return row.slice();
  const repeated = new Float64Array(row.length * inner);
  for (let i = 0; i < row.length; i++) repeated.fill(row[i] ?? 0, i * inner, (i + 1) * inner);
  return repeated;
}

/** `target[s] = period[(s + shift) mod period.length]`. */
function fillShifted(period: Float64Array, shift: number, target: Float64Array): Float64Array {
  const length = period.length;
  const start = ((shift % length) + length) % length;
  target.set(period.subarray(start), 0);
  target.set(period.subarray(0, start), length - start);
  for (let filled = length; filled < target.length; filled *= 2) {
    target.copyWithin(filled, 0, Math.min(filled, target.length - filled));
  }
  return target;
}
