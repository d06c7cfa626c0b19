/** What may stand for one activation, by depth; each is computed once. */
import { Constant } from '../../../ir/constant.ts';
import { activationFunction, activationKinks, activationSets } from '../../../ir/interpret/activations.ts';
import { degreeOf } from '../../../ir/interpret/polynomial.ts';
import { highestDegree } from '../../../ir/maths/highest-degree.ts';
import { quotientCoefficients } from '../../../ir/tensor/schemes/chebyshev-quotient.ts';
import type { Approximation, Range, Target } from './approximation.ts';
import { chooseComposites, type Criterion } from './composite-choice.ts';
import { evenPolynomial } from './even-fit.ts';
import { leastSquares } from './least-squares.ts';
import type { MeasuredActivation } from './measure.ts';
import { minimax } from './remez.ts';
import {
  compositeStandIn,
  highestDegreeOf,
  polynomialStandIn,
  type SignForm,
  signForm,
  type StandIn,
} from './stand-in.ts';

/** Levels from which on a polynomial that is closest to a reciprocal takes fewer products than others of its depth. */
const leastReciprocalDepth = 5;

/** Of polynomials that are closest to a reciprocal. */
const leastRelativeError = 1e-8;

/** Coefficients below this part of the largest one are rounding, such as the odd ones of an even function. */
const negligiblePart = 1e-12;

/**
 * The highest degree of each depth: ⌈log2(degree + 1)⌉ levels, and one for a quadratic that can be monic; those in between save
 * products.
 */
const degreesByDepth: readonly (readonly number[])[] = [
  [],
  [2],
  [2, 3],
  [5, 7],
  [11, 15],
  [23, 31],
  [47, 63],
  [95, 127],
  [191, highestDegree],
];

const evenDegreesByDepth: readonly (readonly number[])[] = [
  [],
  [],
  [],
  [4, 6],
  [10, 14],
  [18, 22, 30],
  [38, 46, 62],
  [78, 94, 126],
  [142, 158, 190, 254],
];

export class ActivationFit {
  readonly activation: MeasuredActivation;
  private readonly polynomials = new Map<string, StandIn>();
  private readonly composites = new Map<Criterion, readonly StandIn[]>();

  /** Undefined of a function without breaks in the range. */
  private readonly form: SignForm | undefined;

  constructor(activation: MeasuredActivation) {
    this.activation = activation;
    this.form = signForm(activation.node.attrs, activation.range);
  }

  get range(): Range {
    return this.activation.range;
  }

  /** The polynomial of this degree at most. */
  polynomial(degree: number, criterion: Criterion): StandIn {
    const key = `${criterion} ${degree}`;
    const known = this.polynomials.get(key);
    if (known !== undefined) return known;
    const { center, halfWidth } = this.range;
    const coefficients = this.coefficients(degree, criterion);
    const standIn = polynomialStandIn({ basis: 'chebyshev', coefficients, center, halfWidth }, this.range);
    this.polynomials.set(key, standIn);
    return standIn;
  }

  /** For functions with one kink, polynomials that are even but for a line, of about the degrees of a depth, ascending. */
  evenPolynomialsOf(depth: number, criterion: Criterion, most: number): StandIn[] {
    const degrees = (evenDegreesByDepth[depth] ?? []).filter((degree) => degree <= most);
    return degrees.flatMap((degree) => this.evenPolynomial(degree, criterion) ?? []);
  }

  private evenPolynomial(degree: number, criterion: Criterion): StandIn | undefined {
    const key = `even ${criterion} ${degree}`;
    const known = this.polynomials.get(key);
    if (known !== undefined || this.form === undefined) return known;
    const attrs = evenPolynomial(this.form, degree, criterion, this.activation.histogram);
    if (attrs === undefined) return undefined;
    const standIn = polynomialStandIn(attrs, this.range);
    this.polynomials.set(key, standIn);
    return standIn;
  }

  /** Polynomials of the degrees of a depth, ascending, none beyond the highest degree; terms that are zero may leave less depth. */
  polynomialsOf(depth: number, criterion: Criterion, most: number): StandIn[] {
    const beyond = (degree: number, before: number | undefined): boolean =>
      degree > most && (before ?? 2 ** (depth - 1) - 1) >= most;
    const degrees = (degreesByDepth[depth] ?? []).filter((degree, k, all) => !beyond(degree, all[k - 1]));
    return degrees
      .map((degree) => this.polynomial(Math.min(degree, most), criterion))
      .filter((each) => each.depth <= depth);
  }

  /** Of a reciprocal the polynomial of a depth that is closest to it relative to its values, which takes the fewest products. */
  reciprocalsOf(depth: number, most: number): StandIn[] {
    const { center, halfWidth } = this.range;
    const degree = 2 ** depth - 1;
    if (this.activation.node.attrs.kind !== 'reciprocal' || depth < leastReciprocalDepth || degree > most) return [];
    const key = `reciprocal ${depth}`;
    const known = this.polynomials.get(key);
    if (known !== undefined) return [known];
    const pole = -center / halfWidth;
    // Below that rounding is larger.
    const atPole = Math.cosh(2 ** depth * Math.acosh(Math.abs(pole)));
    if (!(atPole < 1 / leastRelativeError)) return [];
    const coefficients = quotientCoefficients(pole, depth).map((c) => -c / (atPole * halfWidth));
    const attrs = { basis: 'chebyshev' as const, coefficients: trimmed([coefficients]), center, halfWidth };
    const standIn = polynomialStandIn(attrs, this.range);
    this.polynomials.set(key, standIn);
    return [standIn];
  }

  /** Composites of a depth, by ascending products; none for functions that are smooth. */
  compositesOf(depth: number, criterion: Criterion, most: number): readonly StandIn[] {
    return this.allComposites(criterion).filter((each) => each.depth === depth && highestDegreeOf(each.node) <= most);
  }

  private allComposites(criterion: Criterion): readonly StandIn[] {
    const known = this.composites.get(criterion);
    if (known !== undefined) return known;
    const { form } = this;
    const found =
      form === undefined
        ? []
        : chooseComposites(form, this.activation.histogram, criterion).map((sign) => compositeStandIn(form, sign));
    this.composites.set(criterion, found);
    return found;
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
