/** The gradient of a gather: each element takes the sum of the gradients at the places that it was copied to. */
import type { GraphWriter } from '../onnx/graph-writer.ts';

/** [N, count] from the gradient [N, index.length], for the operands flattened one after another. */
export function gatherGradient(graph: GraphWriter, index: Int32Array, count: number, gradient: string): string {
  const inverse = new Int32Array(count).fill(-1);
  let copied = false;
  for (const [i, source] of index.entries()) {
    if (source < 0) continue;
    copied ||= inverse[source] !== -1;
    inverse[source] = i;
  }
  return copied ? scattered(graph, index, count, gradient) : gathered(graph, inverse, index.length, gradient);
}

/** No element was copied twice: the gather by the inverse of the index. */
function gathered(graph: GraphWriter, inverse: Int32Array, length: number, gradient: string): string {
  const zero = inverse.includes(-1);
  const padded = zero ? graph.node('Pad', [gradient, graph.int64s([4], [0, 0, 0, 1], 'pads')]) : gradient;
  const positions = graph.int64s(
    [inverse.length],
    inverse.map((i) => (i === -1 ? length : i)),
    'inverse',
  );
  return graph.node('Gather', [padded, positions], { attributes: { axis: 1 } });
}

/** Sums of rows, elements by samples. Zeros of the gather come from a row that is cut off again. */
function scattered(graph: GraphWriter, index: Int32Array, count: number, gradient: string): string {
  const turn = (name: string) => graph.node('Transpose', [name], { attributes: { perm: [1, 0] } });
  const rows = turn(gradient);
  const samples = graph.node('Shape', [rows], { attributes: { start: 1 } });
  const extents = graph.node('Concat', [graph.int64s([1], [count + 1]), samples], { attributes: { axis: 0 } });
  const zeros = graph.node('Expand', [0, extents]);
  const positions = graph.int64s(
    [index.length, 1],
    index.map((i) => (i === -1 ? count : i)),
    'index',
  );
  const sums = graph.node('ScatterND', [zeros, positions, rows], { attributes: { reduction: 'add' } });
  const kept = graph.node('Slice', [sums, graph.int64s([1], [0]), graph.int64s([1], [count])]);
  return turn(kept);
}
