/**
 * Sliding windows: the geometry that Conv, ConvTranspose and AveragePool share, from attributes to extents.
 * All lists have one entry per spatial axis.
 */
import { invalid } from '../proto/failure.ts';
import type { Operation } from './operation.ts';

export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly begins: readonly number[];
  readonly ends: readonly number[];
  /** Positions of the window. */
  readonly outputs: readonly number[];
}

const autoPads = ['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'] as const;
const largest = 2 ** 31 - 1;

/** The window of `op` over `spatial`, for operators that read it (Conv and pooling). */
export function readingWindow(op: Operation, spatial: readonly number[], kernel: readonly number[]): Window {
  const { strides, dilations, autoPad, pads } = attributesOf(op, kernel);
  const reach = reachOf(kernel, dilations);
  const total = spatial.map((extent, d) => {
    const [stride, covered] = [strides[d] ?? 1, reach[d] ?? 1];
    return Math.max(0, (Math.ceil(extent / stride) - 1) * stride + covered - extent);
  });
  const [begins, ends] = autoPad.startsWith('SAME') ? split(total, autoPad === 'SAME_LOWER') : pads;
  const ceil = op.int('ceil_mode', 0) === 1 && autoPad === 'NOTSET';
  const outputs = spatial.map((extent, d) => {
    const [stride, begin] = [strides[d] ?? 1, begins[d] ?? 0];
    const room = extent + begin + (ends[d] ?? 0) - (reach[d] ?? 1);
    if (room < 0)
      throw invalid(`the window [${kernel.join(', ')}] is larger than the padded operand [${spatial.join(', ')}]`);
    if (!ceil) return Math.floor(room / stride) + 1;
    const count = Math.ceil(room / stride) + 1;
    // A window that would begin in the padding behind the operand is left out.
    return (count - 1) * stride >= extent + begin ? count - 1 : count;
  });
  return { kernel, strides, dilations, begins, ends, outputs };
}

/** The window of a ConvTranspose, which writes it: `outputs` are the extents of the result. */
export function writingWindow(op: Operation, spatial: readonly number[], kernel: readonly number[]): Window {
  const { strides, dilations, autoPad, pads } = attributesOf(op, kernel);
  const reach = reachOf(kernel, dilations);
  const extra = op.ints('output_padding') ?? kernel.map(() => 0);
  checkList('output_padding', extra, kernel.length, 0);
  const full = spatial.map((extent, d) => (strides[d] ?? 1) * (extent - 1) + (extra[d] ?? 0) + (reach[d] ?? 1));
  const given = op.ints('output_shape')?.slice(-kernel.length);
  const wanted =
    given ?? (autoPad.startsWith('SAME') ? spatial.map((extent, d) => extent * (strides[d] ?? 1)) : undefined);
  if (wanted === undefined) {
    const [begins, ends] = pads;
    const outputs = full.map((extent, d) => extent - (begins[d] ?? 0) - (ends[d] ?? 0));
    if (outputs.some((extent) => extent < 1)) throw invalid('the padding removes the whole result');
    return { kernel, strides, dilations, begins, ends, outputs };
  }
  checkList('output_shape', wanted, kernel.length, 1);
  const unreachable = given?.findIndex((extent, d) => extent - (full[d] ?? 0) >= (strides[d] ?? 1)) ?? -1;
  if (unreachable >= 0)
    throw invalid(
      `output_shape is ${given?.[unreachable]} along spatial axis ${unreachable}, where the operand gives ${full[unreachable]}`,
    );
  const total = full.map((extent, d) => Math.max(0, extent - (wanted[d] ?? 1)));
  // The odd one goes to the end for SAME_UPPER and to the begin otherwise (ConvTranspose, ONNX operators).
  const [begins, ends] = split(total, autoPad !== 'SAME_UPPER');
  // Where the strides leave gaps behind the last window, SAME gives less than it asks for: nothing is padded with zeros
  // (onnxruntime, ComputeTransposePadAndOutputShape).
  const outputs = given ?? full.map((extent, d) => extent - (total[d] ?? 0));
  return { kernel, strides, dilations, begins, ends, outputs };
}

/**
 * The coordinates of the operand that output `position` reads along axis d, for each tap of the kernel; those in the
 * padding are negative or past the end.
 */
export function tapCoordinates(window: Window, d: number, position: number): readonly number[] {
  const start = position * (window.strides[d] ?? 1) - (window.begins[d] ?? 0);
  return Array.from({ length: window.kernel[d] ?? 1 }, (_, tap) => start + tap * (window.dilations[d] ?? 1));
}

function attributesOf(op: Operation, kernel: readonly number[]) {
  const rank = kernel.length;
  const strides = op.ints('strides') ?? kernel.map(() => 1);
  const dilations = op.ints('dilations') ?? kernel.map(() => 1);
  const autoPad = op.string('auto_pad', autoPads, 'NOTSET');
  const given = op.ints('pads');
  const flat = autoPad === 'NOTSET' && given !== undefined ? given : new Array<number>(2 * rank).fill(0);
  checkList('kernel_shape', kernel, rank, 1);
  checkList('strides', strides, rank, 1);
  checkList('dilations', dilations, rank, 1);
  checkList('pads', flat, 2 * rank, 0);
  return { strides, dilations, autoPad, pads: [flat.slice(0, rank), flat.slice(rank)] as const };
}

function reachOf(kernel: readonly number[], dilations: readonly number[]): readonly number[] {
  return kernel.map((extent, d) => (dilations[d] ?? 1) * (extent - 1) + 1);
}

function split(total: readonly number[], moreAtBegin: boolean): readonly [readonly number[], readonly number[]] {
  const small = total.map((pad) => Math.floor(pad / 2));
  const large = total.map((pad) => Math.ceil(pad / 2));
  return moreAtBegin ? [large, small] : [small, large];
}

function checkList(name: string, list: readonly number[], length: number, least: number): void {
  if (list.length !== length) throw invalid(`${name} has ${list.length} entries, expected ${length}`);
  const bad = list.find((x) => x < least || x > largest);
  if (bad !== undefined) throw invalid(`${name} has an entry ${bad}, at least ${least} is expected`);
}
