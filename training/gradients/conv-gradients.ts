/**
 * Gradients of a convolution y = W ⋆ x. That of x is the transposed convolution of the one of y by the same weights. That
 * of W correlates x with it: a convolution whose channels are the samples, in which strides and dilations have changed
 * places.
 */
import type { AttrsOf } from '../../ir/op.ts';
import type { Shape, TensorOps } from '../../ir/tensor/ops.ts';
import { reshaped } from '../onnx/forward.ts';
import type { GraphWriter } from '../onnx/graph-writer.ts';

export interface Convolution {
  readonly attrs: AttrsOf<TensorOps['conv']>;
  /** Of one sample of x and of y. */
  readonly operand: Shape;
  readonly result: Shape;
}

/** [N, …operand] from the gradient [N, …result]. */
export function operandGradient(
  graph: GraphWriter,
  { attrs, operand, result }: Convolution,
  weights: string,
  gradient: string,
): string {
  const { strides, pads, dilations, groups } = attrs;
  const kernel = attrs.weights.shape.slice(2);
  const rank = kernel.length;
  // What the strides left over at the end of the padded operand.
  const rest = kernel.map((extent, d) => {
    const reached = (strides[d] ?? 1) * ((result[d + 1] ?? 1) - 1) + (dilations[d] ?? 1) * (extent - 1) + 1;
    return (operand[d + 1] ?? 1) + (pads[d] ?? 0) + (pads[rank + d] ?? 0) - reached;
  });
  return graph.node('ConvTranspose', [gradient, weights], {
    attributes: { kernel_shape: kernel, strides, pads, dilations, group: groups, output_padding: rest },
  });
}

/** [O, C / groups, …kernel] from x [N, …operand] and the gradient [N, …result], for N = `samples`. */
export function weightGradient(
  graph: GraphWriter,
  { attrs, operand, result }: Convolution,
  x: string,
  gradient: string,
  samples: number,
): string {
  const { strides, pads, dilations, groups } = attrs;
  const [, perGroup = 0, ...kernel] = attrs.weights.shape;
  const spatial = operand.slice(1);
  const axes = spatial.map((_, d) => d);
  const swap = (name: string) =>
    graph.node('Transpose', [name], { attributes: { perm: [1, 0, ...axes.map((d) => d + 2)] } });
  // Channels of x at the place of samples; the samples of each group are the channels of a group.
  const grouped = () => {
    const parts = reshaped(graph, x, [samples, groups, perGroup, ...spatial]);
    const perm = [2, 1, 0, ...axes.map((d) => d + 3)];
    const turned = graph.node('Transpose', [parts], { attributes: { perm } });
    return reshaped(graph, turned, [perGroup, groups * samples, ...spatial]);
  };
  const image = groups === 1 ? swap(x) : grouped();
  const taps = graph.node('Conv', [image, swap(gradient)], {
    attributes: { kernel_shape: result.slice(1), strides: dilations, dilations: strides, pads, group: groups },
  });
  // Where strides leave a rest, there is room for taps that the kernel does not have.
  const ends = graph.int64s([axes.length], kernel, 'ends');
  const starts = graph.int64s(
    [axes.length],
    axes.map(() => 0),
    'starts',
  );
  const cut = graph.node('Slice', [
    taps,
    starts,
    ends,
    graph.int64s(
      [axes.length],
      axes.map((d) => d + 2),
      'axes',
    ),
  ]);
  return swap(cut);
}
