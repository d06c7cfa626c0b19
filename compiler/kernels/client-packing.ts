/** Kernels at the model's input, where the client packs, repeats and reorders elements for nothing. */
import { interleaved, Layout, nextPowerOfTwo, tiled } from '../../ir/tile/layout.ts';
import type { KernelOption, LinearProblem } from './parts/kernel-option.ts';
import { withoutDominated } from './parts/dominance.ts';
import { foldedDiagonals } from './families/folded-diagonals.ts';
import { im2colKernels } from './families/im2col.ts';
import { geometricKernels } from './kernels-from.ts';
import { contiguous, copies, powers } from './parts/result-layouts.ts';
import { sharedWindowKernels } from './families/shared-windows.ts';
import { stridedSums } from './families/strided-sums.ts';
import { kernelsOfShape } from './tile-shape.ts';

/** More input ciphertexts than this, or than the plain operand fills, cost more to encrypt and send than kernels save. */
const maxInputs = 64;

/** Every layout that the client could pack the operand in, with the kernels that read it. */
export function kernelsAtInput(problem: LinearProblem): KernelOption[] {
  const { map, slots } = problem;
  if (slots.tile !== undefined) return kernelsOfShape(problem, slots.tile, undefined);
  const { virtualSlots: V } = slots;
  const most = Math.max(maxInputs, 2 * Math.ceil(map.columns / V));
  const found: KernelOption[] = [];
  const rows = Math.min(V, nextPowerOfTwo(map.rows));
  for (const stride of powers(1, 2 * V)) found.push(...packedSums(problem, stride, 1, most));
  for (const block of powers(2, 2 * rows)) found.push(...packedSums(problem, rows, block, most));
  const plain = contiguous(map.columns, slots);
  for (const stride of powers(1, 2 * V)) found.push(...foldedDiagonals(problem, plain, stride));
  found.push(...imageKernels(problem, most));
  // These gather what the rows read, by an index that the client has.
  if (problem.learnedStructure !== true)
    found.push(...im2colKernels(problem, most), ...sharedWindowKernels(problem, most));
  return withoutDominated(found);
}

/**
 * Rotate-and-sum with copies made by the client. The operand is cut into blocks of B elements, a block takes `stride`
 * slots and repeats in them, so that a rotation by k < B brings slot r the element (r + k) mod B of its block, and B
 * steps by BSGS serve `stride` rows. The folds go over the blocks and leave the result duplicated. B = 1 needs
 * ⌈n · stride / V⌉ input ciphertexts and no steps, every doubling of B halves the ciphertexts: uploads against rotations.
 */
function packedSums(problem: LinearProblem, stride: number, block: number, most: number): KernelOption[] {
  const { map, slots } = problem;
  const { virtualSlots: V, batchTile } = slots;
  const blocks = Math.ceil(map.columns / block);
  const along = Math.min(V / stride, nextPowerOfTwo(blocks));
  const dims = [...copies(V / (stride * along)), tiled(blocks, along), ...copies(stride / block)];
  const input = new Layout(block === 1 ? dims : [...dims, tiled(block, block)], batchTile);
  if (input.ciphertexts > most) return [];
  const padded = map.widened(blocks * block);
  const kernels = [...stridedSums({ map: padded, slots }, input), ...foldedDiagonals({ map: padded, slots }, input, 1)];
  if (padded.columns === map.columns) return kernels;
  const index = Int32Array.from({ length: padded.columns }, (_, j) => (j < map.columns ? j : -1));
  return kernels.map((kernel) => ({ ...kernel, packing: { index, map: padded } }));
}

/** Convolutions on the image itself: plain or interleaved tiles of the spatial dimensions, channels beside them. */
function imageKernels(problem: LinearProblem, most: number): KernelOption[] {
  const { convolution, slots } = problem;
  if (convolution === undefined) return [];
  const [channels = 1, ...spatial] = convolution.input;
  const mostOutputs = Math.max(most, 2 * Math.ceil(problem.map.rows / slots.virtualSlots));
  const found: KernelOption[] = [];
  for (const side of powers(1, 2 * slots.virtualSlots)) {
    const dims = spatial.map((n) => (n <= side ? tiled(n, nextPowerOfTwo(n)) : interleaved(n, side)));
    const area = dims.reduce((product, { t }) => product * t, 1);
    if (area > slots.virtualSlots) break;
    const input = new Layout([tiled(channels, slots.virtualSlots / area), ...dims], slots.batchTile);
    if (input.ciphertexts > most) continue;
    found.push(...geometricKernels(problem, input).filter(({ output }) => output.ciphertexts <= mostOutputs));
    if (spatial.every((n) => n <= side)) break;
  }
  return found;
}
