/**
 * AveragePool. Where every window divides by the same number it is a depthwise `conv`; otherwise (windows that hang
 * over the edge) a `sparse`.
 */
import { Constant, elementCount } from '../../../ir/constant.ts';
import { RowWriter } from '../../../ir/tensor/csr.ts';
import { invalid } from '../proto/failure.ts';
import { range, stridesOf, sumOfOffsets } from '../emission/geometry.ts';
import { checkedExtents, checkWeights } from '../proto/limits.ts';
import type { Operation, Rule } from '../emission/operation.ts';
import { isBatched, type Term } from '../proto/term.ts';
import { readingWindow, tapCoordinates, type Window } from '../emission/window.ts';

export const averagePool: Rule = (op) => {
  const x = op.input(0);
  const { lead, spatial, kernel, window } = readingPool(op, x);
  if (kernel.some((extent, d) => Math.max(window.begins[d] ?? 0, window.ends[d] ?? 0) >= extent))
    throw invalid(`the padding is as wide as the window [${kernel.join(', ')}]`);
  const shape = [...lead, ...window.outputs];
  checkedExtents(shape);
  const channels = elementCount(lead);
  const countsPadding = op.flag('count_include_pad', false);
  if (x.kind === 'encrypted' && spatial.length <= 2 && isUniform(window, spatial, countsPadding)) {
    const taps = checkedExtents([channels, ...kernel]) / channels;
    const attrs = {
      weights: new Constant([channels, 1, ...kernel], new Float64Array(channels * taps).fill(1 / taps)),
      bias: new Constant([channels], new Float64Array(channels)),
      strides: [...window.strides],
      pads: [...window.begins, ...window.ends],
      dilations: [...window.dilations],
      groups: channels,
    };
    return [op.emit.conv(x, [channels, ...spatial], attrs, shape)];
  }
  return [op.emit.linear(x, poolingRows(window, x, channels, spatial, countsPadding), shape)];
};

interface Pool {
  /** Extents before the spatial axes: the channels, and the batch where that is an axis. */
  readonly lead: readonly number[];
  readonly spatial: readonly number[];
  readonly kernel: readonly number[];
  readonly window: Window;
}

/** The windows of a pool of x. */
export function readingPool(op: Operation, x: Term): Pool {
  const leading = isBatched(x) ? 1 : 2;
  const [lead, spatial] = [x.shape.slice(0, leading), x.shape.slice(leading)];
  const kernel = op.ints('kernel_shape');
  if (kernel?.length !== spatial.length || spatial.length === 0)
    throw invalid(`kernel_shape [${(kernel ?? []).join(', ')}] for an operand of ${spatial.length} spatial axes`);
  return { lead, spatial, kernel, window: readingWindow(op, spatial, kernel) };
}

/** For each output position the elements that its window reads along each axis, in the padding and beyond as well. */
export function tapsByPosition(window: Window): readonly (readonly (readonly number[])[])[] {
  const places = stridesOf(window.outputs);
  return range(elementCount(window.outputs)).map((position) =>
    places.map((stride, d) => tapCoordinates(window, d, Math.floor(position / stride) % (window.outputs[d] ?? 1))),
  );
}

/** Whether all windows lie inside the operand, or inside the padding that counts. */
function isUniform(
  { kernel, strides, dilations, begins, ends, outputs }: Window,
  spatial: readonly number[],
  countsPadding: boolean,
): boolean {
  return kernel.every((extent, d) => {
    const [begin, end] = [begins[d] ?? 0, ends[d] ?? 0];
    const last = ((outputs[d] ?? 1) - 1) * (strides[d] ?? 1) + (dilations[d] ?? 1) * (extent - 1);
    const inside = last < begin + (spatial[d] ?? 1) + end;
    return inside && (countsPadding || (begin === 0 && last < (spatial[d] ?? 1)));
  });
}

function poolingRows(window: Window, x: Term, channels: number, spatial: readonly number[], countsPadding: boolean) {
  const positions = elementCount(window.outputs);
  const perChannel = elementCount(spatial);
  checkWeights(channels * positions * elementCount(window.kernel));
  const strides = stridesOf(spatial);
  const windows = tapsByPosition(window).map((taps) => {
    const inside = (c: number, d: number) => c >= 0 && c < (spatial[d] ?? 1);
    // What lies beyond the padding, under a last window of ceil_mode, is never counted.
    const counted = (c: number, d: number) => c < (spatial[d] ?? 1) + (window.ends[d] ?? 0);
    const divisor = elementCount(
      taps.map((axis, d) => axis.filter((c) => (countsPadding ? counted(c, d) : inside(c, d))).length),
    );
    const source = sumOfOffsets(taps.map((axis, d) => axis.map((c) => (inside(c, d) ? c * (strides[d] ?? 1) : -1))));
    return { source, divisor };
  });
  const writer = new RowWriter(channels * positions, elementCount(x.shape));
  for (let channel = 0; channel < channels; channel++) {
    for (const { source, divisor } of windows) {
      for (const element of source) if (element >= 0) writer.push(channel * perChannel + element, 1 / divisor);
      writer.endRow();
    }
  }
  return writer.finish(new Float64Array(channels * positions));
}
