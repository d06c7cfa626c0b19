/**
 * The tiles of neighbouring products while weights are placed in them: which weight stands in each slot of a period, or its
 * value. What a product reads of a matrix lies a row and a column apart from slot to slot, each a miss of the cache; the same
 * slot of its neighbours lies beside it. So several tiles are filled at once, slot by slot.
 */

/** Tiles that are filled at once: a line of the cache, or two, of each row. */
export const mostTogether = 8;

/** Words between tiles: at distances of a power of two they would compete for the same lines of the cache. */
const gap = 16;

export interface WeightTiles<T> {
  /** Puts a weight, by its index, into a slot of tile k. */
  put(k: number, slot: number, weight: number): void;
  /** Puts weight k into tile k where place k is not −1, and notes there 1 in `used`. */
  putAll(slot: number, places: Int32Array, weights: Int32Array, used: Uint8Array): void;
  /** Tile k: a view. */
  tile(k: number): T;
  /** Empties tile k. */
  clear(k: number): void;
}

/** Which weight: −1 for none. */
export class EntryTiles implements WeightTiles<Int32Array> {
  private readonly period: number;
  private readonly entries: Int32Array;

  constructor(period: number) {
    this.period = period;
    this.entries = new Int32Array(mostTogether * (period + gap)).fill(-1);
  }

  put(k: number, slot: number, weight: number): void {
    this.entries[k * (this.period + gap) + slot] = weight;
  }

  putAll(slot: number, places: Int32Array, weights: Int32Array, used: Uint8Array): void {
    const { entries, period } = this;
    for (let k = 0; k < places.length; k++) {
      if ((places[k] ?? -1) < 0) continue;
      used[k] = 1;
      entries[k * (period + gap) + slot] = weights[k] ?? -1;
    }
  }

  tile(k: number): Int32Array {
    const from = k * (this.period + gap);
    return this.entries.subarray(from, from + this.period);
  }

  clear(k: number): void {
    this.tile(k).fill(-1);
  }
}

/** The value of the weight times a factor: 0 for none. */
export class ValueTiles implements WeightTiles<Float64Array> {
  private readonly weightValues: Float64Array;
  private readonly factor: number;
  private readonly period: number;
  private readonly values: Float64Array;

  constructor(weightValues: Float64Array, factor: number, period: number) {
    this.weightValues = weightValues;
    this.factor = factor;
    this.period = period;
    this.values = new Float64Array(mostTogether * (period + gap));
  }

  put(k: number, slot: number, weight: number): void {
    this.values[k * (this.period + gap) + slot] = (this.weightValues[weight] ?? 0) * this.factor;
  }

  putAll(slot: number, places: Int32Array, weights: Int32Array, used: Uint8Array): void {
    const { weightValues, values, period, factor } = this;
    for (let k = 0; k < places.length; k++) {
      if ((places[k] ?? -1) < 0) continue;
      used[k] = 1;
      values[k * (period + gap) + slot] = (weightValues[weights[k] ?? -1] ?? 0) * factor;
    }
  }

  tile(k: number): Float64Array {
    const from = k * (this.period + gap);
    return this.values.subarray(from, from + this.period);
  }

  clear(k: number): void {
    this.tile(k).fill(0);
  }
}
