/**
 * Kernels at the model's input, where the client packs, repeats and reorders elements for nothing.
 */
import { type LinearMap, RowWriter } from '../../ir/tensor/csr.ts';
import { duplicated, interleaved, Layout, nextPowerOfTwo, tiled } from '../../ir/tile/layout.ts';
import type { Candidate, LinearProblem } from './candidate.ts';
import { contiguous, convolutionLayout, foldedDiagonals, powers, sparseDiagonals, stridedSums } from './families.ts';
import { StepTable } from './steps.ts';

/** More input ciphertexts than this, or than the plain operand fills, cost more to encrypt and send than kernels save. */
const maxInputs = 256;

/** Every layout that the client could pack the operand in, with the kernels that read it. */
export function kernelsAtInput(problem: LinearProblem): Candidate[] {
  const { map, slots } = problem;
  const { virtualSlots: V, batchTile } = slots;
  const found: (Candidate | undefined)[] = [];
  const most = Math.max(maxInputs, Math.ceil(map.columns / V));
  for (const stride of powers(1, 2 * V)) {
    if (Math.ceil((map.columns * stride) / V) > most) break;
    const input = new Layout([tiled(map.columns, V / stride), ...(stride > 1 ? [duplicated(stride)] : [])], batchTile);
    found.push(stridedSums(problem, input, true), stridedSums(problem, input, false));
  }
  const plain = contiguous(map.columns, slots);
  for (const fold of powers(1, 2 * V)) found.push(foldedDiagonals(problem, plain, fold));
  found.push(...imageKernels(problem), ...im2colKernels(problem));
  return found.filter((candidate) => candidate !== undefined);
}

/**
 * im2col at the client (as in CryptoNets and HElayers): the k-th non-zero of every row side by side, so that the
 * matrix is one product for each tile of k and log2 folds, without any baby step. It holds for every sparse matrix,
 * not for convolutions alone.
 */
function im2colKernels(problem: LinearProblem): Candidate[] {
  const { map, convolution } = problem;
  const { virtualSlots: V, batchTile } = problem.slots;
  const depth = longestRow(map);
  if (depth === 0 || depth * 2 > map.columns) return [];
  const packing = gatherRows(map, depth);
  const views = [[map.rows], ...(convolution === undefined ? [] : [[...convolution.output]])];
  return views.flatMap((view) => {
    const dims =
      view.length === 1 && map.rows > V ? [tiled(map.rows, V)] : view.map((n) => tiled(n, nextPowerOfTwo(n)));
    const inner = dims.reduce((product, { t }) => product * t, 1);
    if (inner > V) return [];
    const room = V / inner;
    const along = Math.min(room, nextPowerOfTwo(depth));
    const input = new Layout([...copies(room / along), tiled(depth, along), ...dims], batchTile);
    if (input.ciphertexts > maxInputs) return [];
    const output = new Layout([...copies(room), ...dims], batchTile);
    const table = new StepTable(input.ciphertexts, V);
    const perRow = output.ciphertexts;
    for (let c = 0; c < input.ciphertexts; c++) table.note(c % perRow, c, 0);
    const folds = powers(inner, inner * along);
    const counts = {
      babyRotations: 0,
      lateRotations: folds.length * output.ciphertexts,
      products: input.ciphertexts,
      rescales: output.ciphertexts,
    };
    return [{ kernel: { family: 'im2col', babies: [0], giants: [0], folds }, input, output, counts, packing }];
  });
}

/** Convolutions on the image itself: plain or interleaved tiles of the spatial dimensions, channels beside them. */
function imageKernels(problem: LinearProblem): Candidate[] {
  const { convolution, slots } = problem;
  if (convolution === undefined) return [];
  const [channels = 1, ...spatial] = convolution.input;
  const found: Candidate[] = [];
  for (const side of powers(1, 2 * slots.virtualSlots)) {
    const dims = spatial.map((n) => (n <= side ? tiled(n, nextPowerOfTwo(n)) : interleaved(n, side)));
    const area = dims.reduce((product, { t }) => product * t, 1);
    if (area > slots.virtualSlots) break;
    const input = new Layout([tiled(channels, slots.virtualSlots / area), ...dims], slots.batchTile);
    if (input.ciphertexts > maxInputs) continue;
    const output = convolutionLayout(problem, input);
    if (output !== undefined && output.ciphertexts <= maxInputs) found.push(sparseDiagonals(problem, input, output));
    if (spatial.every((n) => n <= side)) break;
  }
  return found;
}

function copies(t: number) {
  return t === 1 ? [] : [duplicated(t)];
}

function longestRow({ rows, starts }: LinearMap): number {
  let longest = 0;
  for (let r = 0; r < rows; r++) longest = Math.max(longest, (starts[r + 1] ?? 0) - (starts[r] ?? 0));
  return longest;
}

/** The operand as [depth, rows]: element (k, r) is the column of the k-th non-zero of row r; and the map on those. */
function gatherRows(map: LinearMap, depth: number): { index: Int32Array; map: LinearMap } {
  const { rows, starts, indices, values, bias } = map;
  const index = new Int32Array(depth * rows).fill(-1);
  const writer = new RowWriter(rows, depth * rows, values.length);
  for (let r = 0; r < rows; r++) {
    const first = starts[r] ?? 0;
    for (let k = 0; first + k < (starts[r + 1] ?? 0); k++) {
      index[k * rows + r] = indices[first + k] ?? 0;
      writer.push(k * rows + r, values[first + k] ?? 0);
    }
    writer.endRow();
  }
  return { index, map: writer.finish(bias) };
}
