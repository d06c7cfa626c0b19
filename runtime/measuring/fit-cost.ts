/** Fits the cost of an operation to measurements at several levels. */
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import type { OpCost } from '../../costs/op-costs.ts';

export interface CostSample {
  /** Primes that are left. */
  readonly primes: number;
  readonly milliseconds: number;
}

/** Of a cost, as functions of the number of primes. */
const terms = [() => 1, (primes: number) => primes, (primes: number) => primes ** 2] as const;

/** Each set of terms that may be above zero; the others are zero. */
const subsets = {
  constant: [[0]],
  linear: [[1], [0], [0, 1]],
  quadratic: [[1], [0], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]],
} as const;

/** How the cost of an operation grows with its primes: the pairs matter to key switches only, and parts of these do not grow. */
export type Growth = keyof typeof subsets;

/**
 * The cost without negative parts whose sum of squared relative errors is least. With so few unknowns the best solution
 * is among the unconstrained ones of all subsets, so those are tried (Lawson and Hanson, 1974, chapter 23).
 * Fewer samples than terms are met exactly. There is a sample, and all are of positive time.
 */
export function fitCost(samples: readonly CostSample[], growth: Growth): OpCost {
  let best: { readonly parts: readonly number[]; readonly error: number } = { parts: [0, 0, 0], error: Infinity };
  for (const subset of subsets[growth]) {
    if (subset.length > samples.length) continue;
    const solution = leastSquares(samples, subset);
    if (solution === undefined || solution.some((part) => part < 0)) continue;
    const parts = terms.map((_, term) => solution[(subset as readonly number[]).indexOf(term)] ?? 0);
    const error = squaredError(samples, parts);
    if (error < best.error) best = { parts, error };
  }
  const [base = 0, perPrime = 0, perPair = 0] = best.parts;
  return { base, perPrime, perPair };
}

/** The largest relative error of `cost` on the samples. */
export function largestMisfit(samples: readonly CostSample[], { base, perPrime, perPair }: OpCost): number {
  return Math.max(...samples.map((sample) => Math.abs(relativeError(sample, [base, perPrime, perPair]))));
}

function squaredError(samples: readonly CostSample[], parts: readonly number[]): number {
  return samples.reduce((sum, sample) => sum + relativeError(sample, parts) ** 2, 0);
}

function relativeError({ primes, milliseconds }: CostSample, parts: readonly number[]): number {
  return terms.reduce((sum, term, i) => sum + term(primes) * (parts[i] ?? 0), 0) / milliseconds - 1;
}

/** Least squares on the subset of terms; undefined where the samples do not tell its terms apart. */
function leastSquares(samples: readonly CostSample[], subset: readonly number[]): number[] | undefined {
  const rows = samples.map(({ primes, milliseconds }) =>
    subset.map((term) => (terms[term]?.(primes) ?? 0) / milliseconds),
  );
  const decomposition = new SingularValueDecomposition(new Matrix(rows), { autoTranspose: true });
  if (decomposition.rank < subset.length) return undefined;
  return decomposition.solve(Matrix.columnVector(samples.map(() => 1))).to1DArray();
}
