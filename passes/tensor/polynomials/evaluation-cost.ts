/** What a way to compute a value takes, by the levels and the products of ciphertexts. */
import type { ValueId } from '../../../ir/op.ts';
import type { Basis } from '../../../ir/interpret/polynomial.ts';
import type { Constant } from '../../../ir/constant.ts';
import { polynomialDepth, polynomialProducts } from '../../../ir/tensor/polynomial-evaluation.ts';
import type { PolynomialNode } from './views.ts';

export interface EvaluationCost {
  /** Levels from the values that the network has to compute anyway. */
  readonly depth: number;
  /** Products of ciphertexts by what they compute: equal ones are computed once. */
  readonly products: ReadonlySet<string>;
  /** Nodes of the tensor level. */
  readonly nodes: ReadonlySet<ValueId>;
}

export const nothing: EvaluationCost = { depth: 0, products: new Set(), nodes: new Set() };

/** The name of the product that is base^power. */
export function powerName(base: ValueId, power: number): string {
  return `${base}^${power}`;
}

/** The products of the polynomial at node `id` of the value `base`: squares of squares, which others may share, and its own. */
export function polynomialCost(
  coefficients: Constant,
  basis: Basis,
  base: ValueId,
  id: ValueId,
): { readonly depth: number; readonly products: readonly string[] } {
  const count = polynomialProducts(coefficients, basis);
  const squares = Math.min(count, Math.floor(Math.log2(Math.max(1, (coefficients.shape[1] ?? 1) - 1))));
  const products = Array.from({ length: count }, (_, k) =>
    k < squares ? powerName(base, 2 ** (k + 1)) : `${id}:${k}`,
  );
  return { depth: polynomialDepth(coefficients, basis), products };
}

/** What `node` takes beside its operands. `square` is the name of its product where it is a square. */
export function ownCost(
  node: PolynomialNode,
  square: string | undefined,
): { readonly depth: number; readonly products: readonly string[] } {
  switch (node.op) {
    case 'gather':
    case 'add':
      return { depth: 0, products: [] };
    case 'scale-shift':
      return { depth: 1, products: [] };
    case 'multiply':
      return { depth: 1, products: [square ?? `${node.id}`] };
    case 'polynomial':
      return polynomialCost(node.attrs.coefficients, node.attrs.basis, node.operands[0] ?? -1, node.id);
  }
}

/** Of what is computed from `operands`. */
export function combined(
  id: ValueId,
  operands: readonly EvaluationCost[],
  own: { readonly depth: number; readonly products: readonly string[] },
): EvaluationCost {
  return {
    depth: Math.max(0, ...operands.map(({ depth }) => depth)) + own.depth,
    products: new Set([...operands.flatMap(({ products }) => [...products]), ...own.products]),
    nodes: new Set([...operands.flatMap(({ nodes }) => [...nodes]), id]),
  };
}
