/** What evaluating a network in the clear takes. */
import { elementCount } from '../constant.ts';
import { affineMapOf } from './linear-map.ts';
import type { TensorModule } from './ops.ts';

/** Products of numbers for one sample; an element of what is not linear counts as one, or as many as its polynomial has terms. */
export function productsOf(module: TensorModule): number {
  const shapeOf = (id: number) => module.nodes[id]?.type ?? [];
  return module.nodes.reduce((sum, node) => {
    const map = affineMapOf(node, node.operands.map(shapeOf));
    const terms = node.op === 'polynomial' ? (node.attrs.coefficients.shape[1] ?? 1) : 1;
    return sum + (map?.nonZeros ?? terms * elementCount(node.type));
  }, 0);
}
