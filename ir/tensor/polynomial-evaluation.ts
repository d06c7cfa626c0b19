/**
 * Polynomials as ciphertext operations, in the least depth: ⌈log2(degree + 1)⌉, or log2(degree) for powers up to a power of
 * two whose leading coefficient is one, such as a monic quadratic; and with as few products as there are at that depth
 * (`schemes/scheme-search.ts`). Coefficients are plaintexts, so that scale assignment can bring every summand to the scale of the
 * others. Quotients of Chebyshev polynomials are products (`schemes/chebyshev-quotient.ts`). In the Chebyshev basis T_{m+i} = 2 T_m T_i − T_{m−i} (Chen, Chillotti and Song, Eurocrypt 2019, section 5).
 */
import type { Constant } from '../constant.ts';
import type { Basis, Scheme, Split, Terms } from './schemes/evaluation-scheme.ts';
import { chebyshevQuotient, type ChebyshevQuotient } from './schemes/chebyshev-quotient.ts';
import { schemeFor } from './schemes/scheme-search.ts';

export type { Basis };

/** Coefficients of one degree, by set. */
type Term = Float64Array;

/** Where the ops go. `Value` is a ciphertext of the layout's ciphertext at hand. */
export interface PolynomialTarget<Value> {
  /** Coefficients by set, as a plaintext over the slots. */
  multiplyTerm(x: Value, term: Term): Value;
  addTerm(x: Value, term: Term): Value;
  multiply(x: Value, y: Value): Value;
  add(x: Value, y: Value): Value;
}

/** Rescales between operand and result, where scaling has made one of a leading coefficient that can become it. */
export function polynomialDepth(coefficients: Constant, basis: Basis): number {
  const degree = termsOf(coefficients).length - 1;
  if (degree <= 0) return 0;
  return Math.ceil(Math.log2(degree + (monicCoefficient(coefficients, basis) === undefined ? 1 : 0)));
}

/**
 * The leading coefficient that has to be one for the depth to be least: where the degree is a power of two and all sets
 * share that coefficient, scaling the result makes it one.
 */
export function monicCoefficient(coefficients: Constant, basis: Basis): number | undefined {
  const terms = termsOf(coefficients);
  const degree = terms.length - 1;
  const leading = terms[degree];
  if (basis !== 'power' || degree < 2 || !Number.isInteger(Math.log2(degree)) || leading === undefined)
    return undefined;
  return leading.every((c) => c === leading[0]) ? leading[0] : undefined;
}

/** Operations on ciphertexts. */
export interface PolynomialWork {
  readonly products: number;
  /** Products that are summed share one. */
  readonly relinearisations: number;
  readonly plainProducts: number;
}

/** What evaluation takes as it is emitted. */
export function polynomialWork(coefficients: Constant, basis: Basis): PolynomialWork {
  let [products, relinearisations, plainProducts] = [0, 0, 0];
  /** A value, and whether it is a sum of products that has not been relinearised. */
  interface Counted {
    isWide: boolean;
  }
  const narrow = (value: Counted): void => {
    if (value.isWide) relinearisations++;
    value.isWide = false;
  };
  const counter: PolynomialTarget<Counted> = {
    multiplyTerm: (x) => {
      narrow(x);
      plainProducts++;
      return { isWide: false };
    },
    addTerm: (x) => x,
    add: (x, y) => ({ isWide: x.isWide || y.isWide }),
    multiply: (x, y) => {
      narrow(x);
      narrow(y);
      products++;
      return { isWide: true };
    },
  };
  const result = emitPolynomial(counter, { isWide: false }, coefficients, basis);
  if (result !== undefined) narrow(result);
  return { products, relinearisations, plainProducts };
}

/** Ciphertext products. */
export function polynomialProducts(coefficients: Constant, basis: Basis): number {
  return polynomialWork(coefficients, basis).products;
}

/**
 * Emits p(x). With a leading coefficient that can be one and is, its power is not multiplied: x · x + c1 x + c0 in depth one.
 * Returns undefined for a constant polynomial: there is nothing encrypted in it.
 */
export function emitPolynomial<Value>(
  target: PolynomialTarget<Value>,
  x: Value,
  coefficients: Constant,
  basis: Basis,
): Value | undefined {
  const terms = termsOf(coefficients);
  if (terms.length <= 1) return undefined;
  const quotient = basis === 'chebyshev' ? chebyshevQuotient(coefficients) : undefined;
  if (quotient !== undefined) return emitQuotient(target, x, quotient);
  const degree = terms.length - 1;
  const sets = terms[0]?.length ?? 1;
  if (monicCoefficient(coefficients, basis) !== 1) {
    const scheme = schemeFor(shapeOf(terms), basis, Math.ceil(Math.log2(degree + 1)));
    return new Evaluation(target, x, { basis, scheme, sets }).value(terms, scheme.split);
  }
  const below = terms.slice(0, degree);
  const scheme = schemeFor(shapeOf(below), basis, Math.log2(degree), degree);
  const evaluation = new Evaluation(target, x, { basis, scheme, sets });
  return evaluation.plus(evaluation.power(degree), below, scheme.split);
}

/**
 * A factor T + c is two products with T and a constant, so that T alone is relinearised, for the next square as well: this costs
 * no level, since all but the first square have one to spare.
 */
function emitQuotient<Value>(target: PolynomialTarget<Value>, x: Value, quotient: ChebyshevQuotient): Value {
  const { pole, levels, factors } = quotient;
  const constant = (c: number): Term => new Float64Array(factors.length).fill(c);
  const first = target.multiplyTerm(x, factors);
  let value = target.addTerm(
    first,
    factors.map((factor) => factor * pole),
  );
  let [chebyshev, atPole] = [x, pole];
  for (let i = 1; i < levels; i++) {
    const square = target.multiply(chebyshev, chebyshev);
    chebyshev = target.addTerm(target.add(square, square), constant(-1));
    atPole = 2 * atPole * atPole - 1;
    value = target.add(target.multiply(value, chebyshev), target.multiplyTerm(value, constant(atPole)));
  }
  return value;
}

function shapeOf(terms: readonly Term[]): Terms {
  const highest = (parity: number): number =>
    terms.findLastIndex((term, degree) => degree % 2 === parity && !isZero(term));
  return { even: highest(0), odd: highest(1) };
}

interface EvaluationParts {
  readonly basis: Basis;
  readonly scheme: Scheme;
  readonly sets: number;
}

class Evaluation<Value> {
  private readonly target: PolynomialTarget<Value>;
  private readonly basis: Basis;
  private readonly scheme: Scheme;
  private readonly powers: Map<number, Value>;
  /** For each set. */
  private readonly minusOne: Term;

  constructor(target: PolynomialTarget<Value>, x: Value, { basis, scheme, sets }: EvaluationParts) {
    this.target = target;
    this.basis = basis;
    this.scheme = scheme;
    this.powers = new Map([[1, x]]);
    this.minusOne = new Float64Array(sets).fill(-1);
  }

  /** φ_j(x), made when it is first asked for. */
  power(j: number): Value {
    const before = this.powers.get(j);
    if (before !== undefined) return before;
    const { target } = this;
    const [a, b] = this.scheme.powers.get(j) ?? [j - 1, 1];
    const product = target.multiply(this.power(a), this.power(b));
    const value = this.basis === 'power' ? product : this.reflected(target.add(product, product), a - b);
    this.powers.set(j, value);
    return value;
  }

  /** Undefined for a constant: it has no ciphertext to be added to, and is left to the caller. */
  value(terms: readonly Term[], split: Split): Value | undefined {
    const { target, basis } = this;
    if (split.kind === 'leaf') return this.leaf(terms);
    const { at } = split;
    const { quotient, remainder } = divide(terms, at, basis);
    const q = this.value(quotient, split.quotient);
    const product =
      q === undefined
        ? target.multiplyTerm(this.power(at), quotient[0] ?? zero(terms))
        : target.multiply(q, this.power(at));
    return this.plus(product, remainder, split.remainder);
  }

  /** `value` and the polynomial. */
  plus(value: Value, terms: readonly Term[], split: Split): Value {
    const { target } = this;
    const more = this.value(terms, split);
    if (more !== undefined) return target.add(value, more);
    const [constant] = terms;
    return constant === undefined || isZero(constant) ? value : target.addTerm(value, constant);
  }

  private leaf(terms: readonly Term[]): Value | undefined {
    const { target } = this;
    let sum: Value | undefined;
    for (const [j, term] of terms.entries()) {
      if (j === 0 || isZero(term)) continue;
      const product = target.multiplyTerm(this.power(j), term);
      sum = sum === undefined ? product : target.add(sum, product);
    }
    const [constant] = terms;
    return sum === undefined || constant === undefined || isZero(constant) ? sum : target.addTerm(sum, constant);
  }

  /** value − T_j(x). */
  private reflected(value: Value, j: number): Value {
    const { target } = this;
    if (j === 0) return target.addTerm(value, this.minusOne);
    return target.add(value, target.multiplyTerm(this.power(j), this.minusOne));
  }
}

function divide(p: readonly Term[], m: number, basis: Basis): { quotient: Term[]; remainder: Term[] } {
  const remainder = p.slice(0, m).map((term) => term.slice());
  const quotient = p.slice(m).map((term) => term.slice());
  if (basis === 'chebyshev') {
    for (let i = 1; i < quotient.length; i++) {
      const high = quotient[i];
      const low = remainder[m - i];
      if (high === undefined || low === undefined) continue;
      for (let set = 0; set < high.length; set++) {
        low[set] = (low[set] ?? 0) - (high[set] ?? 0);
        high[set] = 2 * (high[set] ?? 0);
      }
    }
  }
  return { quotient: trim(quotient), remainder: trim(remainder) };
}

/** Coefficients by degree, each by set, without leading zeros. */
function termsOf(coefficients: Constant): Term[] {
  const [sets = 0, count = 0] = coefficients.shape;
  const values = coefficients.values;
  const terms = Array.from({ length: count }, (_, k) =>
    Float64Array.from({ length: sets }, (_, set) => values[set * count + k] ?? 0),
  );
  return trim(terms);
}

function trim(terms: Term[]): Term[] {
  let length = terms.length;
  while (length > 0 && isZero(terms[length - 1] ?? new Float64Array())) length--;
  return terms.slice(0, length);
}

function isZero(term: Term): boolean {
  return term.every((c) => c === 0);
}

function zero(terms: readonly Term[]): Term {
  return new Float64Array(terms[0]?.length ?? 1);
}
