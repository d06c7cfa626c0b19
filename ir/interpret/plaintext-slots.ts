/**
 * Plaintexts of a program as slot vectors, with the error of their encoding where there is a noise model. What was
 * asked for first is kept, within a bound of memory: programs ask for the same ones in the same order, run after run.
 */
import type { Constant } from '../constant.ts';
import type { HeModule } from '../he/module.ts';
import {
  isComplexPlaintext,
  materialise,
  type Plaintext,
  plaintextAt,
  plaintextRow,
  shortestPeriod,
} from '../he/plaintexts.ts';
import { type NoiseModel, type NonZeros, nonZerosOf, waveDeviation } from './noise.ts';

const keptBytes = 1 << 26;

/** By packed constant and tile: predictions of many chains and keys ask for the same rows. */
const knownNonZeros = new WeakMap<Constant, Map<number, NonZeros>>();

export class PlaintextSlots {
  private readonly module: Pick<HeModule, 'slots' | 'plaintexts' | 'packed'>;
  private readonly noise: NoiseModel | undefined;
  private readonly capacity: number;
  private readonly kept = new Map<string, Float64Array>();
  private readonly rows = new Map<number, WholeRow | undefined>();
  /** For plaintexts that are not kept, and for one period of any. */
  private readonly passing: Float64Array;
  private readonly period: Float64Array;

  constructor(module: Pick<HeModule, 'slots' | 'plaintexts' | 'packed'>, noise?: NoiseModel) {
    this.module = module;
    this.noise = noise;
    this.capacity = Math.max(1, Math.floor(keptBytes / (8 * module.slots)));
    this.passing = new Float64Array(module.slots);
    this.period = new Float64Array(module.slots);
  }

  /** Imaginary parts of a complex plaintext, undefined for a real one. Not to be written to, and to be used before the next call. */
  imaginaryAt(id: number): Float64Array | undefined {
    const plaintext = plaintextAt(this.module.plaintexts, id);
    if (!isComplexPlaintext(this.module.packed, plaintext)) return undefined;
    materialise(this.module.packed, plaintext, this.period, 'imaginary');
    return this.period;
  }

  /**
   * Slots of plaintext `id` encoded at `scale`, which matters for the noise only; real parts where they are complex. Not to be written to, and to be used
   * before the next call.
   */
  at(id: number, scale: number): Float64Array {
    const key = this.noise === undefined ? String(id) : `${id} ${scale}`;
    const known = this.kept.get(key);
    if (known !== undefined) return known;
    const plaintext = plaintextAt(this.module.plaintexts, id);
    if (this.kept.size >= this.capacity) return this.encode(plaintext, scale, this.passing);
    const slots = this.encode(plaintext, scale, new Float64Array(this.module.slots));
    this.kept.set(key, slots);
    return slots;
  }

  /** Writes the product of `x` and plaintext `id` to `target`, slot by slot: as with `at`, but nothing is copied. */
  multiply(id: number, scale: number, x: Float64Array, target: Float64Array): void {
    const whole = this.wholeRow(id);
    if (whole === undefined || this.noise === undefined) {
      const factors = whole?.row ?? this.at(id, scale);
      for (let s = 0; s < target.length; s++) target[s] = (x[s] ?? 0) * (factors[s] ?? 0);
      return;
    }
    const { row } = whole;
    const { errors, deviation, held } = whole.roundingAt(scale, this.noise);
    for (let s = 0; s < target.length; s++) {
      const factor = row[s] ?? 0;
      target[s] = (x[s] ?? 0) * (factor + (factor === 0 ? deviation : held) * (errors[s] ?? 0));
    }
  }

  /** The row behind a real plaintext that has all slots in their order. */
  private wholeRow(id: number): WholeRow | undefined {
    if (this.rows.has(id)) return this.rows.get(id);
    const plaintext = plaintextAt(this.module.plaintexts, id);
    const { source, tile, shift, inner } = plaintext;
    const row = plaintextRow(this.module.packed, plaintext);
    const isWhole =
      !isComplexPlaintext(this.module.packed, plaintext) &&
      shift === 0 &&
      inner === 1 &&
      row.length === this.module.slots &&
      shortestPeriod(row).length === row.length;
    const constant = this.module.packed[source];
    const found =
      isWhole && constant !== undefined
        ? new WholeRow(row, `${source} ${tile} ${inner}`, () => nonZerosOfTile(constant, tile, row))
        : undefined;
    this.rows.set(id, found);
    return found;
  }

  private encode(plaintext: Plaintext, scale: number, target: Float64Array): Float64Array {
    // Complex ones are those of bootstraps, whose noise is not that of their roundings.
    if (isComplexPlaintext(this.module.packed, plaintext)) {
      materialise(this.module.packed, plaintext, target);
      return target;
    }
    const row = shortestPeriod(plaintextRow(this.module.packed, plaintext));
    const { source, tile, shift, inner } = plaintext;
    const period = repeatEach(row, inner, this.period);
    // A row of zeros has no rounding error.
    if (row.some((x) => x !== 0)) this.noise?.encode(period, scale, `${source} ${tile} ${inner}`);
    return fillShifted(period, shift, target);
  }
}

/** Errors of an encoding: `deviation` times each of `errors` where the row is zero, `held` times elsewhere. */
interface Rounding {
  readonly errors: Float64Array;
  readonly deviation: number;
  readonly held: number;
}

/** A row of as many entries as there are slots, none of them a repetition, and what encoding it at a scale adds. */
class WholeRow {
  readonly row: Float64Array;
  private readonly name: string;
  private readonly nonZeros: () => NonZeros;
  private readonly roundings = new Map<number, Rounding>();

  constructor(row: Float64Array, name: string, nonZeros: () => NonZeros) {
    this.row = row;
    this.name = name;
    this.nonZeros = nonZeros;
  }

  roundingAt(scale: number, noise: NoiseModel): Rounding {
    const known = this.roundings.get(scale);
    if (known !== undefined) return known;
    const { errors, deviation } = noise.encodingError(this.row.length, scale, this.name);
    const rounding = {
      errors,
      deviation,
      held: Math.hypot(deviation, waveDeviation(this.row, scale, this.nonZeros())),
    };
    this.roundings.set(scale, rounding);
    return rounding;
  }
}

/** Of `row`, which is one tile of a packed constant. */
function nonZerosOfTile(constant: Constant, tile: number, row: Float64Array): NonZeros {
  const ofTiles = knownNonZeros.get(constant) ?? new Map<number, NonZeros>();
  knownNonZeros.set(constant, ofTiles);
  const known = ofTiles.get(tile) ?? nonZerosOf(row);
  ofTiles.set(tile, known);
  return known;
}

/** Every entry `inner` times, at the beginning of `into`; a single entry stays single. */
function repeatEach(row: Float64Array, inner: number, into: Float64Array): Float64Array {
  const each = row.length === 1 ? 1 : inner;
  const repeated = into.subarray(0, row.length * each);
  if (each === 1) repeated.set(row);
  else for (let i = 0; i < row.length; i++) repeated.fill(row[i] ?? 0, i * each, (i + 1) * each);
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
