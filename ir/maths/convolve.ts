/** The arithmetic of convolutions: what a position reads is gathered once, for all output channels of its group. */

export interface Windows {
  /** Entry [position · taps + tap] is an element of an input channel, or −1; those of a position ascend. */
  readonly source: Int32Array;
  readonly taps: number;
  /** Output channels fall into as many groups, each of which reads its own input channels. */
  readonly groups: number;
  readonly channelElements: number;
}

/**
 * Adds the convolution of `x` to `y`, [outputs, positions]; `weights` are [outputs, channels of a group, taps]. Terms are
 * added one after another, by channel and then by tap.
 */
export function convolve(weights: Float64Array, windows: Windows, x: Float64Array, y: Float64Array): void {
  const { source, taps, groups } = windows;
  const positions = source.length / taps;
  const outputs = y.length / positions;
  const reads = weights.length / outputs;
  const perGroup = reads / taps;
  const outputsOfGroup = outputs / groups;
  const window = new Float64Array(reads);
  for (let position = 0; position < positions; position++) {
    for (let group = 0; group < groups; group++) {
      gather(window, windows, x, { position, firstChannel: group * perGroup });
      const end = (group + 1) * outputsOfGroup;
      let o = group * outputsOfGroup;
      // Four sums at a time do not wait for each other.
      for (; o + 4 <= end; o += 4) {
        const at = o * reads;
        const to = o * positions + position;
        let [a, b, c, d] = [y[to] ?? 0, y[to + positions] ?? 0, y[to + 2 * positions] ?? 0, y[to + 3 * positions] ?? 0];
        for (let i = 0; i < reads; i++) {
          const value = window[i] ?? 0;
          a += (weights[at + i] ?? 0) * value;
          b += (weights[at + reads + i] ?? 0) * value;
          c += (weights[at + 2 * reads + i] ?? 0) * value;
          d += (weights[at + 3 * reads + i] ?? 0) * value;
        }
        y[to] = a;
        y[to + positions] = b;
        y[to + 2 * positions] = c;
        y[to + 3 * positions] = d;
      }
      for (; o < end; o++) {
        const to = o * positions + position;
        let sum = y[to] ?? 0;
        for (let i = 0; i < reads; i++) sum += (weights[o * reads + i] ?? 0) * (window[i] ?? 0);
        y[to] = sum;
      }
    }
  }
}

/** The operands of a position by channel and tap, zero in the padding. */
function gather(
  window: Float64Array,
  { source, taps, channelElements }: Windows,
  x: Float64Array,
  { position, firstChannel }: { readonly position: number; readonly firstChannel: number },
): void {
  const first = position * taps;
  for (let i = 0, channel = firstChannel; i < window.length; channel++) {
    const offset = channel * channelElements;
    for (let tap = 0; tap < taps; tap++) {
      const element = source[first + tap] ?? -1;
      window[i++] = element < 0 ? 0 : (x[offset + element] ?? 0);
    }
  }
}
