/** Kernels on windows that the client has gathered. */
import { type AffineMap, rowBuffer } from '../../../ir/tensor/affine-map.ts';
import { type LinearMap, RowWriter } from '../../../ir/tensor/csr.ts';
import { type Dim, interleaved, Layout, nextPowerOfTwo, tiled } from '../../../ir/tile/layout.ts';
import type { KernelOption, LinearProblem } from '../parts/kernel-option.ts';
import { foldKernel } from '../parts/fold-kernel.ts';
import { neededSteps } from '../parts/needed-steps.ts';
import { copies, powers } from '../parts/result-layouts.ts';

/**
 * im2col at the client (as in CryptoNets and HElayers): the k-th non-zero of every row side by side, so that the
 * matrix is one product for each tile of k and log2 folds, without any baby step. It holds for every sparse matrix,
 * not for convolutions alone.
 */
export function im2colKernels(problem: LinearProblem, most: number): KernelOption[] {
  const { map } = problem;
  const { virtualSlots: V, batchTile } = problem.slots;
  const depth = longestRow(map);
  if (depth === 0 || depth * 2 > map.columns) return [];
  let packing: ReturnType<typeof gatherRows> | undefined;
  return rowDims(problem).flatMap((dims) => {
    const inner = dims.reduce((product, { t }) => product * t, 1);
    const room = V / inner;
    const along = Math.min(room, nextPowerOfTwo(depth));
    const input = new Layout([...copies(room / along), tiled(depth, along), ...dims], batchTile);
    if (input.ciphertexts > most) return [];
    packing ??= gatherRows(map, depth);
    const output = new Layout([...copies(room), ...dims], batchTile);
    const steps = neededSteps({ ...problem, map: packing.map }, input, output);
    const kernel = foldKernel('im2col', steps, powers(inner, inner * along), { input, output });
    return [{ ...kernel, packing }];
  });
}

/** Contiguous rows; of convolutions also channels and positions apart, in plain tiles and in four interleaved ones. */
function rowDims({ map, slots, convolution }: LinearProblem): Dim[][] {
  const { virtualSlots: V } = slots;
  const found: Dim[][] = [[tiled(map.rows, Math.min(V, nextPowerOfTwo(map.rows)))]];
  if (convolution === undefined) return found;
  const [channels = 1, ...spatial] = convolution.output;
  const plain = spatial.map((n) => tiled(n, nextPowerOfTwo(n)));
  const halves = spatial.map((n) => interleaved(n, Math.max(1, nextPowerOfTwo(n) / 2)));
  for (const dims of [plain, halves]) {
    const area = dims.reduce((product, { t }) => product * t, 1);
    if (area <= V) found.push([tiled(channels, Math.min(V / area, nextPowerOfTwo(channels))), ...dims]);
  }
  return found;
}

function longestRow(map: AffineMap): number {
  let longest = 0;
  for (let r = 0; r < map.rows; r++) longest = Math.max(longest, map.count(r));
  return longest;
}

/** The operand as [depth, rows]: element (k, r) is the column of the k-th non-zero of row r; and the map on those. */
function gatherRows(map: AffineMap, depth: number): { index: Int32Array; map: LinearMap } {
  const { rows, weights, bias } = map;
  const index = new Int32Array(depth * rows).fill(-1);
  const writer = new RowWriter(rows, depth * rows, map.nonZeros);
  const buffer = rowBuffer(map);
  for (let r = 0; r < rows; r++) {
    const count = map.readRow(r, buffer);
    for (let k = 0; k < count; k++) {
      index[k * rows + r] = buffer.columns[k] ?? 0;
      writer.push(k * rows + r, weights[buffer.weights[k] ?? 0] ?? 0);
    }
    writer.endRow();
  }
  return { index, map: writer.finish(bias) };
}
