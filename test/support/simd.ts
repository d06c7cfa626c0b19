/** Kernels over a memory of their own, limbs in and out, and a reference in big integers. */
import type { Parameters } from '../../ir/parameters.ts';
import { nttPrimes } from '../../compiler/parameters/primes.ts';
import {
  contextBytes,
  fillContext,
  fillPrimes,
  openContext,
  primesBytes,
  type SimdContext,
} from '../../runtime/rns/memory/context.ts';
import type { Kernels } from '../../runtime/rns/kernels/kernels.ts';
import { compileKernels, createMemory, instantiate, pageBytes } from '../../runtime/rns/kernels/module.ts';
import type { SeededRandom } from '../../ir/random.ts';

interface Opened {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  /** The address of the free space, a multiple of 16. */
  readonly heap: number;
}

/** The largest `count` primes of these bits that are 1 modulo 2n. Throws where there are not so many. */
export function primesFor(n: number, bits: number, count: number): number[] {
  const primes = nttPrimes(Array<number>(count).fill(bits), n);
  if (primes === undefined) throw new Error(`fewer than ${count} primes of ${bits} bits for n = ${n}`);
  return primes;
}

/** A context in a memory that has `extraBytes` more from `heap` on. */
export async function openSimd(parameters: Parameters, extraBytes: number): Promise<Opened & { context: SimdContext }> {
  const { kernels, memory } = await openMemory(contextBytes(parameters) + extraBytes);
  const context = openContext(kernels, memory, parameters, pageBytes);
  fillContext(context);
  return { context, kernels, memory, heap: pageBytes + contextBytes(parameters) };
}

/** As `openSimd`, of any n that is a power of two from 16 on, and the records of the primes instead of a context. */
export async function openPrimes(
  n: number,
  primes: readonly number[],
  extraBytes: number,
): Promise<Opened & { records: readonly number[] }> {
  const bytes = primesBytes(n, primes.length);
  const { kernels, memory } = await openMemory(bytes + extraBytes);
  const records = fillPrimes(kernels, memory, n, primes, pageBytes);
  return { records, kernels, memory, heap: pageBytes + bytes };
}

async function openMemory(bytes: number): Promise<{ kernels: Kernels; memory: WebAssembly.Memory }> {
  // Below the first page's end a module might have data of its own.
  const memory = createMemory(pageBytes + bytes);
  return { kernels: instantiate(await compileKernels(), memory), memory };
}

export function writeLimb(memory: WebAssembly.Memory, address: number, values: ArrayLike<number>): void {
  limbView(memory, address, values.length).set(values);
}

/** A copy of the `n` doubles at an address. */
export function readLimb(memory: WebAssembly.Memory, address: number, n: number): Float64Array {
  return limbView(memory, address, n).slice();
}

/** The `n` doubles at an address themselves. */
export function limbView(memory: WebAssembly.Memory, address: number, n: number): Float64Array {
  return new Float64Array(memory.buffer, address, n);
}

/** `n` integers, uniform with |x| ≤ (q − 1) / 2. */
export function randomLimb(random: SeededRandom, n: number, q: number): Float64Array {
  return Float64Array.from({ length: n }, () => balanced(BigInt(Math.floor(random.uniform() * q)), q));
}

/** The representative of x modulo q with the smallest absolute value. */
export function balanced(x: bigint, q: number): number {
  const residue = canonical(x, q);
  return residue > (q - 1) / 2 ? residue - q : residue;
}

/** The representative of x modulo q in [0, q). */
export function canonical(x: bigint, q: number): number {
  const modulus = BigInt(q);
  return Number(((x % modulus) + modulus) % modulus);
}

/** `index` with its lowest `bits` bits in reverse. */
export function reverseBits(index: number, bits: number): number {
  let reversed = 0;
  for (let k = 0; k < bits; k++) reversed = 2 * reversed + ((index >> k) & 1);
  return reversed;
}

/** a(x) modulo q for the polynomial a of these integer coefficients, in [0, q). */
export function evaluatePolynomial(coefficients: ArrayLike<number>, x: bigint, q: number): number {
  const modulus = BigInt(q);
  let value = 0n;
  for (let k = coefficients.length - 1; k >= 0; k--) value = (value * x + BigInt(coefficients[k] ?? 0)) % modulus;
  return canonical(value, q);
}
