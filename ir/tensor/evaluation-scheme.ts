/**
 * How a polynomial is evaluated: which powers are made, and where it is split at them.
 *
 * p = q φ_m + r is a split, and Σ c_j φ_j over powers that are there a leaf, whose products are with plaintexts. Splits at
 * multiples by powers of two of a giant step, leaves of baby steps below it, are the method of Paterson and Stockmeyer
 * (SIAM J. Comput. 2, 1973). In least depth a leaf of degree j takes ⌈log2 j⌉ + 1 levels, which remainders have, since their split
 * left them one; quotients have none to spare and are split further, down to degree one (Bossuat, Mouchet, Troncoso-Pastoriza and
 * Hubaux, Eurocrypt 2021, section 3.3). Sums of products are relinearised once, so that only a power, and a quotient that is
 * such a sum, takes a relinearisation of its own.
 *
 * The scheme is the cheapest of those whose baby steps are all even and all odd powers up to two bounds, found by dynamic
 * programming for each pair of bounds. A polynomial is known by its highest even and its highest odd term: an even one takes
 * even powers alone, and one that is even but for x takes no other odd power.
 */
import { InternalError } from '../diagnostics/diagnostic.ts';

export type Basis = 'power' | 'chebyshev';

/** The highest even and the highest odd term; −1 where there is none. */
export interface Terms {
  readonly even: number;
  readonly odd: number;
}

export type Split =
  | { readonly kind: 'leaf' }
  | { readonly kind: 'split'; readonly at: number; readonly quotient: Split; readonly remainder: Split };

export interface Scheme {
  readonly split: Split;
  /** φ_j of φ_a and φ_b, a + b = j and a ≥ b, for every j that is made, ascending. */
  readonly powers: ReadonlyMap<number, readonly [a: number, b: number]>;
}

/** Of a product and of a relinearisation, relative to each other: as they are on long chains. */
const weights = { product: 1, relinearisation: 2 } as const;

/** Baby steps beyond which none pays, up to degree 1023. */
const mostBabies = 32;

const known = new Map<string, Scheme>();

/** The cheapest scheme of at most `depth` levels, of which there are enough; `also` is a power that is needed besides. */
export function schemeFor(terms: Terms, basis: Basis, depth: number, also?: number): Scheme {
  const key = `${basis} ${terms.even} ${terms.odd} ${depth} ${also ?? ''}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const found = search(terms, basis, depth, also);
  known.set(key, found);
  return found;
}

function search(terms: Terms, basis: Basis, depth: number, also: number | undefined): Scheme {
  let best: { readonly scheme: Scheme; readonly cost: number } | undefined;
  for (let even = 0; even <= Math.min(Math.max(terms.even, 0), mostBabies); even += 2) {
    for (let odd = 1; odd <= Math.min(Math.max(terms.odd, 1), mostBabies); odd += 2) {
      const next = Math.max(even, odd) + 1;
      for (const giant of [next, next + 1]) {
        const scheme = new Splits({ even, odd }, giant).best(terms, depth);
        if (scheme === undefined) continue;
        const used = new Set(also === undefined ? [] : [also]);
        collect(scheme.split, terms, used);
        const powers = madeOf(used, basis);
        const cost = scheme.cost + powers.size * (weights.product + weights.relinearisation);
        if (best === undefined || cost < best.cost) best = { scheme: { split: scheme.split, powers }, cost };
      }
    }
  }
  if (best === undefined)
    throw new InternalError(`a polynomial of degree ${degreeOf(terms)} takes more than ${depth} levels`);
  return best.scheme;
}

/** Rescales between x and φ_j. */
function powerDepth(j: number): number {
  return Math.ceil(Math.log2(Math.max(1, j)));
}

function degreeOf({ even, odd }: Terms): number {
  return Math.max(even, odd);
}

/** q of p = q φ_m + r, as far as it can be told from the highest terms. */
function quotientOf({ even, odd }: Terms, m: number): Terms {
  const [evenLeft, oddLeft] = [Math.max(-1, even - m), Math.max(-1, odd - m)];
  return m % 2 === 0 ? { even: evenLeft, odd: oddLeft } : { even: oddLeft, odd: evenLeft };
}

/** r of p = q φ_m + r: of degree less than m, with terms of the parities that p has. */
function remainderOf({ even, odd }: Terms, m: number): Terms {
  const below = (highest: number, parity: number): number => {
    const most = (m - 1) % 2 === parity ? m - 1 : m - 2;
    return highest < 0 ? -1 : Math.max(-1, Math.min(highest, most));
  };
  return { even: below(even, 0), odd: below(odd, 1) };
}

interface Priced {
  readonly split: Split;
  readonly cost: number;
}

/** The cheapest splits down to leaves of certain baby steps. */
class Splits {
  private readonly babies: Terms;
  /** Where polynomials may be split, ascending. */
  private readonly places: readonly number[];
  private readonly known = new Map<string, Priced | undefined>();

  constructor(babies: Terms, giant: number) {
    this.babies = babies;
    const all = new Set<number>();
    for (let m = 2; m <= 1024; m *= 2) all.add(m);
    for (let m = giant; m <= 1024; m *= 2) all.add(m);
    for (let m = 2; m <= babies.even; m += 2) all.add(m);
    for (let m = 3; m <= babies.odd; m += 2) all.add(m);
    this.places = [...all].sort((a, b) => a - b);
  }

  /** Undefined where the depth is too little. */
  best(terms: Terms, depth: number): Priced | undefined {
    const key = `${terms.even} ${terms.odd} ${depth}`;
    if (this.known.has(key)) return this.known.get(key);
    const found = this.compute(terms, depth);
    this.known.set(key, found);
    return found;
  }

  private compute(terms: Terms, depth: number): Priced | undefined {
    const degree = degreeOf(terms);
    const { even, odd } = this.babies;
    if (degree <= 0) return { split: { kind: 'leaf' }, cost: 0 };
    if (terms.even <= even && terms.odd <= odd && powerDepth(degree) + 1 <= depth)
      return { split: { kind: 'leaf' }, cost: 0 };
    let best: Priced | undefined;
    for (const at of this.places) {
      if (at > degree) break;
      // Beyond that coefficients of Chebyshev quotients grow.
      if (2 * at < degree || powerDepth(at) + 1 > depth) continue;
      const quotient = this.best(quotientOf(terms, at), depth - 1);
      const remainder = quotient && this.best(remainderOf(terms, at), depth);
      if (quotient === undefined || remainder === undefined) continue;
      const isProduct = degree > at;
      const isSum = quotient.split.kind === 'split';
      const own = (isProduct ? weights.product : 0) + (isSum ? weights.relinearisation : 0);
      const cost = own + quotient.cost + remainder.cost;
      if (best === undefined || cost <= best.cost)
        best = { split: { kind: 'split', at, quotient: quotient.split, remainder: remainder.split }, cost };
    }
    return best;
  }
}

/** Adds the powers above one that a split reads. */
function collect(split: Split, terms: Terms, used: Set<number>): void {
  if (split.kind === 'leaf') {
    for (let j = 2; j <= terms.even; j += 2) used.add(j);
    for (let j = 3; j <= terms.odd; j += 2) used.add(j);
    return;
  }
  used.add(split.at);
  collect(split.quotient, quotientOf(terms, split.at), used);
  collect(split.remainder, remainderOf(terms, split.at), used);
}

/**
 * How each of the powers is made, and those that they are made of: T_{a+b} = 2 T_a T_b − T_{a−b} reads a third. Each takes as
 * little depth as it can.
 */
function madeOf(needed: ReadonlySet<number>, basis: Basis): Map<number, readonly [number, number]> {
  const made = new Map<number, readonly [number, number]>();
  const isThere = (j: number): boolean => j <= 1 || made.has(j);
  const reads = (a: number, b: number): number[] => (basis === 'chebyshev' ? [a, b, a - b] : [a, b]);
  const missing = (a: number, b: number): number =>
    new Set(reads(a, b).filter((j) => !isThere(j) && !needed.has(j))).size;
  const make = (j: number): void => {
    if (isThere(j)) return;
    let best: readonly [number, number] = [j - 1, 1];
    let least = Infinity;
    for (let b = Math.floor(j / 2); b >= 1; b--) {
      const a = j - b;
      if (powerDepth(a) >= powerDepth(j)) continue;
      if (missing(a, b) < least) [best, least] = [[a, b], missing(a, b)];
    }
    for (const each of reads(...best)) make(each);
    made.set(j, best);
  };
  for (const j of [...needed].sort((a, b) => a - b)) make(j);
  return new Map([...made].sort(([a], [b]) => a - b));
}
