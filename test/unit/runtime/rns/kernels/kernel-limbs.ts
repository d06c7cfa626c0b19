/** Limbs of any prime side by side, for kernels that work element by element, and what a limb must be. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { isPrime } from '../../../../../ir/maths/modular.ts';
import { seededRandom } from '../../../../../ir/random.ts';
import { type Kernels, primeRecord } from '../../../../../runtime/rns/kernels/kernels.ts';
import { writeAddresses } from '../../../../../runtime/rns/memory/addresses.ts';
import { limbStride } from '../../../../../runtime/rns/memory/layout.ts';
import { canonical, openPrimes, readLimb, writeLimb } from '../../../../support/simd.ts';

/** What a drawn case works with: a prime, and limbs whose entries are often at the ends of their range. */
export interface Draw {
  readonly q: number;
  readonly seed: number;
}

/** Primes of 20 to 48 bits. */
export const draws: fc.Arbitrary<Draw> = fc
  .tuple(fc.integer({ min: 20, max: 48 }), fc.integer({ min: 0, max: 2 ** 20 - 1 }), fc.nat())
  .map(([bits, place, seed]) => ({ q: primeBelow(2 ** bits - 2 * Math.floor((place * 2 ** bits) / 2 ** 22)), seed }));

/** Ranges of even bounds in n elements, empty ones too. */
export function ranges(n: number): fc.Arbitrary<{ readonly from: number; readonly to: number }> {
  const bound = fc.integer({ min: 0, max: n / 2 }).map((k) => 2 * k);
  return fc.tuple(bound, bound).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));
}

export const largestPrime = primeBelow(2 ** 48);

function primeBelow(bound: number): number {
  let q = BigInt(bound) - 1n;
  while (!isPrime(q)) q--;
  return Number(q);
}

/** `n` balanced residues: anywhere, or with chance one half at −(q + 1)/2, 0, (q + 1)/2 or one beside. */
export function drawLimb({ q, seed }: Draw, label: string | number, n: number): number[] {
  const random = seededRandom(seed).fork(label);
  const ends = [0, (q + 1) / 2, (q - 1) / 2, 1];
  return Array.from({ length: n }, () => {
    const sign = random.integer(0, 1) === 0 ? 1 : -1;
    return sign * (ends[random.integer(0, 7)] ?? random.integer(0, (q - 1) / 2));
  });
}

/** `n` elements at one of the ends of their range, all of them. */
export function fullLimb(q: number, n: number, sign: 1 | -1): number[] {
  return Array.from({ length: n }, () => (sign * (q + 1)) / 2);
}

/**
 * n pairs of residues modulo the largest prime whose products are 2^47 − 1 modulo 2^48: what is left of one after
 * rounding to multiples of 2^48 is as large as it can be and always of one sign.
 */
export function lopsidedPairs(seed: number, n: number): { readonly x: number[]; readonly y: number[] } {
  const random = seededRandom(seed);
  const limit = (largestPrime - 1) / 2;
  const pairs: (readonly [number, number])[] = [];
  while (pairs.length < n) {
    const x = 2 * random.integer(0, (limit - 1) / 2) + 1;
    const y = Number(BigInt.asIntN(48, inverseModuloPower(BigInt(x), 48) * (2n ** 47n - 1n)));
    if (Math.abs(y) <= limit) pairs.push([x, y]);
  }
  return { x: pairs.map(([x]) => x), y: pairs.map(([, y]) => y) };
}

/** 1/x modulo 2^bits for odd x: each step of Newton's iteration doubles the bits that are right, 3 at first. */
function inverseModuloPower(x: bigint, bits: number): bigint {
  let inverse = x;
  for (let right = 3; right < bits; right *= 2) inverse = BigInt.asUintN(bits, inverse * (2n - x * inverse));
  return inverse;
}

export class KernelLimbs {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  /** The address of a record of which q, 1/q, (q − 1)/2 and n are set. */
  readonly prime: number;
  readonly n: number;
  private readonly heap: number;

  private constructor(kernels: Kernels, memory: WebAssembly.Memory, heap: number, n: number) {
    this.kernels = kernels;
    this.memory = memory;
    this.prime = heap;
    this.heap = heap + primeRecord.bytes;
    this.n = n;
  }

  /** Space for `count` limbs of n elements and `extraBytes` after them. */
  static async open(n: number, count: number, extraBytes = 0): Promise<KernelLimbs> {
    const bytes = primeRecord.bytes + count * limbStride(n) + extraBytes;
    const { kernels, memory, heap } = await openPrimes(16, [], bytes);
    return new KernelLimbs(kernels, memory, heap, n);
  }

  setPrime(q: number): void {
    const view = new DataView(this.memory.buffer, this.prime);
    view.setFloat64(primeRecord.q, q, true);
    view.setFloat64(primeRecord.reciprocal, 1 / q, true);
    view.setFloat64(primeRecord.half, (q - 1) / 2, true);
    view.setUint32(primeRecord.n, this.n, true);
  }

  /** The address of limb k, and of what follows the last one. */
  at(k: number): number {
    return this.heap + k * limbStride(this.n);
  }

  write(k: number, values: ArrayLike<number>): void {
    writeLimb(this.memory, this.at(k), values);
  }

  read(k: number): number[] {
    return [...readLimb(this.memory, this.at(k), this.n)];
  }

  addresses(address: number, values: readonly number[]): void {
    writeAddresses(this.memory.buffer, address, values);
  }

  words(address: number, values: readonly number[]): void {
    new Uint32Array(this.memory.buffer, address, values.length).set(values);
  }
}

/** Balanced residues of `expected` from `from` to `to`, and `before` elsewhere. */
export function expectLimb(
  actual: readonly number[],
  q: number,
  expected: (i: number) => bigint,
  { from, to }: { readonly from: number; readonly to: number },
  before: readonly number[],
): void {
  const inside = (i: number): boolean => i >= from && i < to;
  const wanted = actual.map((_, i) => (inside(i) ? canonical(expected(i), q) : before[i]));
  expect(actual.map((x, i) => (inside(i) ? canonical(BigInt(x), q) : x))).toEqual(wanted);
  for (let i = from; i < to; i++) expect(Math.abs(actual[i] ?? NaN)).toBeLessThanOrEqual((q + 1) / 2);
}

/** Element i of a limb as an integer. */
export function integer(limb: readonly number[], i: number): bigint {
  return BigInt(limb[i] ?? NaN);
}
