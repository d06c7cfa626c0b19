/** The arithmetic of convolutions: what a position reads is gathered once, for all output channels of its group. */

export interface Windows {
  /** Entry [position · taps + tap] is an element of an input channel, or −1; those of a position ascend. */
  readonly source: Int32Array;
  readonly taps: number;
  /** Output channels fall into as many groups, each of which reads its own input channels. */
  readonly groups: number;
  readonly channelElements: number;
}

/** Positions that are computed side by side: eight sums, of two output channels each, do not wait for each other. */
const sideBySide = 4;

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
  const operands = new Float64Array(reads * sideBySide);
  for (let position = 0; position < positions; position += sideBySide) {
    // Beyond the last position that is computed again.
    const last = positions - position - 1;
    const one = Math.min(1, last);
    const two = Math.min(2, last);
    const three = Math.min(3, last);
    for (let group = 0; group < groups; group++) {
      gather(operands, windows, x, { position, firstChannel: group * perGroup });
      const end = (group + 1) * outputsOfGroup;
      for (let o = group * outputsOfGroup; o < end; o += 2) {
        const first = o * reads;
        // And so is an output without a neighbour.
        const second = o + 1 < end ? first + reads : first;
        const to = o * positions + position;
        const next = o + 1 < end ? to + positions : to;
        let a0 = y[to] ?? 0;
        let a1 = y[to + one] ?? 0;
        let a2 = y[to + two] ?? 0;
        let a3 = y[to + three] ?? 0;
        let b0 = y[next] ?? 0;
        let b1 = y[next + one] ?? 0;
        let b2 = y[next + two] ?? 0;
        let b3 = y[next + three] ?? 0;
        for (let i = 0, at = 0; i < reads; i++, at += sideBySide) {
          const u = weights[first + i] ?? 0;
          const v = weights[second + i] ?? 0;
          const p = operands[at] ?? 0;
          const q = operands[at + 1] ?? 0;
          const r = operands[at + 2] ?? 0;
          const s = operands[at + 3] ?? 0;
          a0 += u * p;
          a1 += u * q;
          a2 += u * r;
          a3 += u * s;
          b0 += v * p;
          b1 += v * q;
          b2 += v * r;
          b3 += v * s;
        }
        y[to] = a0;
        y[to + one] = a1;
        y[to + two] = a2;
        y[to + three] = a3;
        y[next] = b0;
        y[next + one] = b1;
        y[next + two] = b2;
        y[next + three] = b3;
      }
    }
  }
}

/**
 * The operands of some positions by channel and tap, side by side, zero in the padding. Beyond the last position that is
 * read again.
 */
function gather(
  operands: Float64Array,
  { source, taps, channelElements }: Windows,
  x: Float64Array,
  { position, firstChannel }: { readonly position: number; readonly firstChannel: number },
): void {
  const last = source.length / taps - 1;
  for (let lane = 0; lane < sideBySide; lane++) {
    const first = Math.min(position + lane, last) * taps;
    for (let at = lane, offset = firstChannel * channelElements; at < operands.length; offset += channelElements) {
      for (let tap = 0; tap < taps; tap++, at += sideBySide) {
        const element = source[first + tap] ?? -1;
        operands[at] = element < 0 ? 0 : (x[offset + element] ?? 0);
      }
    }
  }
}
