/**
 * Whether the kernels compute here what they should. They are exact only where a relaxed multiply-add rounds once, which
 * WebAssembly leaves to the machine; so each worker asks before it starts, and multiplies two polynomials modulo the
 * primes whose tables it has filled against big integers.
 */
import { allPrimes } from '../../../ir/parameters.ts';
import type { SimdContext } from './context.ts';
import { limbStride } from './layout.ts';
import { alone, share, type Team } from '../team.ts';

/** Nonzero coefficients of the second factor: few, so that the product is quickly known, and far apart. */
const sparse = [0, 1, 517] as const;

/** Coefficients of the product that are compared, for each prime. */
const samples = 64;

/** Bytes that `describeUnfitness` of a member works in. */
export function selfCheckBytes(n: number): number {
  return 3 * limbStride(n);
}

/**
 * What is wrong, if anything is, with the primes that `share` deals to this member (`fillContext`).
 * @param work `selfCheckBytes(n)` bytes of its own, a multiple of 16
 */
export function describeUnfitness(context: SimdContext, work: number, team: Team = alone): string | undefined {
  const { kernels, primes, parameters } = context;
  if (kernels.isFused() !== 1) return 'multiply-adds are not fused on this machine';
  const wrong: number[] = [];
  share(team, primes.length, (k) => {
    const q = allPrimes(parameters)[k] ?? 0;
    if (wrong.length === 0 && !multiplies(context, q, primes[k] ?? 0, work)) wrong.push(q);
  });
  return wrong.length === 0 ? undefined : `the transform modulo ${wrong.join('')} is not exact on this machine`;
}

function multiplies({ kernels, memory, n }: SimdContext, q: number, prime: number, work: number): boolean {
  const [first, second, product] = [work, work + limbStride(n), work + 2 * limbStride(n)];
  const [x, y, z] = [first, second, product].map((limb) => new Float64Array(memory.buffer, limb, n));
  if (x === undefined || y === undefined || z === undefined) return false;
  const half = (q - 1) / 2;
  // Of the largest sizes, of either sign.
  const value = (i: number): number => ((i * 7919) % 1000) - 500 + (i % 3 === 0 ? half - 500 : 500 - half);
  const factor = (i: number): number => half - i;
  for (let i = 0; i < n; i++) x[i] = value(i);
  y.fill(0);
  for (const i of sparse) y[i] = factor(i);

  kernels.forward(first, prime);
  kernels.forward(second, prime);
  kernels.multiply(first, second, product, prime, 0, n);
  kernels.inverse(first, prime);
  kernels.inverse(product, prime);
  if (x.some((coefficient, i) => coefficient !== value(i))) return false;
  const modulus = BigInt(q);
  for (let s = 0; s < samples; s++) {
    const k = Math.floor((s * (n - 1)) / (samples - 1));
    const exact = sparse.reduce((sum, i) => {
      const term = BigInt(factor(i)) * BigInt(value((k - i + n) % n));
      return sum + (k < i ? -term : term);
    }, 0n);
    if ((exact - BigInt(z[k] ?? 0)) % modulus !== 0n) return false;
  }
  return true;
}
