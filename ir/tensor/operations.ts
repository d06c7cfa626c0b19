/** How much work a model is in the clear. */
import { elementCount } from '../constant.ts';
import { nodeAt } from '../module.ts';
import type { TensorModule, TensorNode } from './ops.ts';

/** Of a function of one value, which is a polynomial once it is approximated. */
const operationsOfFunction = 32;

/** Multiplications and additions, as pairs, for one sample: exact for linear layers, by the elements of others. */
export function operationsOf(module: TensorModule): number {
  return module.nodes.reduce((sum, node) => sum + operationsOfNode(module, node), 0);
}

function operationsOfNode(module: TensorModule, node: TensorNode): number {
  const elements = elementCount(node.type);
  switch (node.op) {
    case 'dense':
      return elementCount(node.attrs.weights.shape);
    case 'conv': {
      const { weights } = node.attrs;
      return elements * (elementCount(weights.shape) / (weights.shape[0] ?? 1));
    }
    case 'sparse':
      return elementCount(node.attrs.values.shape);
    case 'activation':
      return elements * operationsOfFunction;
    case 'polynomial':
      return elements * (node.attrs.coefficients.shape[1] ?? 1);
    case 'input':
    case 'gather':
    case 'scale-shift':
    case 'add':
    case 'multiply':
    case 'composite':
    case 'quantize':
    case 'refresh':
    case 'output':
      return elements + node.operands.reduce((sum, id) => sum + elementCount(nodeAt(module, id).type), 0);
  }
}
