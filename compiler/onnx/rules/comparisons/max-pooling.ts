/** MaxPool and GlobalMaxPool: the largest element of every window, by as many comparisons one after another as it takes halvings. */
import { elementCount } from '../../../../ir/constant.ts';
import { range, stridesOf, sumOfOffsets } from '../../emission/geometry.ts';
import type { Rule } from '../../emission/operation.ts';
import { refused } from '../../proto/failure.ts';
import { checkedExtents, checkWeights } from '../../proto/limits.ts';
import { isBatched, withShape } from '../../proto/term.ts';
import { readingPool, tapsByPosition } from '../pooling.ts';
import { extremeOfTaps } from './extremes.ts';

export const maxPool: Rule = (op) => {
  const x = op.input(0);
  if (op.node.outputs[1] !== undefined && op.node.outputs[1] !== '')
    throw refused('MaxPool tells where the largest elements are', 'Leave the second output, Indices, out.');
  const { lead, spatial, kernel, window } = readingPool(op, x);
  const shape = [...lead, ...window.outputs];
  checkedExtents(shape);
  checkWeights(elementCount(shape) * elementCount(kernel));
  const strides = stridesOf(spatial);
  const windows = tapsByPosition(window).map((taps) => {
    const axes = taps.map((axis, d) => {
      const inside = axis.filter((c) => c >= 0 && c < (spatial[d] ?? 1));
      // What lies in the padding is less than anything: a window at the edge has some element twice instead.
      return Array.from(axis, (_, i) => (inside[i] ?? inside[0] ?? 0) * (strides[d] ?? 1));
    });
    return sumOfOffsets(axes);
  });
  const perChannel = elementCount(spatial);
  const taps = range(elementCount(kernel)).map((tap) =>
    Int32Array.from({ length: elementCount(shape) }, (_, i) => {
      const [channel, position] = [Math.floor(i / windows.length), i % windows.length];
      return channel * perChannel + (windows[position]?.[tap] ?? 0);
    }),
  );
  return [withShape(extremeOfTaps(op.emit, x, taps, 'maximum'), shape)];
};

/** The largest element behind the channels. */
export const globalMaxPool: Rule = (op) => {
  const x = op.input(0);
  const leading = isBatched(x) ? 1 : 2;
  const [lead, spatial] = [x.shape.slice(0, leading), x.shape.slice(leading)];
  const [rows, group] = [elementCount(lead), elementCount(spatial)];
  const taps = range(group).map((tap) => Int32Array.from({ length: rows }, (_, row) => row * group + tap));
  return [withShape(extremeOfTaps(op.emit, x, taps, 'maximum'), [...lead, ...spatial.map(() => 1)])];
};
