/**
 * Polynomials as ciphertext operations, in the least depth: ⌈log2(degree + 1)⌉, or log2(degree) for powers up to a power of
 * two whose leading coefficient is one, such as a monic quadratic.
 *
 * With m the largest power of two up to the degree, p = q · φ_m + r, where φ_m is the m-th power or Chebyshev
 * polynomial (T_{m+i} = 2 T_m T_i − T_{m−i}); q and r are evaluated alike down to degree one, whose coefficients are
 * plaintexts, so that scale assignment can bring every summand to the scale of the others (Paterson and Stockmeyer
 * 1973; Chebyshev form as in Chen, Chillotti and Song, Eurocrypt 2019, section 5).
 */
import type { Constant } from '../constant.ts';

export type Basis = 'power' | 'chebyshev';

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

/** Ciphertext products, each with a relinearisation. */
export function polynomialProducts(coefficients: Constant, basis: Basis): number {
  let products = 0;
  const counter: PolynomialTarget<null> = {
    multiplyTerm: () => null,
    addTerm: () => null,
    add: () => null,
    multiply: () => {
      products++;
      return null;
    },
  };
  emitPolynomial(counter, null, coefficients, basis);
  return products;
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
  const monic = monicCoefficient(coefficients, basis) === 1;
  const powers = new Map<number, Value>([[1, x]]);
  const power = (m: number): Value => {
    const known = powers.get(m);
    if (known !== undefined) return known;
    const half = power(m / 2);
    const square = target.multiply(half, half);
    const value = basis === 'power' ? square : target.addTerm(target.add(square, square), ones(terms, -1));
    powers.set(m, value);
    return value;
  };
  // The constant of a degree-zero polynomial is left to the caller: it has no ciphertext to be added to.
  const evaluate = (p: readonly Term[]): Value | undefined => {
    const degree = p.length - 1;
    if (degree <= 0) return undefined;
    const m = 2 ** Math.floor(Math.log2(degree));
    const { quotient, remainder } = divide(p, m, basis);
    const q = evaluate(quotient);
    const [q0] = quotient;
    let value: Value;
    if (q !== undefined) value = target.multiply(q, power(m));
    else if (monic && p === terms) value = power(m);
    else value = target.multiplyTerm(power(m), q0 ?? ones(terms, 0));
    const r = evaluate(remainder);
    if (r !== undefined) value = target.add(value, r);
    else if (remainder[0] !== undefined && !isZero(remainder[0])) value = target.addTerm(value, remainder[0]);
    return value;
  };
  return evaluate(terms);
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

function ones(terms: readonly Term[], value: number): Term {
  return new Float64Array(terms[0]?.length ?? 1).fill(value);
}
