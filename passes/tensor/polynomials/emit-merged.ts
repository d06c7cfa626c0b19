/** The ops of a value that is evaluated as the polynomial of another. */
import { elementCount, indexConstant, sameShape, vector } from '../../../ir/constant.ts';
import type { NodeRef } from '../../../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../../../ir/op.ts';
import type { Shape, TensorBuilder } from '../../../ir/tensor/ops.ts';
import { monicCoefficient } from '../../../ir/tensor/polynomial-evaluation.ts';
import { coefficientsOf } from './coefficients.ts';
import { ElementPolynomial, entry, isAll, type Term } from './element-polynomial.ts';
import type { Merged } from './polynomial-plan.ts';

/** Leading coefficients are divided out up to this ratio: the digits of the smallest element are those of the largest. */
const maxRatio = 64;

const zero = Float64Array.of(0);

/** `x` is the value of the base, `shape` that of the result. */
export function emitMerged(
  builder: TensorBuilder,
  { view, center }: Merged,
  x: ValueId,
  shape: Shape,
  origins: readonly NodeRef[],
): ValueId {
  if (view.isIdentity) return reshaped(builder, x, shape, origins);
  if (view.degree < 2) {
    const scaled = scale(builder, x, view.term(1), view.term(0), origins);
    return reshaped(builder, scaled, shape, origins);
  }
  const moved = view.about(center);
  const leading = moved.term(moved.degree);
  if (!isDivisible(moved, shape)) return emitPowers(builder, moved.terms, { x, center, shape, origins });
  // The linear op behind it takes the leading coefficients in, and what is monic takes a level less.
  const monic = moved.terms.map((term) => leading.map((c, e) => entry(term, e) / c));
  const value = emitPowers(builder, monic, { x, center, shape, origins });
  return scale(builder, value, leading, zero, origins);
}

interface Place {
  readonly x: ValueId;
  readonly center: number;
  readonly shape: Shape;
  readonly origins: readonly NodeRef[];
}

function emitPowers(builder: TensorBuilder, terms: readonly Term[], { x, center, shape, origins }: Place): ValueId {
  const coefficients = coefficientsOf(terms, shape);
  const [sets = 1] = coefficients.shape;
  // One set fits any shape, and the result is reshaped where linear ops flatten anyway; others go with a first axis.
  const own = sets === 1 ? builder.typeOf(x) : sets === shape[0] ? shape : [elementCount(shape)];
  const operand = reshaped(builder, x, own, origins);
  const attrs = { basis: 'power' as const, coefficients, center, halfWidth: 1 };
  return reshaped(builder, builder.add('polynomial', [operand], attrs, origins), shape, origins);
}

/** Whether elements differ in a leading coefficient that would be divided out if they did not. */
function isDivisible(view: ElementPolynomial, shape: Shape): boolean {
  const leading = view.term(view.degree);
  if (view.isUniform || isAll(leading, leading[0] ?? 0)) return false;
  const alike = ElementPolynomial.of(view.terms.with(-1, Float64Array.of(1)));
  if (monicCoefficient(coefficientsOf(alike.terms, shape), 'power') === undefined) return false;
  const sizes = leading.map(Math.abs);
  const [least, most] = sizes.reduce(([a, b], size) => [Math.min(a, size), Math.max(b, size)], [Infinity, 0]);
  return least > 0 && most <= maxRatio * least;
}

function scale(builder: TensorBuilder, x: ValueId, factors: Term, offsets: Term, origins: readonly NodeRef[]): ValueId {
  return builder.add('scale-shift', [x], { factors: shared(factors), offsets: shared(offsets) }, origins);
}

function shared(term: Term) {
  const [first = 0] = term;
  return vector(isAll(term, first) ? [first] : term);
}

function reshaped(builder: TensorBuilder, x: ValueId, shape: Shape, origins: readonly NodeRef[]): ValueId {
  if (sameShape(builder.typeOf(x), shape)) return x;
  const index = indexConstant(
    shape,
    Int32Array.from({ length: elementCount(shape) }, (_, i) => i),
  );
  return builder.add('gather', [x], { index }, origins);
}
