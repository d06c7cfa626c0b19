/** Rules that keep a convolution a convolution: per-channel scales and shifts, and zero padding, move into it. */
import { Constant, elementCount, vector } from '../../../ir/constant.ts';
import { mergeOrigins } from '../../../ir/module.ts';
import type { Shape, TensorNode, TensorNodeNamed } from '../../../ir/tensor/ops.ts';
import { perChannel } from './node-of-map.ts';
import type { Rule } from './rewriter.ts';

/** scale-shift ∘ conv, where the scale-shift treats the elements of a channel alike. */
export const scaleAfterConv: Rule = {
  effect: 'merged',
  match: (node, graph) => {
    if (node.op !== 'scale-shift') return undefined;
    const inner = graph.operand(node);
    if (inner.op !== 'conv' || !graph.isUsedOnce(inner)) return undefined;
    const affine = channelAffine(node, inner.type);
    if (affine === undefined) return undefined;
    const { weights, bias } = inner.attrs;
    const size = weights.data.length / affine.factors.length;
    const scaled = weights.values.map((w, i) => (affine.factors[Math.floor(i / size)] ?? 0) * w);
    const shifted = bias.values.map((b, o) => (affine.factors[o] ?? 0) * b + (affine.offsets[o] ?? 0));
    const attrs = { ...inner.attrs, weights: new Constant(weights.shape, scaled), bias: vector(shifted) };
    return () => graph.emit('conv', inner.operands, attrs, mergeOrigins(inner.origins, node.origins));
  },
};

/**
 * conv ∘ scale-shift, where the scale-shift treats the elements of a channel alike; also with a reshape in between.
 * A shift needs a convolution without padding: zeros that are padded afterwards are not shifted.
 */
export const scaleBeforeConv: Rule = {
  effect: 'merged',
  match: (node, graph) => {
    if (node.op !== 'conv') return undefined;
    const operand = graph.operand(node);
    const reshape = operand.op === 'gather' && graph.isReshape(operand) ? operand : undefined;
    const inner = reshape === undefined ? operand : graph.operand(reshape);
    if (inner.op !== 'scale-shift') return undefined;
    const affine = channelAffine(inner, operand.type);
    if (affine === undefined) return undefined;
    if (affine.offsets.some((offset) => offset !== 0) && node.attrs.pads.some((pad) => pad > 0)) return undefined;
    const { weights, bias, groups } = node.attrs;
    const [outputs = 0, perGroup = 0, ...kernel] = weights.shape;
    const taps = elementCount(kernel);
    const scaled = new Float64Array(weights.data.length);
    const shifted = Float64Array.from(bias.values);
    weights.values.forEach((w, i) => {
      const o = Math.floor(i / (perGroup * taps));
      const channel = Math.floor((o * groups) / outputs) * perGroup + (Math.floor(i / taps) % perGroup);
      scaled[i] = (affine.factors[channel] ?? 0) * w;
      shifted[o] = (shifted[o] ?? 0) + (affine.offsets[channel] ?? 0) * w;
    });
    const attrs = { ...node.attrs, weights: new Constant(weights.shape, scaled), bias: vector(shifted) };
    const origins = mergeOrigins(inner.origins, node.origins);
    return () => {
      const [source = -1] = inner.operands;
      const shaped = reshape === undefined ? source : graph.emit('gather', [source], reshape.attrs, reshape.origins);
      return graph.emit('conv', [shaped], attrs, origins);
    };
  },
};

/** conv ∘ zero padding: the padding is the convolution's own. */
export const padBeforeConv: Rule = {
  effect: 'merged',
  match: (node, graph) => {
    if (node.op !== 'conv') return undefined;
    const inner = graph.operand(node);
    if (inner.op !== 'gather' || inner.operands.length !== 1) return undefined;
    const padding = zeroPadding(inner, graph.operand(inner).type);
    if (padding === undefined) return undefined;
    const pads = node.attrs.pads.map((pad, i) => pad + (padding[i] ?? 0));
    const origins = mergeOrigins(inner.origins, node.origins);
    return () => graph.emit('conv', inner.operands, { ...node.attrs, pads }, origins);
  },
};

/** The pads, begins and then ends, if the gather does no more than to surround each channel with zeros. */
function zeroPadding(gather: TensorNodeNamed<'gather'>, from: Shape): number[] | undefined {
  const to = gather.type;
  if (to.length !== from.length || to[0] !== from[0]) return undefined;
  const index = gather.attrs.index.indices;
  const first = index.indexOf(0);
  if (first < 0) return undefined;
  const begins = coordinates(first, to);
  const ends = to.map((extent, axis) => extent - (from[axis] ?? 0) - (begins[axis] ?? 0));
  if (begins[0] !== 0 || ends.some((end) => end < 0)) return undefined;
  const fits = index.every((element, i) => {
    const place = coordinates(i, to).map((at, axis) => at - (begins[axis] ?? 0));
    const inside = place.every((at, axis) => at >= 0 && at < (from[axis] ?? 0));
    return element === (inside ? place.reduce((sum, at, axis) => sum * (from[axis] ?? 1) + at, 0) : -1);
  });
  return fits ? [...begins.slice(1), ...ends.slice(1)] : undefined;
}

function coordinates(element: number, shape: Shape): number[] {
  let rest = element;
  return shape
    .toReversed()
    .map((extent) => {
      const at = rest % extent;
      rest = Math.floor(rest / extent);
      return at;
    })
    .reverse();
}

/** Factors and offsets by channel of a tensor of this shape, if the scale-shift has no finer ones. */
export function channelAffine(
  node: TensorNode,
  shape: Shape,
): { readonly factors: Float64Array; readonly offsets: Float64Array } | undefined {
  if (node.op !== 'scale-shift') return undefined;
  const [channels = 1] = shape;
  const factors = perChannel(node.attrs.factors.values, channels, elementCount(shape));
  const offsets = perChannel(node.attrs.offsets.values, channels, elementCount(shape));
  return factors === undefined || offsets === undefined ? undefined : { factors, offsets };
}
