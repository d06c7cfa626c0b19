/**
 * Compositions s = p_k ∘ … ∘ p_1 of odd polynomials that are the sign on [−1, −margin] ∪ [margin, 1] but for an error (Lee, Lee,
 * No and Kim, IEEE Trans. Dependable Secure Comput. 19, 2022): each p_i is the best approximation of the sign on what the one
 * before leaves of it, [1 − e, 1 + e]. Between the margins s rises from −1 to 1. A composition has far fewer products than one
 * polynomial of its degree, for some 2.6 times the error of one at the same degree and margin.
 */
import { Constant } from '../../../ir/constant.ts';
import { evaluateStages, type Stage } from '../../../ir/interpret/polynomial.ts';
import { polynomialDepth, polynomialProducts } from '../../../ir/tensor/polynomial-evaluation.ts';
import { oddMinimax } from './odd-minimax.ts';

export interface SignComposite {
  /** Odd ones, each centred at zero. */
  readonly stages: readonly (Stage & { readonly coefficients: Float64Array })[];
  /** Largest |s(t) − sign(t)| beyond the margin. */
  readonly error: number;
  /** Rescales between operand and result. */
  readonly depth: number;
  /** Products of ciphertexts. */
  readonly products: number;
}

/** s(t), for t in [−1, 1]. */
export function signAt({ stages }: SignComposite, t: number): number {
  return evaluateStages(stages, t);
}

/** Of stages: those of one depth differ in products. */
const stageDegrees = [3, 5, 7, 9, 11, 13, 15, 19, 23, 27, 31] as const;

/** Beyond that no chain has levels for. */
const maxDepth = 16;

/** A composition as exact as this is exact enough. */
const leastError = 1e-10;

/** What takes more has to leave less than this part of what is missing. */
const worthMore = 0.8;

/** The most compositions of one depth that are composed further. */
const mostOfDepth = 6;

const known = new Map<number, readonly SignComposite[]>();

/**
 * The compositions for a margin: of each depth those with fewer products, or less error, than any of as little depth. Computed
 * once for each margin.
 */
export function signComposites(margin: number): readonly SignComposite[] {
  const before = known.get(margin);
  if (before !== undefined) return before;
  const found = compose(margin);
  known.set(margin, found);
  return found;
}

function compose(margin: number): SignComposite[] {
  const start: SignComposite = { stages: [], error: 1, depth: 0, products: 0 };
  const byDepth: SignComposite[][] = [[start]];
  let least = start;
  const all: SignComposite[] = [];
  for (let depth = 1; depth <= maxDepth && (depth === 1 || least.error > leastError); depth++) {
    const candidates = stageDegrees.flatMap((degree) => {
      const before = byDepth[depth - depthOf(degree)] ?? [];
      return before.flatMap((composite) => followed(composite, degree, margin));
    });
    const front = worthwhile(candidates).filter((each) => isWorth(each, least));
    byDepth.push(front.slice(-mostOfDepth));
    all.push(...front);
    least = front.at(-1) ?? least;
  }
  return all;
}

/** The composition with one more stage; none where the stage would make nothing better. */
function followed({ stages, error, depth, products }: SignComposite, degree: number, margin: number): SignComposite[] {
  const [low, high] = stages.length === 0 ? [margin, 1] : [1 - error, 1 + error];
  const next = oddMinimax(degree, low / high);
  if (stages.length > 0 && next.error >= error) return [];
  const stage = { coefficients: next.coefficients, center: 0, halfWidth: high };
  return [
    {
      stages: [...stages, stage],
      error: next.error,
      depth: depth + depthOf(degree),
      products: products + productsOf(degree),
    },
  ];
}

/** By ascending products, each better than all with fewer. */
function worthwhile(candidates: readonly SignComposite[]): SignComposite[] {
  const front: SignComposite[] = [];
  for (const each of candidates.toSorted((a, b) => a.products - b.products || a.error - b.error))
    if (isWorth(each, front.at(-1))) front.push(each);
  return front;
}

function isWorth(each: SignComposite, cheaper: SignComposite | undefined): boolean {
  return cheaper === undefined || missing(each) < worthMore * missing(cheaper);
}

/** As the error where that is small, and as one over the least value beyond the margin where that is. */
function missing({ error }: SignComposite): number {
  return error / Math.max(1 - error, Number.EPSILON);
}

const ofDegree = new Map<number, { readonly depth: number; readonly products: number }>();

function costOf(degree: number): { readonly depth: number; readonly products: number } {
  const before = ofDegree.get(degree);
  if (before !== undefined) return before;
  const odd = Float64Array.from({ length: degree + 1 }, (_, k) => k % 2);
  const coefficients = new Constant([1, degree + 1], odd);
  const cost = {
    depth: polynomialDepth(coefficients, 'chebyshev'),
    products: polynomialProducts(coefficients, 'chebyshev'),
  };
  ofDegree.set(degree, cost);
  return cost;
}

function depthOf(degree: number): number {
  return costOf(degree).depth;
}

function productsOf(degree: number): number {
  return costOf(degree).products;
}
