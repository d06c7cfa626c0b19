/** Which element of a channel each tap of a convolution kernel reads, in any number of spatial dimensions. */
import { elementCount } from '../constant.ts';
import { tooManyNonZeros } from '../diagnostics/compile.ts';
import { HepcError } from '../diagnostics/diagnostic.ts';
import { maxNonZeros } from './csr.ts';
import type { Shape, TensorNodeNamed } from './ops.ts';

export interface ConvTaps {
  /** Output positions and kernel taps of one channel, and elements of one input channel. */
  readonly positions: number;
  readonly taps: number;
  readonly channelElements: number;
  /** Entry [position · taps + tap] is an element of the input channel, or −1 in the padding. */
  readonly source: Int32Array;
}

/** The taps of `node` on an operand of shape [C, …spatial]. Throws `HepcError` (H310) where there are too many. */
export function convTaps(node: TensorNodeNamed<'conv'>, operand: Shape): ConvTaps {
  const { weights, strides, pads, dilations } = node.attrs;
  const spatial = operand.slice(1);
  const outputs = node.type.slice(1);
  const kernel = weights.shape.slice(2);
  const positions = elementCount(outputs);
  const taps = elementCount(kernel);
  if (positions * taps > maxNonZeros) {
    throw new HepcError([
      tooManyNonZeros(
        { rows: elementCount(node.type), columns: elementCount(operand), limit: maxNonZeros },
        { nodes: node.origins },
      ),
    ]);
  }
  // One dimension after another: the table of the dimensions so far, outer product with the next one.
  let source = Int32Array.of(0);
  let outer = 1;
  let outerTaps = 1;
  for (const [d, extent] of spatial.entries()) {
    const extentOut = outputs[d] ?? 1;
    const extentKernel = kernel[d] ?? 1;
    const next = new Int32Array(outer * extentOut * outerTaps * extentKernel);
    let write = 0;
    for (let position = 0; position < outer; position++) {
      for (let o = 0; o < extentOut; o++) {
        for (let tap = 0; tap < outerTaps; tap++) {
          const prefix = source[position * outerTaps + tap] ?? -1;
          for (let k = 0; k < extentKernel; k++) {
            const at = o * (strides[d] ?? 1) + k * (dilations[d] ?? 1) - (pads[d] ?? 0);
            next[write++] = prefix < 0 || at < 0 || at >= extent ? -1 : prefix * extent + at;
          }
        }
      }
    }
    source = next;
    outer *= extentOut;
    outerTaps *= extentKernel;
  }
  return { positions, taps, channelElements: elementCount(spatial), source };
}
