/** Layouts that kernels leave their results in. V are the virtual slots. */
import { type Dim, duplicated, gap, Layout, nextPowerOfTwo, tiled } from '../../../ir/tile/layout.ts';
import type { LinearProblem, SlotShape } from './kernel-option.ts';

/** No kernel may spread its result over more ciphertexts than this times what its elements fill. */
const maxSpread = 8;

export function spreadsTooFar({ map, slots }: LinearProblem, output: Layout): boolean {
  return output.ciphertexts > maxSpread * Math.ceil(map.rows / slots.virtualSlots);
}

/** Element j in slot j mod V of ciphertext ⌊j / V⌋, repeated with the least period that holds m where there is room. */
export function contiguous(m: number, slots: SlotShape, atLeast = 1): Layout {
  return rowsAtStride(m, 1, atLeast, slots);
}

/**
 * Row r in slot `stride` · r, with `stride` − 1 slots of anything behind it. Where one ciphertext holds them all they
 * are repeated every `period` slots, or as often as there is room for.
 */
export function rowsAtStride(
  m: number,
  stride: number,
  period: number,
  { virtualSlots: V, batchTile }: SlotShape,
): Layout {
  const repeat = Math.min(V, Math.max(period, stride * nextPowerOfTwo(m)));
  return new Layout([...copies(V / repeat), tiled(m, repeat / stride), ...room(stride)], batchTile);
}

/** Row r in slot `stride` · r of every `blocks`-th block of `block` slots; anything stands in the blocks between. */
export function rowsInBlocks(
  m: number,
  stride: number,
  block: number,
  blocks: number,
  { virtualSlots: V, batchTile }: SlotShape,
): Layout {
  const dims = [...copies(V / (block * blocks)), ...room(blocks), tiled(m, block / stride), ...room(stride)];
  return new Layout(dims, batchTile);
}

export function copies(t: number): Dim[] {
  return t === 1 ? [] : [duplicated(t)];
}

function room(t: number): Dim[] {
  return t === 1 ? [] : [gap(t)];
}

/** from, 2·from, … below `end`. */
export function powers(from: number, end: number): number[] {
  const steps: number[] = [];
  for (let step = from; step < end; step *= 2) steps.push(step);
  return steps;
}
