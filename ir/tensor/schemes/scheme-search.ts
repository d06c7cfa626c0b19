/**
 * The search for the cheapest scheme of a polynomial (`evaluation-scheme.ts`): which powers are made.
 *
 * First all even and all odd ones up to two bounds, and giant steps by doubling, for every pair of bounds; the best of these are
 * improved on by taking a power away, adding or replacing one. Up to degree 12 tests find nothing better among all choices of
 * powers.
 */
import { InternalError } from '../../diagnostics/diagnostic.ts';
import { type Basis, degreeOf, type PricedScheme, pricedScheme, type Scheme, type Terms } from './evaluation-scheme.ts';

/** Baby steps beyond which none pays, up to degree 1023. */
const mostBabies = 32;

/** Schemes of different baby steps that are improved on. */
const mostStarts = 8;

/** How much dearer than the cheapest one they may be. */
const worthImproving = 1.1;

/** Degrees at which powers are also replaced; beyond them that takes long, and gains a thousandth. */
const mostReplaced = 63;

const known = new Map<string, PricedScheme>();

/** The cheapest scheme of at most `depth` levels, of which there are enough; `also` is a power that is needed besides. */
export function schemeFor(terms: Terms, basis: Basis, depth: number, also?: number): PricedScheme {
  const key = `${basis} ${terms.even} ${terms.odd} ${depth} ${also ?? ''}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const found = search(terms, basis, depth, also);
  known.set(key, found);
  return found;
}

function search(terms: Terms, basis: Basis, depth: number, also: number | undefined): PricedScheme {
  const degree = degreeOf(terms);
  const priced = (powers: ReadonlySet<number>, limit: number): PricedScheme | undefined =>
    pricedScheme(terms, powers, { basis, depth, also, limit });
  const improved = (scheme: PricedScheme, near: Neighbourhood): PricedScheme => {
    for (const powers of near(scheme.powers, degree)) {
      const better = priced(powers, scheme.cost);
      if (better !== undefined) return improved(better, near);
    }
    return scheme;
  };
  const byBabies = new Map<number, PricedScheme>();
  for (const { babies, powers } of babiesAndGiants(terms)) {
    const found = priced(powers, byBabies.get(babies)?.cost ?? Infinity);
    if (found !== undefined) byBabies.set(babies, found);
  }
  const byCost = (a: PricedScheme, b: PricedScheme): number => a.cost - b.cost;
  const [cheapest, ...others] = [...byBabies.values()].sort(byCost).slice(0, mostStarts);
  if (cheapest === undefined)
    throw new InternalError(`a polynomial of degree ${degree} takes more than ${depth} levels`);
  const starts = [cheapest, ...others.filter(({ cost }) => cost <= worthImproving * cheapest.cost)];
  const [best = cheapest] = starts.map((start) => improved(start, neighbours)).sort(byCost);
  return degree <= mostReplaced ? improved(best, replaced) : best;
}

/**
 * All even and all odd powers up to two bounds, with the highest of them or one of the next two doubled again and again, and
 * with or without powers of two. The bounds are close to each other, unless one is the highest term.
 */
function* babiesAndGiants(terms: Terms): Generator<{ babies: number; powers: ReadonlySet<number> }> {
  const degree = degreeOf(terms);
  const [lastEven, lastOdd] = [
    Math.min(Math.max(terms.even, 0), mostBabies),
    Math.min(Math.max(terms.odd, 1), mostBabies),
  ];
  for (let even = 0; even <= lastEven; even += 2) {
    for (let odd = 1; odd <= lastOdd; odd += 2) {
      if (Math.abs(even - odd) > 3 && even < lastEven - 1 && odd < lastOdd - 1) continue;
      const babies = Math.max(even, odd);
      for (const giant of [babies, babies + 1, babies + 2]) {
        const powers = new Set<number>();
        for (let j = 2; j <= even; j += 2) powers.add(j);
        for (let j = 3; j <= odd; j += 2) powers.add(j);
        for (let j = Math.max(2, giant); j <= degree; j *= 2) powers.add(j);
        yield { babies, powers: new Set(powers) };
        for (let j = 2; j <= degree; j *= 2) powers.add(j);
        yield { babies, powers };
      }
    }
  }
}

type Neighbourhood = (powers: Scheme['powers'], degree: number) => Iterable<ReadonlySet<number>>;

/** With one power less, or one more. */
function* neighbours(powers: ReadonlyMap<number, unknown>, degree: number): Generator<ReadonlySet<number>> {
  const all = [...powers.keys()];
  for (const left of all) yield new Set(all.filter((j) => j !== left));
  for (const more of candidates(powers, degree)) yield new Set([...all, more]);
}

/** With another power in place of one, beside those of `neighbours`. */
function* replaced(powers: ReadonlyMap<number, unknown>, degree: number): Generator<ReadonlySet<number>> {
  yield* neighbours(powers, degree);
  for (const left of powers.keys())
    for (const more of candidates(powers, degree)) yield new Set([...powers.keys(), more].filter((j) => j !== left));
}

/** Of large powers, which are in no leaf, only those pay that many splits can be at. */
function candidates(powers: ReadonlyMap<number, unknown>, degree: number): number[] {
  const others: number[] = [];
  for (let j = 2; j <= degree; j += j < mostBabies ? 1 : 4) if (!powers.has(j)) others.push(j);
  return others;
}
