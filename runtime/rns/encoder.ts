/**
 * Slots to plaintexts in the transformed domain, at any level: coefficients by the inverse embedding, then a limb for each
 * prime. The same polynomials as SEAL's encoder gives, but for roundings: both compute in doubles, and differ by one in a
 * few coefficients of 10^5 at a scale of 2^45, in hardly any below 2^40.
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
   * @param write fills all slots; called by one member
   */
  encode(
    team: Team,
    write: (slots: Float64Array) => void,
    { scale, factor, extended }: EncodingForm,
    target: Pick<Value, 'address' | 'level'>,
  ): void {
    const { n, parameters, primes } = this.context;
    const { address, level } = target;
    if (team.index === 0) this.embed(write, scale, factor);
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

  private embed(write: (slots: Float64Array) => void, scale: number, factor: boolean): void {
    const { kernels, n } = this.context;
    const { slots, work, coefficients } = this.places;
    write(this.slots);
    this.largest[0] = kernels.embed(slots, scale, this.tables, work, coefficients, n);
    if (!factor || this.largest[0] !== 0) return;
    this.coefficients[0] = 1;
    this.largest[0] = 1;
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
