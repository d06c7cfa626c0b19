/**
 * Which polynomials of which other values a value is.
 *
 * A value that sums, products, powers and scales of a _base_ make, element by element, has a _view_ on that base. Reshapes
 * keep elements in their order, so views go through them.
 */
import { elementCount } from '../../../ir/constant.ts';
import type { ValueId } from '../../../ir/op.ts';
import type { TensorModule, TensorNode, TensorNodeNamed } from '../../../ir/tensor/ops.ts';
import { isReshape } from '../../../ir/tensor/reshape.ts';
import { ElementPolynomial, type Term } from './element-polynomial.ts';

/** By base, the farthest first and the value itself last. */
export type Views = ReadonlyMap<ValueId, ElementPolynomial>;

/** As far as the importer takes powers; beyond, powers cancel more digits than doubles have. */
const maxDegree = 16;

/** The farthest that are kept: chains of elementwise ops have as many bases as ops. */
const maxBases = 8;

/** The ops that treat every element by itself and are sums, products, powers and scales. */
export type PolynomialNode = TensorNodeNamed<'scale-shift' | 'add' | 'multiply' | 'polynomial' | 'gather'>;

/** Whether `node` is a polynomial of its operands, element by element. Fitted ones, in Chebyshev form, stay as they are. */
export function isPolynomial(module: TensorModule, node: TensorNode): node is PolynomialNode {
  switch (node.op) {
    case 'scale-shift':
    case 'add':
    case 'multiply':
      return true;
    case 'polynomial':
      return node.attrs.basis === 'power' && (node.attrs.coefficients.shape[1] ?? 1) <= maxDegree + 1;
    case 'gather':
      return isReshape(module, node);
    case 'input':
    case 'dense':
    case 'conv':
    case 'sparse':
    case 'activation':
    case 'composite':
    case 'quantize':
    case 'refresh':
    case 'output':
      return false;
  }
}

/** The views of a node, given those of its operands. */
export function viewsOf(module: TensorModule, node: TensorNode, operands: readonly Views[]): Views {
  const views = new Map<ValueId, ElementPolynomial>();
  const [first, ...others] = operands;
  if (isPolynomial(module, node) && first !== undefined) {
    for (const base of first.keys()) {
      const inner = operands.flatMap((each) => each.get(base) ?? []);
      if (views.size === maxBases || inner.length < 1 + others.length) continue;
      const view = computed(node, inner);
      if (view !== undefined) views.set(base, view);
    }
  }
  return views.set(node.id, ElementPolynomial.identity);
}

/** What `node` makes of polynomials of one base; undefined beyond the highest degree. */
function computed(node: PolynomialNode, operands: readonly ElementPolynomial[]): ElementPolynomial | undefined {
  const [x = ElementPolynomial.identity, y = ElementPolynomial.identity] = operands;
  switch (node.op) {
    case 'gather':
      return x;
    case 'scale-shift':
      return x.into([node.attrs.offsets.values, node.attrs.factors.values]);
    case 'add':
      return operands.reduce((sum, operand) => sum.plus(operand));
    case 'multiply':
      return x.degree + y.degree > maxDegree ? undefined : x.times(y);
    case 'polynomial': {
      const outer = termsOf(node);
      return x.degree * (outer.length - 1) > maxDegree ? undefined : argumentOf(node, x).into(outer);
    }
  }
}

/** (x − center) / halfWidth. */
function argumentOf({ attrs }: TensorNodeNamed<'polynomial'>, x: ElementPolynomial): ElementPolynomial {
  const { center, halfWidth } = attrs;
  return x.into([Float64Array.of(-center / halfWidth), Float64Array.of(1 / halfWidth)]);
}

function termsOf({ attrs, type }: TensorNodeNamed<'polynomial'>): readonly Term[] {
  const { coefficients } = attrs;
  const [sets = 1, count = 1] = coefficients.shape;
  const length = sets === 1 ? 1 : elementCount(type);
  return Array.from({ length: count }, (_, k) =>
    Float64Array.from({ length }, (_, e) => coefficients.values[Math.floor((e * sets) / length) * count + k] ?? 0),
  );
}
