/**
 * Polynomials of one value, element by element, in powers and in double precision.
 *
 * A term holds the coefficients of one degree: one number for all elements, or one for each. Beside every coefficient stands
 * the sum of what was added up to it in absolute value, so that what cancels is known to be zero and not rounding.
 */

/** Coefficients of one degree: of length one, or one for each element. */
export type Term = Float64Array;

/** What a coefficient may be of the summands that it is the sum of, and still be rounding. */
const rounding = 2 ** -46;

const zero = Float64Array.of(0);
const one = Float64Array.of(1);

export class ElementPolynomial {
  /** By degree, without leading terms that are zero for all elements. */
  readonly terms: readonly Term[];
  /** For each coefficient the sum of its summands in absolute value. */
  private readonly sizes: readonly Term[];

  private constructor(terms: readonly Term[], sizes: readonly Term[]) {
    const settled = terms.map((term, k) => settle(term, sizes[k] ?? zero));
    const degree = settled.findLastIndex((term) => term.some((c) => c !== 0));
    this.terms = settled.slice(0, degree + 1);
    this.sizes = sizes.slice(0, degree + 1);
  }

  /** Σ terms[k] · x^k. */
  static of(terms: readonly Term[]): ElementPolynomial {
    return new ElementPolynomial(
      terms,
      terms.map((term) => term.map(Math.abs)),
    );
  }

  static readonly identity = ElementPolynomial.of([zero, one]);

  /** 0 for constants, zero among them. */
  get degree(): number {
    return Math.max(0, this.terms.length - 1);
  }

  get isIdentity(): boolean {
    return this.degree === 1 && isAll(this.term(0), 0) && isAll(this.term(1), 1);
  }

  term(k: number): Term {
    return this.terms[k] ?? zero;
  }

  /** Whether all elements have the same coefficients. */
  get isUniform(): boolean {
    return this.terms.every((term) => isAll(term, term[0] ?? 0));
  }

  plus(other: ElementPolynomial): ElementPolynomial {
    const length = Math.max(this.terms.length, other.terms.length);
    const sum = (of: (p: ElementPolynomial, k: number) => Term): Term[] =>
      Array.from({ length }, (_, k) => added(of(this, k), of(other, k)));
    return new ElementPolynomial(
      sum((p, k) => p.term(k)),
      sum((p, k) => p.size(k)),
    );
  }

  times(other: ElementPolynomial): ElementPolynomial {
    const length = Math.max(0, this.terms.length + other.terms.length - 1);
    const product = (of: (p: ElementPolynomial, k: number) => Term): Term[] => {
      const terms = Array.from({ length }, (): Term => zero);
      for (const i of this.terms.keys())
        for (const j of other.terms.keys())
          terms[i + j] = added(terms[i + j] ?? zero, multiplied(of(this, i), of(other, j)));
      return terms;
    };
    return new ElementPolynomial(
      product((p, k) => p.term(k)),
      product((p, k) => p.size(k)),
    );
  }

  /** outer(p(x)), where outer has the given terms. */
  into(outer: readonly Term[]): ElementPolynomial {
    return outer.reduceRight<ElementPolynomial>(
      (sum, term) => sum.times(this).plus(ElementPolynomial.of([term])),
      ElementPolynomial.of([]),
    );
  }

  /** The same polynomial in powers of x − center. */
  about(center: number): ElementPolynomial {
    return center === 0 ? this : ElementPolynomial.of([Float64Array.of(center), one]).into(this.terms);
  }

  /** The coefficients of element e, by degree. */
  at(e: number): Float64Array {
    return Float64Array.from(this.terms, (term) => entry(term, e));
  }

  private size(k: number): Term {
    return this.sizes[k] ?? zero;
  }
}

/** What a term says of element e. */
export function entry(term: Term, e: number): number {
  return term[term.length === 1 ? 0 : e] ?? 0;
}

export function isAll(term: Term, value: number): boolean {
  return term.every((c) => c === value);
}

function settle(term: Term, sizes: Term): Term {
  const isRounding = (c: number, e: number): boolean => c !== 0 && Math.abs(c) <= rounding * entry(sizes, e);
  return term.some(isRounding) ? term.map((c, e) => (isRounding(c, e) ? 0 : c)) : term;
}

function added(a: Term, b: Term): Term {
  if (isZero(a)) return b;
  if (isZero(b)) return a;
  return combined(a, b, (x, y) => x + y);
}

function multiplied(a: Term, b: Term): Term {
  if (isZero(a) || isZero(b)) return zero;
  return combined(a, b, (x, y) => x * y);
}

function isZero(term: Term): boolean {
  return term.length === 1 && term[0] === 0;
}

function combined(a: Term, b: Term, f: (x: number, y: number) => number): Term {
  return Float64Array.from({ length: Math.max(a.length, b.length) }, (_, e) => f(entry(a, e), entry(b, e)));
}
