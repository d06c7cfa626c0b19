/**
 * A member's own part of the memory for saved bytes on their way to limbs and back: kernels read residues from it, and
 * seeds are expanded into it. What comes in is hostile: every residue is compared with its prime.
 */
import { HepcError, InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { residueTooLarge } from '../../../../ir/diagnostics/runtime.ts';
import { allPrimes, type Parameters } from '../../../../ir/parameters.ts';
import { addressBytes, writeAddresses } from '../../../rns/memory/addresses.ts';
import type { SimdContext } from '../../../rns/memory/context.ts';
import { addResidues } from './add-residues.ts';

const seedRoomBytes = 64;
/** What `expandSeed` works in. */
const expansionBytes = 8192;

/** Limbs that a room has: both polynomials of a ciphertext, or the second one of a key and a limb of the first. */
function limbCount(parameters: Parameters): number {
  return Math.max(2 * parameters.primes.length, allPrimes(parameters).length + 1);
}

function wordBytes(parameters: Parameters): number {
  return 2 * addressBytes * Math.ceil(allPrimes(parameters).length / 2);
}

function roomBytes(parameters: Parameters): number {
  return (
    wordBytes(parameters) + seedRoomBytes + expansionBytes + limbCount(parameters) * 8 * parameters.polyModulusDegree
  );
}

/** Bytes of the rooms of a team. */
export function loadingBytes(parameters: Parameters, members: number): number {
  return members * roomBytes(parameters);
}

export class LoadingRoom {
  private readonly context: SimdContext;
  private readonly address: number;
  private readonly memory: Uint8Array;

  /**
   * @param address of the rooms of all members, a multiple of 16
   * @param member whose room it is
   */
  constructor(context: SimdContext, address: number, member: number) {
    this.context = context;
    this.address = address + member * roomBytes(context.parameters);
    this.memory = new Uint8Array(context.memory.buffer);
    writeAddresses(context.memory.buffer, this.address, context.primes);
  }

  /** Copies saved residues to the place of limb `first` and the following ones. */
  put(first: number, residues: Uint8Array): void {
    this.memory.set(residues, this.limb(first));
  }

  /** Makes limbs `first` … `first + count − 1` zero. */
  clear(first: number, count: number): void {
    this.memory.fill(0, this.limb(first), this.limb(first) + 8 * count * this.context.n);
  }

  /**
   * Adds saved residues of the first `count` primes to limbs `first` …, which are below their primes. Throws `HepcError` where
   * one of `what` is not.
   */
  add(first: number, count: number, residues: Uint8Array, what: string): void {
    const { parameters, memory, n } = this.context;
    const target = new Uint32Array(memory.buffer, this.limb(first), 2 * count * n);
    // Words have to be aligned, and saved bytes are not.
    const terms = new Uint32Array(residues.slice(0, 8 * count * n).buffer);
    checkResidues(addResidues(target, terms, parameters.primes.slice(0, count), n), what);
  }

  /** A copy of the residues of limbs `first` … `first + count − 1`, to `target`. */
  get(first: number, count: number, target: Uint8Array): void {
    const address = this.limb(first);
    target.set(this.memory.subarray(address, address + 8 * count * this.context.n));
  }

  /**
   * The polynomial that a seed of 64 bytes stands for, to limbs `first` … of the first `count` primes, the special one
   * last.
   */
  expand(seed: Uint8Array, count: number, first: number): void {
    const words = this.address;
    const place = words + wordBytes(this.context.parameters);
    this.memory.set(seed, place);
    this.context.kernels.expandSeed(place, words, count, this.limb(first), place + seedRoomBytes);
  }

  /** The uniform limb that a key and a nonce of ChaCha20 stand for, to a place of another (`expandUniform` of the kernels). */
  expandStream(seed: Uint8Array, target: number, stride: number, prime: number): void {
    const place = this.address + wordBytes(this.context.parameters);
    this.memory.set(seed, place);
    this.context.kernels.expandUniform(place, target, stride, prime, place + seedRoomBytes);
  }

  /** The residues of limbs `first` … `first + count − 1` themselves. */
  view(first: number, count: number): Uint8Array {
    return this.memory.subarray(this.limb(first), this.limb(first) + 8 * count * this.context.n);
  }

  /**
   * The address of a limb's residues, for kernels. Other members may read it, whose rooms are of the same context.
   */
  limb(index: number): number {
    const { parameters, n } = this.context;
    if (index >= limbCount(parameters)) throw new InternalError(`the loading room has no limb ${index}`);
    return this.address + wordBytes(parameters) + seedRoomBytes + expansionBytes + 8 * n * index;
  }
}

/** Throws `HepcError` where a kernel has found a residue of `what` that is not below its prime. */
export function checkResidues(firstBad: number, what: string): void {
  if (firstBad !== -1) throw new HepcError([residueTooLarge({ what, index: firstBad })]);
}
