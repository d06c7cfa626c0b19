/** Convolutions by channel, which is how much of their operands and results can go: positions keep their geometry. */
import { elementCount } from '../../../ir/constant.ts';
import type { TensorNodeNamed } from '../../../ir/tensor/ops.ts';

type Conv = TensorNodeNamed<'conv'>;

export function inputChannels({ attrs: { weights, groups } }: Conv): number {
  return (weights.shape[1] ?? 0) * groups;
}

/**
 * For each channel of the operand its value where it is one constant whose products can go into the bias, else NaN.
 * `known` holds what is known of the operand's elements, NaN where nothing is.
 */
export function foldableChannels(node: Conv, known: Float64Array): Float64Array {
  const channels = inputChannels(node);
  const size = known.length / channels;
  const isPadded = node.attrs.pads.some((pad) => pad > 0);
  return Float64Array.from({ length: channels }, (_, channel) => {
    const elements = known.subarray(channel * size, (channel + 1) * size);
    const [value = NaN] = elements;
    // Beside the image stands zero, so that what is constant in it changes at its border.
    return elements.every((element) => element === value) && (value === 0 || !isPadded) ? value : NaN;
  });
}

/** Visits every pair of an output and an input channel of one group, with the weights between them, a view. */
export function forEachChannelPair(
  { attrs }: Conv,
  visit: (output: number, input: number, weights: Float64Array) => void,
): void {
  const [outputs = 0, perGroup = 0, ...kernel] = attrs.weights.shape;
  const taps = elementCount(kernel);
  const weights = attrs.weights.values;
  for (let output = 0; output < outputs; output++) {
    const first = Math.floor((output * attrs.groups) / outputs) * perGroup;
    for (let channel = 0; channel < perGroup; channel++) {
      const from = (output * perGroup + channel) * taps;
      visit(output, first + channel, weights.subarray(from, from + taps));
    }
  }
}

/** What foldable channels add to each output channel, its bias included. */
export function foldedBias(node: Conv, foldable: Float64Array): Float64Array {
  const bias = node.attrs.bias.values.slice();
  forEachChannelPair(node, (output, input, weights) => {
    const value = foldable[input] ?? NaN;
    // Taps read every position alike without padding; with it the value is zero.
    if (!Number.isNaN(value))
      bias[output] = (bias[output] ?? 0) + value * weights.reduce((sum, weight) => sum + weight, 0);
  });
  return bias;
}

/** For each output channel whether it reads anything that is not foldable. */
export function readingOutputs(node: Conv, foldable: Float64Array): boolean[] {
  const reads = Array.from({ length: node.attrs.weights.shape[0] ?? 0 }, () => false);
  forEachChannelPair(node, (output, input, weights) => {
    if (Number.isNaN(foldable[input] ?? NaN) && weights.some((weight) => weight !== 0)) reads[output] = true;
  });
  return reads;
}
