/**
 * What a tensor module computes, as nodes of an ONNX graph: one rule an op. A value has the shape of its type, after the
 * axis of samples where it has one.
 */
import { type Constant, elementCount, isIdentity } from '../../ir/constant.ts';
import { HepcError, InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { layerTooLarge } from '../../ir/diagnostics/pruning/training.ts';
import type { AttrsOf, NodeBase } from '../../ir/op.ts';
import type { Shape, TensorModule, TensorNode, TensorNodeNamed, TensorOpName, TensorOps } from '../../ir/tensor/ops.ts';
import type { WeightNode } from '../../ir/tensor/weight-layers.ts';
import { emitActivation } from './activations.ts';
import type { GraphWriter, NodeOptions } from './graph-writer.ts';
import { emitPolynomial } from './polynomials.ts';

/** A value of the graph that is written. */
export interface GraphValue {
  readonly name: string;
  readonly shape: Shape;
  readonly batched: boolean;
}

export interface ForwardSource {
  readonly input: (node: TensorNodeNamed<'input'>) => { readonly name: string; readonly batched: boolean };
  /** Weights in the shape of the layer, of a `sparse` as a matrix [rows, columns]; and its bias. */
  readonly weights: (node: WeightNode, columns: number) => { readonly weights: string; readonly bias: string };
  /** Names for the node and its result, where they matter. */
  readonly names?: (node: TensorNode) => NodeOptions;
}

export type Named<K extends TensorOpName> = {
  [P in K]: NodeBase<Shape> & { readonly op: P; readonly attrs: AttrsOf<TensorOps[P]> };
}[K];

interface Context {
  readonly graph: GraphWriter;
  readonly source: ForwardSource;
  readonly result: NodeOptions;
  readonly batched: boolean;
}

type Rules = {
  readonly [K in TensorOpName]: (node: Named<K>, operands: readonly GraphValue[], context: Context) => string;
};

/** Entries of a sparse layer with its zeros: 64 MiB of floats. */
const maxSparseEntries = 2 ** 24;

const rules: Rules = {
  input: () => {
    throw new InternalError('inputs are given');
  },
  dense: (node, [x], { graph, source, result }) => {
    const columns = node.attrs.weights.shape[1] ?? 0;
    return affine(graph, required(x), source.weights(node, columns), node.type, result);
  },
  conv: (node, [x], { graph, source, result, batched }) => {
    const { strides, pads, dilations, groups, weights } = node.attrs;
    const operand = required(x);
    const names = source.weights(node, 0);
    const kernel = weights.shape.slice(2);
    const attributes = { kernel_shape: kernel, strides, pads, dilations, group: groups };
    const image = batched ? operand.name : reshaped(graph, operand.name, [1, ...operand.shape]);
    const y = graph.node('Conv', [image, names.weights, names.bias], {
      ...(batched ? result : onlyName(result)),
      attributes,
    });
    return batched ? y : reshaped(graph, y, node.type, result);
  },
  gather: ({ attrs: { index } }, operands, { graph, result, batched }) => {
    const [only] = operands;
    const counts = operands.map(({ shape }) => elementCount(shape));
    const count = counts.reduce((sum, n) => sum + n, 0);
    if (only !== undefined && operands.length === 1 && isIdentity(index.indices, count)) {
      return reshaped(graph, only.name, batched ? [0, ...index.shape] : index.shape, result);
    }
    return picked(graph, concatenated(graph, operands, batched), count, index, batched, result);
  },
  'scale-shift': (node, [x], { graph, result }) => {
    const { factors, offsets } = node.attrs;
    const operand = required(x);
    const vector = (values: Float64Array, name: string) =>
      values.length === 1 ? graph.scalar(values[0] ?? 0) : graph.floats(operand.shape, values, name);
    const shifts = offsets.values.some((offset) => offset !== 0);
    const scales = factors.values.some((factor) => factor !== 1);
    const scaled = scales
      ? graph.node('Mul', [operand.name, vector(factors.values, 'factors')], shifts ? {} : result)
      : operand.name;
    return shifts ? graph.node('Add', [scaled, vector(offsets.values, 'offsets')], result) : scaled;
  },
  sparse: (node, [x], { graph, source, result, batched }) => {
    const operand = required(x);
    const rows = elementCount(node.type);
    const columns = elementCount(operand.shape);
    if (rows * columns > maxSparseEntries) {
      throw new HepcError([layerTooLarge({ rows, columns, limit: maxSparseEntries }, { nodes: node.origins })]);
    }
    const names = source.weights(node, columns);
    const isVector = node.type.length === 1;
    const y = affine(graph, operand, names, [rows], isVector ? result : onlyName(result));
    return isVector ? y : reshaped(graph, y, batched ? [0, ...node.type] : node.type, result);
  },
  add: (_, operands, { graph, result }) => {
    const names = operands.map(({ name }) => name);
    const [only = ''] = names;
    return names.length === 1 ? only : graph.node(names.length === 2 ? 'Add' : 'Sum', names, result);
  },
  multiply: (_, operands, { graph, result }) =>
    graph.node(
      'Mul',
      operands.map(({ name }) => name),
      result,
    ),
  polynomial: (node, [x], { graph, result }) =>
    emitPolynomial(graph, node.attrs, required(x).name, node.type.length, result),
  activation: (node, [x], { graph, result }) => {
    const { kind, parameters } = node.attrs;
    return emitActivation(graph, kind, { x: required(x).name, parameters, rank: node.type.length }, result);
  },
  composite: () => {
    throw new InternalError('networks are exported with their activations');
  },
  quantize: ({ attrs: { steps, lowest, highest } }, [x], { graph, result }) => {
    const { name } = required(x);
    if (steps === 'one') {
      // As a quantised model has it, where its integers have 8 bits.
      if (highest - lowest === 255 && -lowest >= 0 && -lowest <= 255) {
        const zeroPoint = graph.byte(-lowest);
        return graph.node(
          'DequantizeLinear',
          [graph.node('QuantizeLinear', [name, 1, zeroPoint]), 1, zeroPoint],
          result,
        );
      }
      return graph.node('Clip', [graph.node('Round', [name]), lowest, highest], result);
    }
    const integers = graph.nodeOf('DynamicQuantizeLinear', [name], 3, {});
    return graph.node('DequantizeLinear', integers, result);
  },
  refresh: (_, [x]) => required(x).name,
  output: ({ attrs: { index, constants } }, [x], { graph, result, batched }) => {
    const operand = required(x);
    if (index === undefined) return operand.name;
    const fixed = constants?.values.map((value, i) => (index.indices[i] === -1 ? value : 0));
    const shifts = fixed?.some((value) => value !== 0) === true;
    const count = elementCount(operand.shape);
    const y = picked(graph, flattened(graph, operand), count, index, batched, shifts ? onlyName(result) : result);
    return shifts ? graph.node('Add', [y, graph.floats(index.shape, fixed, 'constants')], result) : y;
  },
};

/** Appends everything that `module` computes, and gives the value of each node by its id. */
export function emitForward(graph: GraphWriter, module: TensorModule, source: ForwardSource): readonly GraphValue[] {
  const values: GraphValue[] = [];
  for (const node of module.nodes) {
    if (node.op === 'input') {
      values.push({ ...source.input(node), shape: node.type });
      continue;
    }
    const found = node.operands.map((id) => required(values[id]));
    const batched = found.some((operand) => operand.batched);
    const operands = node.op === 'gather' && batched ? withSamples(graph, found) : found;
    const result = source.names?.(node) ?? {};
    values.push({ name: emit(node, operands, { graph, source, result, batched }), shape: node.type, batched });
  }
  return values;
}

function emit<K extends TensorOpName>(node: Named<K>, operands: readonly GraphValue[], context: Context): string {
  return rules[node.op](node, operands, context);
}

/** The value as a vector, or a row for each sample. */
export function flattened(graph: GraphWriter, { name, shape, batched }: GraphValue): string {
  if (shape.length === 1) return name;
  return batched ? graph.node('Flatten', [name], { attributes: { axis: 1 } }) : reshaped(graph, name, [-1]);
}

/** The value in another shape; an extent 0 is that of the operand. */
export function reshaped(graph: GraphWriter, name: string, shape: readonly number[], result: NodeOptions = {}): string {
  return graph.node('Reshape', [name, graph.int64s([shape.length], shape, 'shape')], result);
}

/** All operands flattened, one after another. */
function concatenated(graph: GraphWriter, operands: readonly GraphValue[], batched: boolean): string {
  const rows = operands.map((operand) => flattened(graph, operand));
  const [only = ''] = rows;
  return rows.length === 1 ? only : graph.node('Concat', rows, { attributes: { axis: batched ? 1 : 0 } });
}

/** x[index[i]], or 0 where that is −1, of a vector of `count` elements, or of one for each sample. */
function picked(
  graph: GraphWriter,
  x: string,
  count: number,
  index: Constant,
  batched: boolean,
  result: NodeOptions,
): string {
  const axis = batched ? 1 : 0;
  const pads = () => graph.int64s([2 * (axis + 1)], batched ? [0, 0, 0, 1] : [0, 1], 'pads');
  const padded = index.indices.includes(-1) ? graph.node('Pad', [x, pads()]) : x;
  const positions = index.indices.map((i) => (i === -1 ? count : i));
  const indices = graph.int64s(index.shape, positions, 'index');
  return graph.node('Gather', [padded, indices], { ...result, attributes: { axis } });
}

/** W x + b of the flattened operand. */
function affine(
  graph: GraphWriter,
  operand: GraphValue,
  { weights, bias }: { readonly weights: string; readonly bias: string },
  type: Shape,
  result: NodeOptions,
): string {
  const { batched, name } = operand;
  const row = batched ? flattened(graph, operand) : reshaped(graph, name, [1, -1]);
  const y = graph.node('Gemm', [row, weights, bias], {
    ...(batched ? result : onlyName(result)),
    attributes: { transB: 1 },
  });
  return batched ? y : reshaped(graph, y, type, result);
}

/** Operands of which some have an axis of samples, all with one: those without are repeated. */
function withSamples(graph: GraphWriter, operands: readonly GraphValue[]): readonly GraphValue[] {
  const like = operands.find(({ batched }) => batched);
  if (like === undefined || operands.every(({ batched }) => batched)) return operands;
  const samples = graph.node('Slice', [
    graph.node('Shape', [like.name]),
    graph.int64s([1], [0]),
    graph.int64s([1], [1]),
  ]);
  return operands.map((operand) => {
    if (operand.batched) return operand;
    const extents = graph.int64s([operand.shape.length], operand.shape, 'shape');
    const shape = graph.node('Concat', [samples, extents], { attributes: { axis: 0 } });
    return { ...operand, name: graph.node('Expand', [operand.name, shape]), batched: true };
  });
}

/** For a node that stands for the op, whose result another one makes. */
function onlyName({ name }: NodeOptions): NodeOptions {
  return name === undefined ? {} : { name };
}

function required(value: GraphValue | undefined): GraphValue {
  if (value === undefined) throw new InternalError('an operand is missing');
  return value;
}

export function outputsOf(module: TensorModule): readonly TensorNodeNamed<'output'>[] {
  return module.nodes.filter((node) => node.op === 'output');
}

/** A sparse layer's weights as a matrix, with its zeros. */
export function sparseMatrix(node: TensorNodeNamed<'sparse'>, columns: number): Float64Array {
  const { starts, columns: indices, values } = node.attrs;
  const rows = starts.data.length - 1;
  const matrix = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    for (let k = starts.indices[r] ?? 0; k < (starts.indices[r + 1] ?? 0); k++) {
      matrix[r * columns + (indices.indices[k] ?? 0)] = values.values[k] ?? 0;
    }
  }
  return matrix;
}
