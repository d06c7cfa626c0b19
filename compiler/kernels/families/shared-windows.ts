/**
 * im2col at the client where all channels of a convolution share one window: [taps, positions] in place of
 * [taps, channels · positions]. Taps are cut into blocks of B, and a block repeats beside itself for every B channels,
 * so that a rotation by k < B taps brings channel o the tap (o + k) mod B: B steps by BSGS, and folds over the blocks
 * leave the result duplicated. B = 1 is im2col; every doubling of B halves the input ciphertexts.
 */
import { type AffineMap, rowBuffer } from '../../../ir/tensor/affine-map.ts';
import { type LinearMap, RowWriter } from '../../../ir/tensor/csr.ts';
import { Layout, nextPowerOfTwo, tiled } from '../../../ir/tile/layout.ts';
import type { KernelOption, LinearProblem } from '../parts/kernel-option.ts';
import { foldKernel } from '../parts/fold-kernel.ts';
import { freeBits, neededSteps } from '../parts/needed-steps.ts';
import { copies, powers } from '../parts/result-layouts.ts';

export function sharedWindowKernels(problem: LinearProblem, most: number): KernelOption[] {
  const { map, slots, convolution } = problem;
  const { virtualSlots: V, batchTile } = slots;
  if (convolution === undefined) return [];
  const [channels = 1, ...spatial] = convolution.output;
  const positions = spatial.map((n) => tiled(n, nextPowerOfTwo(n)));
  const area = positions.reduce((product, { t }) => product * t, 1);
  const beside = nextPowerOfTwo(channels);
  if (channels === 1 || area * beside > V) return [];
  const windows = windowsOf(map, map.rows / channels);
  const taps = windows.reduce((longest, window) => Math.max(longest, window.length), 1);
  const found: KernelOption[] = [];
  for (const block of powers(2, 2 * beside)) {
    const blocks = Math.ceil(taps / block);
    const along = Math.min(V / (area * beside), nextPowerOfTwo(blocks));
    const inner = [...copies(beside / block), tiled(block, block), ...positions];
    const input = new Layout([...copies(V / (area * beside * along)), tiled(blocks, along), ...inner], batchTile);
    if (input.ciphertexts > most) continue;
    const packing = gatherWindows(map, windows, blocks * block);
    const output = new Layout([...copies(V / (area * beside)), tiled(channels, beside), ...positions], batchTile);
    const free = freeBits(input, input.period - output.period);
    const folds = powers(output.period, input.period).filter((fold) => (free & fold) === 0);
    const steps = neededSteps({ ...problem, map: packing.map }, input, output);
    found.push({ ...foldKernel('shared-windows', steps, folds, { input, output }), packing });
  }
  return found;
}

/** For each position the columns that any channel reads there, ascending. Rows are channels · positions. */
function windowsOf(map: AffineMap, positions: number): Int32Array[] {
  const buffer = rowBuffer(map);
  return Array.from({ length: positions }, (_, position) => {
    const columns = new Set<number>();
    for (let row = position; row < map.rows; row += positions) {
      const count = map.readRow(row, buffer);
      for (let k = 0; k < count; k++) columns.add(buffer.columns[k] ?? 0);
    }
    return Int32Array.from(columns).sort();
  });
}

/** The operand as [taps, positions], and the map on those. */
function gatherWindows(
  map: AffineMap,
  windows: readonly Int32Array[],
  taps: number,
): { index: Int32Array; map: LinearMap } {
  const { rows, weights, bias } = map;
  const positions = windows.length;
  const index = new Int32Array(taps * positions).fill(-1);
  for (const [position, window] of windows.entries()) {
    for (const [tap, column] of window.entries()) index[tap * positions + position] = column;
  }
  const writer = new RowWriter(rows, index.length, map.nonZeros);
  const buffer = rowBuffer(map);
  for (let row = 0; row < rows; row++) {
    const position = row % positions;
    const window = windows[position] ?? new Int32Array(0);
    let tap = 0;
    const count = map.readRow(row, buffer);
    for (let k = 0; k < count; k++) {
      while (window[tap] !== buffer.columns[k]) tap++;
      writer.push(tap * positions + position, weights[buffer.weights[k] ?? 0] ?? 0);
    }
    writer.endRow();
  }
  return { index, map: writer.finish(bias) };
}
