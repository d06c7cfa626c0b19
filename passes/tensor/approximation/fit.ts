/** Polynomials in place of one activation, by degree and criterion; each is computed once. */
import { Constant } from '../../../ir/constant.ts';
import { activationFunction, activationKinks, activationSets } from '../../../ir/interpret/activations.ts';
import { degreeOf } from '../../../ir/interpret/polynomial.ts';
import type { AttrsOf } from '../../../ir/op.ts';
import type { TensorOps } from '../../../ir/tensor/ops.ts';
import type { Approximation, Range, Target } from './approximation.ts';
import { leastSquares } from './least-squares.ts';
import type { MeasuredActivation } from './measure.ts';
import { minimax } from './remez.ts';

export type Criterion = 'minimax' | 'least-squares';
export type PolynomialAttrs = AttrsOf<TensorOps['polynomial']>;

/** Coefficients below this part of the largest one are rounding, such as the odd ones of an even function. */
const negligiblePart = 1e-12;

export class ActivationFit {
  readonly activation: MeasuredActivation;
  private readonly known = new Map<string, PolynomialAttrs>();

  constructor(activation: MeasuredActivation) {
    this.activation = activation;
  }

  get range(): Range {
    return this.activation.range;
  }

  /** The attributes of the polynomial of this degree at most. */
  polynomial(degree: number, criterion: Criterion): PolynomialAttrs {
    const key = `${criterion} ${degree}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const { center, halfWidth } = this.range;
    const attrs = {
      basis: 'chebyshev' as const,
      coefficients: this.coefficients(degree, criterion),
      center,
      halfWidth,
    };
    this.known.set(key, attrs);
    return attrs;
  }

  private coefficients(degree: number, criterion: Criterion): Constant {
    const { attrs } = this.activation.node;
    const { center, halfWidth } = this.range;
    const sets = activationSets(attrs);
    // prelu(x) = slope · x + (1 − slope) · relu(x): its best approximations are those of relu, combined alike.
    const shared = attrs.kind === 'prelu' ? { kind: 'relu' as const, parameters: [] } : attrs;
    const target: Target = { f: activationFunction(shared), kinks: activationKinks(shared), range: this.range };
    const base = this.approximate(target, degree, criterion).coefficients;
    const rows = Array.from({ length: sets }, (_, set) => {
      if (attrs.kind !== 'prelu') return base;
      const slope = attrs.parameters[set] ?? 0;
      const line = [slope * center, slope * halfWidth];
      return base.map((c, k) => (1 - slope) * c + (line[k] ?? 0));
    });
    return trimmed(rows);
  }

  private approximate(target: Target, degree: number, criterion: Criterion): Approximation {
    if (criterion === 'minimax') return minimax(target, degree);
    return leastSquares(target, degree, this.activation.histogram);
  }
}

/** The rows as coefficients [sets, degree + 1], without terms that are negligible in all of them. */
function trimmed(rows: readonly Float64Array[]): Constant {
  const cleaned = rows.map((row) => {
    const largest = row.reduce((most, c) => Math.max(most, Math.abs(c)), 0);
    return row.map((c) => (Math.abs(c) <= negligiblePart * largest ? 0 : c));
  });
  const terms = Math.max(...cleaned.map(degreeOf)) + 1;
  return new Constant([rows.length, terms], Float64Array.from(cleaned.flatMap((row) => [...row.subarray(0, terms)])));
}
