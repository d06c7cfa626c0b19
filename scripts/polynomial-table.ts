/** `docs/polynomials.md`: what polynomials of each degree and parity take, counted as they are emitted. */
import { Constant } from '../ir/constant.ts';
import { polynomialDepth, polynomialWork } from '../ir/tensor/polynomial-evaluation.ts';

const degrees = [
  ...Array.from({ length: 15 }, (_, k) => k + 2),
  ...[19, 23, 27, 31, 39, 47, 55, 63, 79, 95, 111, 127, 159, 191, 223, 255],
];

interface Parity {
  readonly title: string;
  readonly has: (degree: number) => boolean;
  /** The highest degree of this parity up to one. */
  readonly upTo: (degree: number) => number;
}

const parities: readonly Parity[] = [
  { title: 'any', has: () => true, upTo: (degree) => degree },
  { title: 'even', has: (degree) => degree % 2 === 0, upTo: (degree) => degree - (degree % 2) },
  { title: 'even and x', has: (degree) => degree % 2 === 0 || degree === 1, upTo: (degree) => degree - (degree % 2) },
  { title: 'odd', has: (degree) => degree % 2 === 1, upTo: (degree) => degree - 1 + (degree % 2) },
];

/** Coefficients of which no sums vanish. */
function generic({ has, upTo }: Parity, degree: number): Constant {
  const length = upTo(degree) + 1;
  return new Constant(
    [1, length],
    Float64Array.from({ length }, (_, k) => (has(k) ? Math.sin(3 * k + 1) + 1.1 : 0)),
  );
}

export function polynomialTable(): string {
  const rows = degrees.map((degree) => {
    const cells = parities.map((parity) => {
      const coefficients = generic(parity, degree);
      const { products, relinearisations, plainProducts } = polynomialWork(coefficients, 'chebyshev');
      return `${products} / ${relinearisations} / ${plainProducts}`;
    });
    const depth = polynomialDepth(new Constant([1, degree + 1], new Float64Array(degree + 1).fill(1)), 'chebyshev');
    return `| ${degree} | ${depth} | ${cells.join(' | ')} | ${Math.ceil(Math.sqrt(degree)) - 1} |`;
  });
  const titles = ['degree', 'levels', ...parities.map(({ title }) => title), 'any method, products'];
  return [
    '# Polynomials',
    'Written by `npm run docs` by counting what is emitted. What a polynomial in the Chebyshev basis takes with one ciphertext: ' +
      'products of ciphertexts / relinearisations / products with plaintexts, by the terms that it has, up to the degree. A ' +
      'relinearisation is what is dear: with ten primes at N = 32768 it takes as long as some twenty products of ciphertexts. ' +
      'Rescales are one more than products.',
    'Every polynomial takes the least depth that there is without a leading coefficient of one. That costs most where the degree ' +
      'is one below a power of two: all quotients of highest degree have to be split down to a line. One degree more takes a level ' +
      'more, and no more relinearisations.',
    'The last column holds for any method and any depth. With k products a polynomial is a sum of x, 1 and the products, and ' +
      'the i-th product is one of two sums of x and the i − 1 before, as constants in these only change later sums: k(k + 1) + k + 2 = (k + 1)² + 1 coefficients at most, ' +
      'which have to be as many as d + 1, so that k ≥ √d − 1 for almost all polynomials of degree d (after Paterson and ' +
      'Stockmeyer, SIAM J. Comput. 2, 1973). Methods near it divide by polynomials that depend on the coefficients, which small ' +
      'leading coefficients make unstable; ours divide by powers of the basis alone, so that quotients stay as large as the polynomial within a few bits.',
    [`| ${titles.join(' | ')} |`, `| ${titles.map(() => '---').join(' | ')} |`, ...rows].join('\n'),
  ].join('\n\n');
}
