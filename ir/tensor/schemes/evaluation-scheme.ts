/**
 * How a polynomial is evaluated: which powers are made, and where it is split at them.
 *
 * p = q φ_m + r is a split, and Σ c_j φ_j over powers that are there a leaf, whose products are with plaintexts. Splits at
 * multiples by powers of two of a giant step, leaves of baby steps below it, are the method of Paterson and Stockmeyer
 * (SIAM J. Comput. 2, 1973). In least depth a leaf of degree j takes ⌈log2 j⌉ + 1 levels, which remainders have, since their split
 * left them one; quotients have none to spare and are split further, down to degree one (Bossuat, Mouchet, Troncoso-Pastoriza and
 * Hubaux, Eurocrypt 2021, section 3.3). Sums of products are relinearised once, so that only a power, and a quotient that is
 * such a sum, takes a relinearisation of its own: these are what is dear, most of all far from the end.
 *
 * For given powers the cheapest splits are found by dynamic programming. A polynomial is known by its highest even and its
 * highest odd term: an even one takes even powers alone, and one that is even but for x takes no other odd power.
 */
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

/**
 * About what an operation takes with so many primes, in milliseconds at N = 32768 (`costs/op-costs.ts`). A product counts for
 * more than engine simd needs for it, as others need more. Only ratios matter.
 */
const costs = {
  product: (primes: number) => 0.15 * primes,
  plainProduct: (primes: number) => 0.09 * primes,
  rescale: (primes: number) => 0.28 * primes,
  relinearise: (primes: number) => (0.42 + 0.1 * primes) * primes,
} as const;

/** Primes that are left after a polynomial in the middle of a network. */
const primesBelow = 4;

/** Costs that differ by less are the same, summed in another order. */
const tolerance = 1e-6;

export interface PricedScheme extends Scheme {
  readonly cost: number;
}

export interface SchemeOptions {
  readonly basis: Basis;
  /** Levels that there are. */
  readonly depth: number;
  /** A power that is needed besides. */
  readonly also?: number | undefined;
  /** What is not cheaper than this is of no use. */
  readonly limit?: number;
}

/**
 * The cheapest splits at these powers and leaves of them, with the powers that they need. Undefined where the depth is too
 * little.
 */
export function pricedScheme(
  terms: Terms,
  available: ReadonlySet<number>,
  { basis, depth, also, limit = Infinity }: SchemeOptions,
): PricedScheme | undefined {
  const found = new Splits(available, depth).best(terms, depth);
  if (found === undefined || found.cost >= limit) return undefined;
  const { split } = found;
  const used = new Map<number, number>(also === undefined ? [] : [[also, 1]]);
  collect(split, terms, 1, used);
  if (found.cost + used.size * costOfPower(1) >= limit) return undefined;
  const powers = madeOf(used, basis);
  const cost = found.cost + costOfPowers(powers, used, basis);
  return cost < limit - tolerance ? { split, powers, cost } : undefined;
}

/** `level`: how many levels from the end of the polynomial the power is read first. */
function costOfPower(level: number): number {
  const primes = primesBelow + level + 1;
  return costs.product(primes) + costs.relinearise(primes) + costs.rescale(primes);
}

/** `used`: the levels that splits read powers at, to which those of other powers are added. */
function costOfPowers(made: Scheme['powers'], used: ReadonlyMap<number, number>, basis: Basis): number {
  const levels = new Map(used);
  let cost = 0;
  for (const [j, [a, b]] of [...made].reverse()) {
    const level = levels.get(j) ?? 1;
    for (const operand of factorsOf(a, b, basis)) levels.set(operand, Math.max(levels.get(operand) ?? 0, level + 1));
    cost += costOfPower(level);
    if (basis === 'chebyshev' && a !== b) cost += costs.plainProduct(primesBelow + level + 1);
  }
  return cost;
}

/** Rescales between x and φ_j. */
function powerDepth(j: number): number {
  return j <= 1 ? 0 : 32 - Math.clz32(j - 1);
}

export function degreeOf({ even, odd }: Terms): number {
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
  /** Whether it has products of ciphertexts, which are relinearised before the sum is multiplied. */
  readonly hasProducts: boolean;
}

/** The cheapest splits at powers that are there, down to leaves of them. */
class Splits {
  /** Ascending. */
  private readonly powers: readonly number[];
  /** The terms that a leaf may have. */
  private readonly babies: Terms;
  private readonly depth: number;
  private readonly known = new Map<number, Priced | undefined>();

  /** `depth`: levels of the whole polynomial. */
  constructor(powers: ReadonlySet<number>, depth: number) {
    this.powers = [...powers].sort((a, b) => a - b);
    let [even, odd] = [0, 1];
    while (powers.has(even + 2)) even += 2;
    while (powers.has(odd + 2)) odd += 2;
    this.babies = { even, odd };
    this.depth = depth;
  }

  /** Undefined where `depth` levels are too few. */
  best(terms: Terms, depth: number): Priced | undefined {
    const key = ((terms.even + 1) * 2048 + terms.odd + 1) * 16 + depth;
    if (this.known.has(key)) return this.known.get(key);
    const found = this.compute(terms, depth);
    this.known.set(key, found);
    return found;
  }

  private compute(terms: Terms, depth: number): Priced | undefined {
    const degree = degreeOf(terms);
    const primes = primesBelow + this.depth - depth + 1;
    if (degree <= 0) return { split: { kind: 'leaf' }, cost: 0, hasProducts: false };
    let best: Priced | undefined;
    if (terms.even <= this.babies.even && terms.odd <= this.babies.odd && powerDepth(degree) + 1 <= depth) {
      const count = (Math.max(0, terms.even) + Math.max(0, terms.odd + 1)) / 2;
      best = { split: { kind: 'leaf' }, cost: count * costs.plainProduct(primes), hasProducts: false };
    }
    for (const at of this.powers) {
      if (at > degree) break;
      // Beyond that coefficients of Chebyshev quotients grow.
      if (2 * at < degree || powerDepth(at) + 1 > depth) continue;
      const quotient = this.best(quotientOf(terms, at), depth - 1);
      const remainder = quotient && this.best(remainderOf(terms, at), depth);
      if (quotient === undefined || remainder === undefined) continue;
      let cost = quotient.cost + remainder.cost;
      if (degree === at) cost += costs.plainProduct(primes);
      else {
        cost += costs.product(primes) + costs.rescale(primes + 1);
        if (quotient.hasProducts) cost += costs.relinearise(primes + 1);
      }
      if (best !== undefined && cost >= best.cost - tolerance) continue;
      const split = { kind: 'split', at, quotient: quotient.split, remainder: remainder.split } as const;
      best = { split, cost, hasProducts: degree > at || remainder.hasProducts };
    }
    return best;
  }
}

/** Notes for each power above one that a split reads how many levels from the end it is read first. */
function collect(split: Split, terms: Terms, level: number, used: Map<number, number>): void {
  const use = (j: number): unknown => used.set(j, Math.max(used.get(j) ?? 0, level));
  if (split.kind === 'leaf') {
    for (let j = 2; j <= terms.even; j += 2) use(j);
    for (let j = 3; j <= terms.odd; j += 2) use(j);
    return;
  }
  use(split.at);
  collect(split.quotient, quotientOf(terms, split.at), level + 1, used);
  collect(split.remainder, remainderOf(terms, split.at), level, used);
}

/** The powers that φ_{a+b} is made of: T_{a+b} = 2 T_a T_b − T_{a−b} reads a third. */
function factorsOf(a: number, b: number, basis: Basis): readonly number[] {
  return basis === 'chebyshev' ? [a, b, a - b] : [a, b];
}

/** How each of the powers is made, and those that they are made of, in as little depth as it can be. */
function madeOf(needed: ReadonlyMap<number, unknown>, basis: Basis): Map<number, readonly [number, number]> {
  const made = new Map<number, readonly [number, number]>();
  const isThere = (j: number): boolean => j <= 1 || made.has(j);
  const isMissing = (j: number): number => (isThere(j) || needed.has(j) ? 0 : 1);
  const missing = (a: number, b: number): number =>
    isMissing(a) + (b === a ? 0 : isMissing(b)) + (basis === 'power' || a - b === b ? 0 : isMissing(a - b));
  const make = (j: number): void => {
    if (isThere(j)) return;
    let best: readonly [number, number] = [j - 1, 1];
    let least = Infinity;
    for (let b = Math.floor(j / 2); b >= 1 && least > 0; b--) {
      const a = j - b;
      if (powerDepth(a) >= powerDepth(j)) continue;
      const count = missing(a, b);
      if (count < least) [best, least] = [[a, b], count];
    }
    for (const each of factorsOf(...best, basis)) make(each);
    made.set(j, best);
  };
  for (const j of [...needed.keys()].sort((a, b) => a - b)) make(j);
  return new Map([...made].sort(([a], [b]) => a - b));
}
