/**
 * The kernels for one thread's cryptography: an instance with a memory of its own, whose size follows from the parameters,
 * and what lies where in it. Secrets are in it; it is overwritten when it is closed.
 */
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { allPrimes, type Parameters } from '../../ir/parameters.ts';
import { UnfitError } from '../base/fallback.ts';
import { type Encoder, encodersBytes, openEncoders } from '../rns/encoder.ts';
import { compileOwnKernels, createOwnMemory, instantiate, pageBytes } from '../rns/kernels/module.ts';
import { addressBytes, writeAddresses } from '../rns/memory/addresses.ts';
import { contextBytes, fillContext, openContext, type SimdContext } from '../rns/memory/context.ts';
import { fillEmbeddingTables } from '../rns/memory/embedding-tables.ts';
import { limbStride } from '../rns/memory/layout.ts';
import { describeUnfitness, selfCheckBytes } from '../rns/memory/self-check.ts';
import { alone } from '../rns/team.ts';
import { refuseByPolicy } from '../seal/library/policy.ts';
import { streamSeedBytes } from './key-format.ts';
import { freshBytes } from './randomness/fresh-bytes.ts';

/** What `expandSeed` and `expandUniform` work in. */
const expansionBytes = 8192;
/** Of a seed, of either kind. */
const seedRoomBytes = 64;

/** Limbs of all primes that a room has, each of a kind that `Places` names, and further ones. */
const setsOfLimbs = 5;
const furtherLimbs = 4;

/** Addresses. Each set of limbs has one for every prime of the parameters, `limbStride` apart. */
interface Places {
  readonly seed: number;
  /** Of the records of all primes, as `expandSeed` takes them. */
  readonly words: number;
  readonly work: number;
  /** The secret key of a cipher. */
  readonly secret: number;
  /** The public key of a cipher takes the place of a secret key, and of `switched`. */
  readonly made: number;
  /** What an evaluation key switches from. */
  readonly switched: number;
  /** The limbs of a plaintext or of a polynomial of a ciphertext. */
  readonly value: number;
  /** Residues of 64 bits of all primes, without gaps. */
  readonly residues: number;
  /** Limbs one by one. */
  readonly further: readonly number[];
  readonly end: number;
}

function placesIn(parameters: Parameters): Places {
  const { polyModulusDegree: n } = parameters;
  const count = allPrimes(parameters).length;
  const seed = pageBytes + contextBytes(parameters) + encodersBytes(n, 1);
  const words = seed + seedRoomBytes;
  const work = words + 2 * addressBytes * Math.ceil(count / 2);
  const first = work + expansionBytes;
  const set = (k: number): number => first + k * count * limbStride(n);
  const [secret = 0, made = 0, switched = 0, value = 0, residues = 0, last = 0] = Array.from(
    { length: setsOfLimbs + 1 },
    (_, k) => set(k),
  );
  const further = Array.from({ length: furtherLimbs }, (_, k) => last + k * limbStride(n));
  return {
    seed,
    words,
    work,
    secret,
    made,
    switched,
    value,
    residues,
    further,
    end: last + furtherLimbs * limbStride(n),
  };
}

/** Bytes of the memory of a room. */
function roomBytes(parameters: Parameters): number {
  return Math.max(placesIn(parameters).end, placesIn(parameters).secret + selfCheckBytes(parameters.polyModulusDegree));
}

export class KernelRoom {
  readonly context: SimdContext;
  readonly encoder: Encoder;
  readonly places: Places;
  /** All of the memory. */
  readonly bytes: Uint8Array;
  /** Whoever filled `places.secret`, and `places.made`; each looks whether it still has its part. */
  holder: object | undefined;
  maker: object | undefined;
  private closed = false;
  private draws = 0;
  /** Key of the stream of errors. */
  private readonly errorSeed: Uint8Array;

  /**
   * Rejects with `UnfitError` where kernels do not compute here what they should, and with `HepcError` for lack of memory and where
   * a policy forbids WebAssembly (H647).
   */
  static async open(parameters: Parameters): Promise<KernelRoom> {
    const module = await compileOwnKernels().catch((error: unknown) => {
      if (!(error instanceof WebAssembly.CompileError)) throw error;
      refuseByPolicy(error.message);
      throw new UnfitError(error.message);
    });
    const memory = createOwnMemory(roomBytes(parameters));
    const room = new KernelRoom(openContext(instantiate(module, memory), memory, parameters, pageBytes));
    const problem = describeUnfitness(room.context, room.places.secret);
    if (problem !== undefined) throw new UnfitError(problem);
    return room;
  }

  private constructor(context: SimdContext) {
    const { memory, parameters, n, primes } = context;
    this.context = context;
    this.places = placesIn(parameters);
    this.bytes = new Uint8Array(memory.buffer);
    fillContext(context);
    const tables = pageBytes + contextBytes(parameters);
    fillEmbeddingTables(memory.buffer, tables, n);
    this.encoder = openEncoders(context, tables, alone).own;
    writeAddresses(memory.buffer, this.places.words, primes);
    this.errorSeed = freshBytes(32);
  }

  /** The limb of prime `k`, a place among all primes, in a set of limbs. */
  limb(set: 'secret' | 'made' | 'switched' | 'value', k: number): number {
    return this.places[set] + k * limbStride(this.context.n);
  }

  /** A limb for one purpose at a time. */
  further(k: number): number {
    return this.places.further[k] ?? this.fail(`the room has no further limb ${k}`);
  }

  /** The 64-bit residues of the `k`-th polynomial modulo a prime in `places.residues`. */
  residues(k: number): number {
    return this.places.residues + 8 * k * this.context.n;
  }

  prime(k: number): number {
    return this.context.primes[k] ?? this.fail(`no record for prime ${k}`);
  }

  /** Fresh coefficients of an error, or of a ternary secret, at `target`. */
  sample(kind: 'sampleError' | 'sampleTernary', target: number): void {
    this.sampleOf(kind, this.errorSeed, this.draws++, target);
  }

  /** The coefficients that a secret seed of 32 bytes and a number stand for. */
  sampleOf(kind: 'sampleError' | 'sampleTernary', seed: Uint8Array, index: number, target: number): void {
    const { kernels, n } = this.context;
    const { seed: place, work } = this.places;
    this.bytes.set(seed, place);
    new Uint32Array(this.bytes.buffer, place + seed.length, 4).set([
      index % 2 ** 32,
      Math.floor(index / 2 ** 32),
      0,
      0,
    ]);
    kernels[kind](place, target, n, work);
    this.bytes.fill(0, place, place + streamSeedBytes);
  }

  /** The residues that SEAL's seed of 64 bytes stands for modulo the first `count` primes, to `places.residues`. */
  expandSealSeed(seed: Uint8Array, count: number): void {
    const { seed: place, words, residues, work } = this.places;
    this.bytes.set(seed, place);
    this.context.kernels.expandSeed(place, words, count, residues, work);
  }

  /** Throws `InternalError` once the room is closed. */
  requireOpen(): void {
    if (this.closed) this.fail('kernels are used after they were closed');
  }

  /** Overwrites the secret key of a cipher, and what may be left of it elsewhere. */
  forgetSecret(): void {
    const { work, made, value, end } = this.places;
    this.bytes.fill(0, work, made);
    this.bytes.fill(0, value, end);
    this.holder = undefined;
  }

  /** Overwrites the secret of whoever makes keys. */
  forgetMade(): void {
    const { work, secret, made, end } = this.places;
    this.bytes.fill(0, work, secret);
    this.bytes.fill(0, made, end);
    this.maker = undefined;
  }

  /** Overwrites everything. */
  close(): void {
    this.closed = true;
    this.errorSeed.fill(0);
    this.bytes.fill(0);
  }

  private fail(what: string): never {
    throw new InternalError(what);
  }
}
