/** conv ∘ conv as one convolution with a larger kernel, such as an average pool after a convolution. */
import { Constant, elementCount, vector } from '../../../ir/constant.ts';
import { mergeOrigins } from '../../../ir/module.ts';
import type { TensorNodeNamed } from '../../../ir/tensor/ops.ts';
import { greatestCommonDivisor } from '../../../ir/maths/divisors.ts';
import { mostNonZeros } from './compose-maps.ts';
import type { Rule } from './rewriter.ts';

type ConvAttrs = TensorNodeNamed<'conv'>['attrs'];

/** Where the outer convolution pads nothing (its zeros would stand where the inner one has values). */
export const composeConv: Rule = {
  effect: 'merged',
  match: (outer, graph) => {
    if (outer.op !== 'conv' || outer.attrs.pads.some((pad) => pad > 0)) return undefined;
    const inner = graph.operand(outer);
    if (inner.op !== 'conv' || !graph.isUsedOnce(inner)) return undefined;
    const attrs = composedConv(outer.attrs, inner.attrs);
    const work = (node: TensorNodeNamed<'conv'>) => nonZeros(node.attrs.weights) * elementCount(node.type.slice(1));
    const composed = nonZeros(attrs.weights) * elementCount(outer.type.slice(1));
    if (composed > mostNonZeros(work(outer) + work(inner))) return undefined;
    return () => graph.emit('conv', inner.operands, attrs, mergeOrigins(inner.origins, outer.origins));
  },
};

/**
 * y[p] = Σ w₂[k₂] Σ w₁[k₁] x[(p s₂ + k₂ d₂) s₁ + k₁ d₁ − pad]: stride s₁ s₂, and a tap at k₂ d₂ s₁ + k₁ d₁.
 * The channels of both fall into gcd(groups) blocks that do not mix.
 */
function composedConv(outer: ConvAttrs, inner: ConvAttrs): ConvAttrs {
  const [outputs = 0, outerPerGroup = 0, ...outerKernel] = outer.weights.shape;
  const [middles = 0, innerPerGroup = 0, ...innerKernel] = inner.weights.shape;
  const channels = innerPerGroup * inner.groups;
  const groups = greatestCommonDivisor(outer.groups, inner.groups);
  const perGroup = channels / groups;
  const steps = inner.strides.map((stride, d) => stride * (outer.dilations[d] ?? 1));
  const kernel = outerKernel.map(
    (taps, d) => (taps - 1) * (steps[d] ?? 1) + ((innerKernel[d] ?? 1) - 1) * (inner.dilations[d] ?? 1) + 1,
  );
  const outerTaps = tapOffsets(outerKernel, steps, kernel);
  const innerTaps = tapOffsets(innerKernel, inner.dilations, kernel);
  const taps = elementCount(kernel);
  const weights = new Float64Array(outputs * perGroup * taps);
  const bias = Float64Array.from(outer.bias.values);
  for (let o = 0; o < outputs; o++) {
    const block = Math.floor((o * groups) / outputs);
    const firstMiddle = Math.floor((o * outer.groups) / outputs) * outerPerGroup;
    for (let m = 0; m < outerPerGroup; m++) {
      const middle = firstMiddle + m;
      const firstChannel = Math.floor((middle * inner.groups) / middles) * innerPerGroup - block * perGroup;
      outerTaps.forEach((outerTap, k) => {
        const w = outer.weights.values[(o * outerPerGroup + m) * outerTaps.length + k] ?? 0;
        bias[o] = (bias[o] ?? 0) + w * (inner.bias.values[middle] ?? 0);
        for (let c = 0; c < innerPerGroup; c++) {
          const into = (o * perGroup + firstChannel + c) * taps + outerTap;
          const from = (middle * innerPerGroup + c) * innerTaps.length;
          innerTaps.forEach((innerTap, j) => {
            weights[into + innerTap] = (weights[into + innerTap] ?? 0) + w * (inner.weights.values[from + j] ?? 0);
          });
        }
      });
    }
  }
  return {
    weights: new Constant([outputs, perGroup, ...kernel], weights),
    bias: vector(bias),
    strides: inner.strides.map((stride, d) => stride * (outer.strides[d] ?? 1)),
    pads: inner.pads,
    dilations: kernel.map(() => 1),
    groups,
  };
}

/** Of each tap of a kernel, its place in a row-major kernel of extents `into`, `steps` apart. */
function tapOffsets(kernel: readonly number[], steps: readonly number[], into: readonly number[]): number[] {
  return kernel.reduce<number[]>(
    (places, extent, d) =>
      places.flatMap((place) => Array.from({ length: extent }, (_, k) => place * (into[d] ?? 1) + k * (steps[d] ?? 1))),
    [0],
  );
}

function nonZeros(constant: Constant): number {
  return constant.values.reduce((count, v) => (v === 0 ? count : count + 1), 0);
}
