/**
 * Slots to plaintexts in the transformed domain, at any level: coefficients by the inverse embedding, then a limb for each
 * prime. The same polynomials as SEAL's encoder gives, but for roundings: both compute in doubles, and differ by one in a
 * few coefficients of 10^5 at a scale of 2^45, in hardly any below 2^40.
 *
 * Complex slots a + i b are two polynomials of real slots: X^(n/2) is i at the even slots and −i at the odd ones, for slot j is the value
 * at a root to the power 3^j, so that i b is X^(n/2) times the polynomial of the slots (−1)^j b_j.
 */
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import type { SimdContext } from './memory/context.ts';
import { extendedPrimes } from './memory/extended-layout.ts';
import { embeddingTableBytes } from './memory/embedding-tables.ts';
import { limbStride, type Value } from './memory/layout.ts';
import { share, type Team } from './team.ts';

/** What a plaintext is encoded for. */
export interface EncodingForm {
  readonly scale: number;
  /** Whether it is a factor of a product, which must not be zero. */
  readonly factor: boolean;
  /** Whether it has limbs of the special primes too, after the others (`extended-layout.ts`). */
  readonly extended: boolean;
}

type WriteSlots = (slots: Float64Array) => void;

/** Up to this a transform takes coefficients as they are. */
const largestOfTransform = 2 ** 48;
/** Of `reduce`: what one round takes, and by how much each further one extends that. */
const bitsOfRound = 50;
const bitsOfFurtherRound = 51;

/** Before each part of the work space: keeps equal elements of the parts in different sets of the cache. */
const stagger = 128;

/** Bytes of the work space of an encoder for degree `n`. */
function encoderWorkBytes(n: number): number {
  return workPlaces(0, n).end;
}

function workPlaces(address: number, n: number) {
  const slots = address + stagger;
  const work = slots + 4 * n + stagger;
  const coefficients = work + 8 * n + stagger;
  return { largest: address, slots, work, coefficients, end: coefficients + 8 * n };
}

/** The encoders of a member. */
export interface Encoders {
  /** For plaintexts that it encodes alone. */
  readonly own: Encoder;
  /** For those that all members encode together; of one member, its own. */
  readonly common: Encoder;
}

/** Bytes that the encoders of a team of `size` members take: the tables, which `fillEmbeddingTables` fills, come first. */
export function encodersBytes(n: number, size: number): number {
  return embeddingTableBytes(n) + workSpaces(size) * encoderWorkBytes(n);
}

function workSpaces(size: number): number {
  return size === 1 ? 1 : size + 1;
}

/** The encoders of one member, in the `encodersBytes` at `address` that all members have in common. */
export function openEncoders(context: SimdContext, address: number, { index, size }: Team): Encoders {
  const { n } = context;
  const first = address + embeddingTableBytes(n);
  const open = (k: number): Encoder => new Encoder(context, address, first + k * encoderWorkBytes(n));
  const own = open(index);
  return { own, common: size === 1 ? own : open(size) };
}

/**
 * An encoder in its work space. Members of a team that encode one plaintext together have one work space in common; one
 * who encodes alone needs its own.
 */
export class Encoder {
  private readonly context: SimdContext;
  private readonly tables: number;
  private readonly places: ReturnType<typeof workPlaces>;
  private readonly slots: Float64Array;
  private readonly coefficients: Float64Array;
  /** One number: the largest coefficient in absolute value, for all members. */
  private readonly largest: Float64Array;
  /** Coefficients of the imaginary parts, once there are any; of one member. */
  private imaginary: Float64Array | undefined;
  /** By level: half of the modulus. */
  private readonly limits: readonly number[];

  /**
   * @param tables filled by `fillEmbeddingTables`, or about to be
   * @param work the work space, a multiple of 16
   */
  constructor(context: SimdContext, tables: number, work: number) {
    const { memory, n, parameters } = context;
    this.context = context;
    this.tables = tables;
    this.places = workPlaces(work, n);
    this.slots = new Float64Array(memory.buffer, this.places.slots, n / 2);
    this.coefficients = new Float64Array(memory.buffer, this.places.coefficients, n);
    this.largest = new Float64Array(memory.buffer, this.places.largest, 1);
    let modulus = 1n;
    this.limits = parameters.primes.map((prime) => Number((modulus *= BigInt(prime))) / 2);
  }

  /**
   * Writes the limbs of `target`, a value of one polynomial, for the primes of its level. All members of the team call
   * it with the same arguments, and may read the plaintext when it returns. As SEAL refuses products that are zero
   * whatever the ciphertext, a factor whose coefficients all round to zero becomes the constant 1/scale, one unit in the
   * last place (`runtime/seal/library/level-encoder.ts`).
   *
   * Throws `InternalError` in every member where a coefficient is not below half of the modulus.
   * @param write fills all slots with real parts; called by one member
   * @param writeImaginary as `write`, where slots are complex
   */
  encode(
    team: Team,
    write: WriteSlots,
    { scale, factor, extended }: EncodingForm,
    target: Pick<Value, 'address' | 'level'>,
    writeImaginary?: WriteSlots,
  ): void {
    const { n, parameters, primes } = this.context;
    const { address, level } = target;
    if (team.index === 0) this.embed(scale, factor, write, writeImaginary);
    team.barrier();
    const largest = this.largest[0] ?? NaN;
    const limit = this.limits[level] ?? 0;
    if (!(largest < limit))
      throw new InternalError(
        `a plaintext at scale ${scale} has the coefficient ${largest}, level ${level} takes less than ${limit}`,
      );
    const count = extended ? extendedPrimes(parameters, level) : level + 1;
    share(team, count, (k) => {
      const prime = primes[k > level ? parameters.primes.length + k - level - 1 : k];
      if (prime === undefined) throw new InternalError(`no record for prime ${k}`);
      this.transform(address + k * limbStride(n), prime, largest);
    });
    team.barrier();
  }

  private embed(scale: number, factor: boolean, write: WriteSlots, writeImaginary?: WriteSlots): void {
    if (writeImaginary !== undefined) {
      writeImaginary(this.slots);
      for (let j = 1; j < this.slots.length; j += 2) this.slots[j] = -(this.slots[j] ?? 0);
      this.embedSlots(scale);
      this.imaginary ??= new Float64Array(this.coefficients.length);
      this.imaginary.set(this.coefficients);
    }
    write(this.slots);
    this.largest[0] = this.embedSlots(scale);
    if (writeImaginary !== undefined) this.largest[0] = this.addImaginary();
    if (!factor || this.largest[0] !== 0) return;
    this.coefficients[0] = 1;
    this.largest[0] = 1;
  }

  /** The largest coefficient. */
  private embedSlots(scale: number): number {
    const { kernels, n } = this.context;
    const { slots, work, coefficients } = this.places;
    return kernels.embed(slots, scale, this.tables, work, coefficients, n);
  }

  /** Adds X^(n/2) times the polynomial of the imaginary parts; the largest coefficient. */
  private addImaginary(): number {
    const { coefficients, imaginary } = this;
    if (imaginary === undefined) throw new InternalError('there are no imaginary parts');
    const half = coefficients.length / 2;
    let largest = 0;
    for (let k = 0; k < half; k++) {
      const low = (coefficients[k] ?? 0) - (imaginary[k + half] ?? 0);
      const high = (coefficients[k + half] ?? 0) + (imaginary[k] ?? 0);
      coefficients[k] = low;
      coefficients[k + half] = high;
      largest = Math.max(largest, Math.abs(low), Math.abs(high));
    }
    return largest;
  }

  private transform(limb: number, prime: number, largest: number): void {
    const { kernels } = this.context;
    const { coefficients } = this.places;
    if (largest <= largestOfTransform) {
      kernels.forwardFrom(coefficients, 0, limb, prime);
      return;
    }
    const further = Math.max(0, Math.ceil((Math.log2(largest) - bitsOfRound) / bitsOfFurtherRound));
    kernels.reduce(coefficients, limb, prime, 1 + further);
    kernels.forward(limb, prime);
  }
}
