/** Rules between polynomials and the affine ops around them. */
import { Constant, elementCount, vector } from '../../../ir/constant.ts';
import { mergeOrigins } from '../../../ir/module.ts';
import type { Rule } from './rewriter.ts';

/** A polynomial of degree at most one is a scale-shift. */
export const affinePolynomial: Rule = {
  effect: 'merged',
  match: (node, graph) => {
    if (node.op !== 'polynomial') return undefined;
    const { coefficients, center, halfWidth } = node.attrs;
    const [sets = 1, terms = 1] = coefficients.shape;
    const c = coefficients.values;
    if (c.some((value, i) => i % terms > 1 && value !== 0)) return undefined;
    const slope = (set: number) => (terms > 1 ? (c[set * terms + 1] ?? 0) / halfWidth : 0);
    const offset = (set: number) => (c[set * terms] ?? 0) - slope(set) * center;
    const n = elementCount(node.type);
    const length = sets === 1 ? 1 : n;
    const spread = (of: (set: number) => number) =>
      vector(Float64Array.from({ length }, (_, i) => of(Math.floor((i * sets) / length))));
    return () =>
      graph.emit('scale-shift', node.operands, { factors: spread(slope), offsets: spread(offset) }, node.origins);
  },
};

/** p(f x + o) with the same f ≠ 0 and o for all elements is a polynomial of x on another range. */
export const scaleBeforePolynomial: Rule = {
  effect: 'merged',
  match: (node, graph) => {
    if (node.op !== 'polynomial') return undefined;
    const inner = graph.operand(node);
    if (inner.op !== 'scale-shift') return undefined;
    const factor = uniform(inner.attrs.factors);
    const offset = uniform(inner.attrs.offsets);
    if (factor === undefined || offset === undefined || factor === 0) return undefined;
    const { basis, coefficients, center, halfWidth } = node.attrs;
    const [, terms = 1] = coefficients.shape;
    // A negative factor mirrors the range: odd terms change their sign, in either basis.
    const mirrored =
      factor > 0 ? coefficients.values : coefficients.values.map((c, i) => ((i % terms) % 2 === 1 ? -c : c));
    const attrs = {
      basis,
      coefficients: new Constant(coefficients.shape, mirrored),
      center: (center - offset) / factor,
      halfWidth: halfWidth / Math.abs(factor),
    };
    return () => graph.emit('polynomial', inner.operands, attrs, mergeOrigins(inner.origins, node.origins));
  },
};

/**
 * f p(x) + o with the same f and o for all elements. Different ones are left for the next linear op: coefficients
 * that differ between elements cost a quadratic the common leading coefficient that makes it one level cheaper.
 */
export const scaleAfterPolynomial: Rule = {
  effect: 'merged',
  match: (node, graph) => {
    if (node.op !== 'scale-shift') return undefined;
    const inner = graph.operand(node);
    if (inner.op !== 'polynomial' || !graph.isUsedOnce(inner)) return undefined;
    const factor = uniform(node.attrs.factors);
    const offset = uniform(node.attrs.offsets);
    if (factor === undefined || offset === undefined) return undefined;
    const { coefficients } = inner.attrs;
    const [, terms = 1] = coefficients.shape;
    const scaled = coefficients.values.map((c, i) => factor * c + (i % terms === 0 ? offset : 0));
    const attrs = { ...inner.attrs, coefficients: new Constant(coefficients.shape, scaled) };
    return () => graph.emit('polynomial', inner.operands, attrs, mergeOrigins(inner.origins, node.origins));
  },
};

function uniform(constant: Constant): number | undefined {
  const [first = 0] = constant.values;
  return constant.values.every((v) => v === first) ? first : undefined;
}
