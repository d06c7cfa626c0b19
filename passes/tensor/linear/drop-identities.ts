/** Rules for ops that change nothing, or nothing but the shape. */
import { mergeOrigins } from '../../../ir/module.ts';
import type { TensorNode } from '../../../ir/tensor/ops.ts';
import { sameShape } from '../../../ir/constant.ts';
import type { Rewriter, Rule } from './rewriter.ts';

/** A node that equals its operand, shape included. */
export const dropIdentity: Rule = {
  effect: 'dropped',
  match: (node, graph) => {
    const [operand = -1] = node.operands;
    return isIdentityOp(node, graph) && sameShape(node.type, graph.shape(operand)) ? () => operand : undefined;
  },
};

/** A reshape whose user flattens its operand anyway. */
export const dropReshape: Rule = {
  effect: 'dropped',
  match: (node, graph) => {
    if (node.op !== 'dense' && node.op !== 'sparse') return undefined;
    const inner = graph.operand(node);
    if (!graph.isReshape(inner)) return undefined;
    const operand = graph.operand(inner).id;
    const origins = mergeOrigins(inner.origins, node.origins);
    if (node.op === 'dense') return () => graph.emit('dense', [operand], node.attrs, origins);
    return () => graph.emit('sparse', [operand], node.attrs, origins);
  },
};

/** A reshape of a sparse op: the sparse op has that shape itself. */
export const reshapeSparse: Rule = {
  effect: 'dropped',
  match: (node, graph) => {
    if (!graph.isReshape(node)) return undefined;
    const inner = graph.operand(node);
    if (inner.op !== 'sparse' || !graph.isUsedOnce(inner)) return undefined;
    const attrs = { ...inner.attrs, shape: [...node.type] };
    return () => graph.emit('sparse', inner.operands, attrs, mergeOrigins(inner.origins, node.origins));
  },
};

/** Moves reshapes behind elementwise ops, so that what is linear on both sides meets. */
export const sinkReshape: Rule = {
  effect: 'moved',
  match: (node, graph) => {
    if (!isElementwise(node)) return undefined;
    const reshapes = node.operands.map((id) => graph.node(id));
    if (!reshapes.every((inner) => graph.isReshape(inner))) return undefined;
    const sources = reshapes.map((inner) => graph.operand(inner));
    const [first] = sources;
    const [reshape] = reshapes;
    if (first === undefined || reshape?.op !== 'gather') return undefined;
    if (!sources.every((source) => sameShape(source.type, first.type))) return undefined;
    const operands = sources.map((source) => source.id);
    return () => graph.emit('gather', [emitAgain(node, operands, graph)], reshape.attrs, reshape.origins);
  },
};

type Elementwise = Extract<
  TensorNode,
  { op: 'scale-shift' | 'activation' | 'polynomial' | 'add' | 'multiply' | 'quantize' }
>;

/** Whether the op treats every element by itself, wherever it stands in the shape. */
function isElementwise(node: TensorNode): node is Elementwise {
  switch (node.op) {
    case 'scale-shift':
    case 'add':
    case 'multiply':
    case 'quantize':
      return true;
    case 'polynomial':
      return node.attrs.coefficients.shape[0] === 1;
    case 'activation':
      return node.attrs.kind !== 'prelu' || node.attrs.parameters.length === 1;
    case 'composite':
    case 'input':
    case 'dense':
    case 'conv':
    case 'gather':
    case 'sparse':
    case 'refresh':
    case 'output':
      return false;
  }
}

function emitAgain(node: Elementwise, operands: readonly number[], graph: Rewriter): number {
  switch (node.op) {
    case 'scale-shift':
      return graph.emit('scale-shift', operands, node.attrs, node.origins);
    case 'add':
      return graph.emit('add', operands, node.attrs, node.origins);
    case 'multiply':
      return graph.emit('multiply', operands, node.attrs, node.origins);
    case 'polynomial':
      return graph.emit('polynomial', operands, node.attrs, node.origins);
    case 'activation':
      return graph.emit('activation', operands, node.attrs, node.origins);
    case 'quantize':
      return graph.emit('quantize', operands, node.attrs, node.origins);
  }
}

function isIdentityOp(node: TensorNode, graph: Rewriter): boolean {
  switch (node.op) {
    case 'gather':
      return graph.isReshape(node);
    case 'scale-shift':
      return node.attrs.factors.values.every(isOne) && node.attrs.offsets.values.every((o) => o === 0);
    case 'add':
      return node.operands.length === 1;
    case 'input':
    case 'dense':
    case 'conv':
    case 'sparse':
    case 'multiply':
    case 'polynomial':
    case 'activation':
    case 'composite':
    case 'quantize':
    case 'refresh':
    case 'output':
      return false;
  }
}

/** A scale and its reciprocal, as quantised values are divided and multiplied by, make one but for their rounding. */
function isOne(factor: number): boolean {
  return Math.abs(factor - 1) <= 2 * Number.EPSILON;
}
