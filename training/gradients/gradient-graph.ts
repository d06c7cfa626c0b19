/**
 * The loss of a tensor module and its gradient by every parameter, as nodes of one graph: what the module computes, the
 * loss, and the way back by reverse mode, which is not followed to where nothing is trained.
 */
import { elementCount } from '../../ir/constant.ts';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../../ir/op.ts';
import type { TensorModule, TensorNodeNamed } from '../../ir/tensor/ops.ts';
import { isWeightNode } from '../../ir/tensor/weight-layers.ts';
import { emitForward, flattened, type GraphValue, outputsOf, reshaped } from '../onnx/forward.ts';
import type { GraphWriter } from '../onnx/graph-writer.ts';
import { emitGradients, entriesOf } from './gradient-rules.ts';
import { parameterName } from './parameters.ts';

/** Cross-entropy of the softmax with classes that are written as 0 and 1, or the mean of squared differences. */
export type LossKind = 'cross-entropy' | 'mean-square';

export interface TrainedForward {
  readonly values: readonly GraphValue[];
  /** Weights by layer, as they are used: of a sparse layer a matrix. */
  readonly weights: ReadonlyMap<ValueId, string>;
  /** All outputs of a sample in one row, [samples, outputs]. */
  readonly outputs: string;
}

export interface GradientGraph {
  /** Without axes: the mean over the samples. */
  readonly loss: string;
  /** By the names of parameters; without those that no output depends on. */
  readonly gradients: ReadonlyMap<string, string>;
}

/** Appends what `module` computes of the value `x`, with the parameters as values of their names. */
export function emitTrainedForward(graph: GraphWriter, module: TensorModule, x: string): TrainedForward {
  const weights = new Map<ValueId, string>();
  const values = emitForward(graph, module, {
    input: () => ({ name: x, batched: true }),
    weights: (node, columns) => {
      const used = node.op === 'sparse' ? matrixOf(graph, node, columns) : parameterName(node.id, 'weights');
      weights.set(node.id, used);
      return { weights: used, bias: parameterName(node.id, 'bias') };
    },
  });
  const rows = outputsOf(module).map(({ id }) => flattened(graph, valueAt(values, id)));
  const [only = ''] = rows;
  const outputs = rows.length === 1 ? only : graph.node('Concat', rows, { attributes: { axis: 1 } });
  return { values, weights, outputs };
}

/** Elements of all outputs of a sample. */
export function outputElements(module: TensorModule): number {
  return outputsOf(module).reduce((sum, { type }) => sum + elementCount(type), 0);
}

/** Appends loss and gradients of a module with parameters, for `samples` samples. `target` is [samples, outputs]. */
export function emitGradientGraph(
  graph: GraphWriter,
  module: TensorModule,
  forward: TrainedForward,
  target: string,
  kind: LossKind,
  samples: number,
): GradientGraph {
  const { loss, gradient } =
    kind === 'mean-square'
      ? meanSquare(graph, forward.outputs, target, samples * outputElements(module))
      : crossEntropy(graph, forward.outputs, target, samples);
  const pending = new Map<ValueId, string[]>();
  const give = (id: ValueId, gradientOfValue: string) => pending.set(id, [...(pending.get(id) ?? []), gradientOfValue]);
  for (const [id, part] of gradientsOfOutputs(graph, module, gradient)) give(id, part);

  const trained = trainedValues(module);
  const gradients = new Map<string, string>();
  for (const node of module.nodes.toReversed()) {
    const parts = pending.get(node.id);
    if (parts === undefined || !trained.has(node.id)) continue;
    const [only = ''] = parts;
    const result = emitGradients(node, {
      graph,
      operands: node.operands.map((id) => valueAt(forward.values, id)),
      result: valueAt(forward.values, node.id),
      gradient: parts.length === 1 ? only : graph.node('Sum', parts),
      weights: forward.weights.get(node.id) ?? '',
      wanted: node.operands.some((id) => trained.has(id)),
      samples,
    });
    for (const part of ['weights', 'bias'] as const) {
      const name = result[part];
      if (name !== undefined) gradients.set(parameterName(node.id, part), name);
    }
    for (const [i, operand] of result.operands.entries()) give(node.operands[i] ?? -1, operand);
  }
  return { loss, gradients };
}

function meanSquare(graph: GraphWriter, outputs: string, target: string, count: number) {
  const difference = graph.node('Sub', [outputs, target]);
  const loss = graph.node('ReduceMean', [graph.node('Mul', [difference, difference])], { attributes: { keepdims: 0 } });
  return { loss, gradient: graph.node('Mul', [difference, 2 / count]) };
}

function crossEntropy(graph: GraphWriter, outputs: string, target: string, samples: number) {
  const logarithms = graph.node('LogSoftmax', [outputs], { attributes: { axis: 1 } });
  const sum = graph.node('ReduceSum', [graph.node('Mul', [target, logarithms])], { attributes: { keepdims: 0 } });
  const difference = graph.node('Sub', [graph.node('Exp', [logarithms]), target]);
  return { loss: graph.node('Mul', [sum, -1 / samples]), gradient: graph.node('Mul', [difference, 1 / samples]) };
}

/** The part of each output of a gradient of [samples, outputs], in its shape. */
function gradientsOfOutputs(graph: GraphWriter, module: TensorModule, gradient: string): [ValueId, string][] {
  const outputs = outputsOf(module);
  const counts = outputs.map(({ type }) => elementCount(type));
  const split = () =>
    graph.nodeOf('Split', [gradient, graph.int64s([counts.length], counts, 'counts')], counts.length, {
      attributes: { axis: 1 },
    });
  const parts = counts.length === 1 ? [gradient] : split();
  return outputs.map(({ id, type }, i) => [id, reshaped(graph, parts[i] ?? '', [0, ...type])]);
}

/** The nodes that depend on a parameter. */
function trainedValues(module: TensorModule): ReadonlySet<ValueId> {
  const trained = new Set<ValueId>();
  for (const node of module.nodes) {
    if (isWeightNode(node) || node.operands.some((id) => trained.has(id))) trained.add(node.id);
  }
  return trained;
}

/** The matrix of a sparse layer from the vector of its weights. */
function matrixOf(graph: GraphWriter, node: TensorNodeNamed<'sparse'>, columns: number): string {
  const { starts, columns: indices, values } = node.attrs;
  const rows = elementCount(node.type);
  const zeros = graph.node('ConstantOfShape', [graph.int64s([1], [rows * columns])]);
  if (values.data.length === 0) return reshaped(graph, zeros, [rows, columns]);
  const positions = entriesOf(starts.indices, indices.indices, columns);
  const entries = graph.int64s([positions.length, 1], positions, 'entries');
  const flat = graph.node('ScatterND', [zeros, entries, parameterName(node.id, 'weights')], {
    attributes: { reduction: 'add' },
  });
  return reshaped(graph, flat, [rows, columns]);
}

function valueAt(values: readonly GraphValue[], id: ValueId): GraphValue {
  const value = values[id];
  if (value === undefined) throw new InternalError(`%${id} is not a value of this module`);
  return value;
}
