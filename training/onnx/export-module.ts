/** Writes a tensor module as an ordinary ONNX model, with the names of the one that it came from where they are known. */
import { elementCount, sameShape } from '../../ir/constant.ts';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import type { ModelInterface, Port } from '../../ir/interface.ts';
import type { ValueId } from '../../ir/op.ts';
import type { TensorModule, TensorNode } from '../../ir/tensor/ops.ts';
import type { WeightNode } from '../../ir/tensor/weight-layers.ts';
import { emitForward, type GraphValue, outputsOf, reshaped, sparseMatrix } from './forward.ts';
import { type Extent, GraphWriter, type NodeOptions } from './graph-writer.ts';

const samples = 'batch';

/**
 * The bytes of a model of opset 17 in single precision. Weights that are zero stand there as zeros; what was pruned is
 * not written. `io` are the ports of the model that `module` was imported from. Throws `HepcError` (H369) for a sparse
 * layer that would be too large with its zeros.
 */
export function exportModule(
  module: TensorModule,
  io: ModelInterface,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array {
  const graph = new GraphWriter();
  const inputs = new Map(io.inputs.map((port) => [port.name, port]));
  for (const { name } of [...io.inputs, ...io.outputs]) graph.reserve(name);
  for (const port of io.inputs) graph.input(port.name, extentsOf(port));
  const ports = new Map(io.outputs.map((port) => [port.name, port]));
  const exactNames = new Map<ValueId, string>();
  for (const { id, operands, type, attrs } of outputsOf(module)) {
    const port = ports.get(attrs.name);
    const computing = attrs.index === undefined ? (operands[0] ?? -1) : id;
    if (port !== undefined && port.batchAxis === undefined && sameShape(type, port.shape))
      exactNames.set(computing, attrs.name);
  }
  const exactName = (id: ValueId) => {
    const exactly = exactNames.get(id);
    return exactly === undefined ? {} : { exactly };
  };
  const values = emitForward(graph, module, {
    input: ({ attrs: { name } }) => {
      const port = inputs.get(name);
      if (port === undefined) throw new InternalError(`the model has no input ${name}`);
      const { shape, hasBatchAxis, batchAxis } = port;
      if (batchAxis === undefined) return { name, batched: hasBatchAxis };
      const axes = Array.from(shape, (_, axis) => axis + (axis < batchAxis ? 0 : 1));
      return { name: graph.node('Transpose', [name], { attributes: { perm: [batchAxis, ...axes] } }), batched: true };
    },
    weights: (node, columns) => weightsOf(graph, node, columns),
    names: (node) => ({ ...namesOf(node), ...exactName(node.id) }),
  });
  for (const node of outputsOf(module)) {
    const port = ports.get(node.attrs.name);
    const value = values[node.id];
    if (port === undefined || value === undefined)
      throw new InternalError(`the model has no output ${node.attrs.name}`);
    writeOutput(graph, value, port);
  }
  return graph.modelBytes(module.name, metadata);
}

function extentsOf({ shape, hasBatchAxis, batchAxis = 0 }: Port): readonly Extent[] {
  return hasBatchAxis ? [...shape.slice(0, batchAxis), samples, ...shape.slice(batchAxis)] : shape;
}

/** The name that the model gave the last of the nodes that this one comes from, and to its result. */
function namesOf({ origins }: TensorNode): NodeOptions {
  const last = origins.at(-1);
  if (last === undefined) return {};
  return { ...(last.name !== '' && { name: last.name }), ...(last.output !== '' && { result: last.output }) };
}

function weightsOf(graph: GraphWriter, node: WeightNode, columns: number) {
  const base = node.origins.findLast(({ name }) => name !== '')?.name ?? node.op;
  const { bias } = node.attrs;
  if (node.op === 'sparse') {
    const shape = [elementCount(node.type), columns];
    const weights = graph.floats(shape, sparseMatrix(node, columns), `${base}.weight`);
    return { weights, bias: graph.floats([bias.data.length], bias.values, `${base}.bias`) };
  }
  const weights = graph.floats(node.attrs.weights.shape, node.attrs.weights.values, `${base}.weight`);
  return { weights, bias: graph.floats(bias.shape, bias.values, `${base}.bias`) };
}

function writeOutput(graph: GraphWriter, { name, shape, batched }: GraphValue, port: Port): void {
  if (batched !== port.hasBatchAxis)
    throw new InternalError(`output ${port.name} and its port differ in the batch axis`);
  const exactly = port.name;
  if (port.batchAxis !== undefined) {
    const first = sameShape(shape, port.shape) ? name : reshaped(graph, name, [0, ...port.shape]);
    const axes = Array.from(port.shape, (_, axis) => axis + 1);
    graph.node('Transpose', [first], { exactly, attributes: { perm: axes.toSpliced(port.batchAxis, 0, 0) } });
  } else if (name !== port.name) {
    if (sameShape(shape, port.shape)) graph.node('Identity', [name], { exactly });
    else reshaped(graph, name, batched ? [0, ...port.shape] : port.shape, { exactly });
  }
  graph.output(port.name, extentsOf(port));
}
