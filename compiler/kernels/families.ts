/**
 * The kernel families: for a matrix and the layout that its operand has, the kernels and result layouts that can
 * compute it. A family only proposes layouts and steps; what it costs is counted here from the non-zeros, and
 * `placeWeights` proves it when it is lowered. V are the virtual slots, n the columns, m the rows.
 */
import type { LinearMap } from '../../ir/tensor/linear-map.ts';
import { type Dim, duplicated, gap, Layout, nextPowerOfTwo, tiled, tilesOf } from '../../ir/tile/layout.ts';
import type { Candidate, LinearProblem } from './candidate.ts';
import { modulo } from './place-weights.ts';
import { StepTable } from './steps.ts';

/**
 * Diagonals, folded F times. The operand is contiguous with period p (element j in slot j mod p of every period).
 * Row r stands in slot F·r; the products take slot F·r + φ, 0 ≤ φ < F, and log2 F folds bring them together, so a
 * product serves F generalised diagonals at once. F = 1 are plain diagonals (Halevi and Shoup, Crypto 2014), F = p is
 * rotate-and-sum along the operand, between them stand Gazelle's hybrids (USENIX Security 2018, section 5.2).
 */
export function foldedDiagonals(problem: LinearProblem, input: Layout, fold: number): Candidate | undefined {
  const { map } = problem;
  const { virtualSlots: V, batchTile } = problem.slots;
  const period = input.period;
  if (!isContiguous(input) || fold > period) return undefined;
  const perTile = V / fold;
  const output =
    fold === 1
      ? contiguous(map.rows, problem.slots, input.ciphertexts === 1 ? period : V)
      : new Layout([...repeated(map.rows, perTile, period / fold), gap(fold)], batchTile);
  if (spreadsTooFar(problem, output)) return undefined;
  const table = new StepTable(input.ciphertexts, V);
  forEachEntry(map, (row, column) => {
    const o = Math.floor(row / perTile);
    const step = modulo((column % V) - fold * (row % perTile), period);
    table.note(o, Math.floor(column / V), step - (step % fold));
  });
  return candidate('diagonal', table, fold, powers(1, fold), input, output);
}

/**
 * Rotate-and-sum across the operand. Element j stands every F slots, with its copies or with anything in between;
 * row r is summed in the slots that are r mod F, so a ciphertext holds F rows. Where the F slots of an element are
 * copies, no baby steps are needed (tile tensors, arXiv 2011.01805, section 4); otherwise baby and giant steps of
 * −1, −2, … fill them. Folding all positions of a period leaves the result duplicated for nothing; folding only those
 * that hold elements is shorter.
 */
export function stridedSums(problem: LinearProblem, input: Layout, whole: boolean): Candidate | undefined {
  const { map } = problem;
  const { virtualSlots: V, batchTile } = problem.slots;
  const stride = strideOf(input);
  if (stride === undefined) return undefined;
  const positions = V / stride.step;
  // A repeated operand is summed over one period, and the result is as good as summed over all of them.
  const distinct = input.period / stride.step;
  const needed = nextPowerOfTwo(Math.min(map.columns, distinct));
  if (!whole && needed === distinct) return undefined;
  const folded = whole ? distinct : needed;
  const output = new Layout([whole ? duplicated(positions) : gap(positions), tiled(map.rows, stride.step)], batchTile);
  if (spreadsTooFar(problem, output)) return undefined;
  const table = new StepTable(input.ciphertexts, V);
  forEachEntry(map, (row, column) => {
    const rest = stride.filled ? 0 : -(row % stride.step);
    table.note(Math.floor(row / stride.step), Math.floor(column / positions), rest);
  });
  return candidate('strided-sum', table, 1, powers(stride.step, folded * stride.step), input, output);
}

/**
 * The matrix as sparse diagonals between any two layouts: every non-zero needs the step from its row's slot to its
 * column's; copies in the operand are taken from the part of the tile in which the row stands. Convolutions between
 * layouts that keep their geometry need only as many steps as the window has taps, and between interleaved tiles
 * mostly none; repacking is this with the identity.
 */
export function sparseDiagonals(problem: LinearProblem, input: Layout, output: Layout): Candidate {
  const { map } = problem;
  const V = problem.slots.virtualSlots;
  const table = new StepTable(input.ciphertexts, V);
  const places = input.firstPlaces();
  const copies = duplicatedDigits(input);
  const rowAt = output.elementMap();
  const period = Math.max(input.period, output.period);
  for (let o = 0; o < output.ciphertexts; o++) {
    for (let s = 0; s < period; s++) {
      const row = rowAt[o * V + s] ?? -1;
      if (row < 0) continue;
      const digits = copies.reduce((sum, { stride, extent }) => sum + (Math.floor(s / stride) % extent) * stride, 0);
      for (let k = map.starts[row] ?? 0; k < (map.starts[row + 1] ?? 0); k++) {
        const place = places[map.indices[k] ?? 0] ?? 0;
        table.note(o, Math.floor(place / V), modulo((place % V) + digits - s, input.period));
      }
    }
  }
  return candidate('sparse-diagonal', table, 1, [], input, output);
}

/**
 * n elements in tiles of t slots, repeated where one tile has room for that, but not more often than every `atLeast`
 * slots: the operand repeats no sooner, and copies that read it elsewhere would need steps of their own.
 */
function repeated(n: number, t: number, atLeast: number): Dim[] {
  const period = Math.max(atLeast, nextPowerOfTwo(n));
  return period < t ? [duplicated(t / period), tiled(n, period)] : [tiled(n, t)];
}

/** No kernel may spread its result over more ciphertexts than this times what its elements fill. */
const maxSpread = 32;

function spreadsTooFar({ map, slots }: LinearProblem, output: Layout): boolean {
  return output.ciphertexts > maxSpread * Math.ceil(map.rows / slots.virtualSlots);
}

/** Element j in slot j mod V of ciphertext ⌊j / V⌋, repeated with the least period that holds m where there is room. */
export function contiguous(m: number, { virtualSlots: V, batchTile }: LinearProblem['slots'], atLeast = 1): Layout {
  if (m > V) return new Layout([tiled(m, V)], batchTile);
  const period = Math.min(V, Math.max(atLeast, nextPowerOfTwo(m)));
  return new Layout(period === V ? [tiled(m, V)] : [duplicated(V / period), tiled(m, period)], batchTile);
}

/**
 * The result layout of a convolution that leaves every row where the window's first tap reads: strides leave gaps in
 * plain tiles, and drop whole tiles of interleaved ones. Undefined where the operand's layout has no such geometry.
 */
export function convolutionLayout(problem: LinearProblem, input: Layout): Layout | undefined {
  const { convolution } = problem;
  if (convolution === undefined) return undefined;
  const outer = input.dims.findIndex((dim) => !dim.duplicated);
  const prefix = input.dims.slice(0, Math.max(0, outer));
  const [channel, ...spatial] = input.dims.slice(Math.max(0, outer));
  if (channel === undefined || channel.n !== convolution.input[0] || channel.interleaved) return undefined;
  const dims: Dim[] = [...prefix, tiled(convolution.output[0] ?? 1, channel.t)];
  let at = 0;
  for (let axis = 1; axis < convolution.input.length; axis++) {
    const dim = spatial[at++];
    if (dim === undefined || dim.n !== convolution.input[axis]) return undefined;
    let spacing = 1;
    if (spatial[at] !== undefined && spatial[at]?.n === 1 && convolution.input[axis] !== 1) {
      const inner = spatial[at++];
      if (inner === undefined || inner.duplicated) return undefined;
      spacing = inner.t;
    }
    const extent = convolution.output[axis] ?? 1;
    const stride = convolution.strides[axis - 1] ?? 1;
    if (dim.interleaved) {
      const next: Dim = { ...dim, n: extent };
      if (spacing !== 1 || tilesOf(dim) % stride !== 0 || tilesOf(next) !== tilesOf(dim) / stride) return undefined;
      dims.push(next);
    } else {
      if (dim.t % stride !== 0 || extent > dim.t / stride || tilesOf(dim) !== 1) return undefined;
      dims.push(tiled(extent, dim.t / stride));
      // Rows stand apart, with zeros between them: nothing is folded.
      if (spacing * stride > 1) dims.push(tiled(1, spacing * stride));
    }
  }
  return at === spatial.length ? new Layout(dims, input.batchTile) : undefined;
}

/** Whether element j stands in slot j mod V of ciphertext ⌊j / V⌋. */
function isContiguous(layout: Layout): boolean {
  return layout.firstPlaces().every((place, element) => place === element);
}

/** The distance between neighbouring elements, and whether copies fill it; undefined for any other layout. */
function strideOf(layout: Layout): { step: number; filled: boolean } | undefined {
  const last = layout.dims.at(-1);
  const filled = last?.duplicated === true;
  const step = last !== undefined && last.n === 1 ? last.t : 1;
  const positions = layout.virtualSlots / step;
  const regular = layout.firstPlaces().every((place, element) => {
    const expected = Math.floor(element / positions) * layout.virtualSlots + (element % positions) * step;
    return place === expected;
  });
  return regular ? { step, filled } : undefined;
}

/** Stride and extent of each duplicated dimension of the tile. */
function duplicatedDigits(layout: Layout): { stride: number; extent: number }[] {
  const digits: { stride: number; extent: number }[] = [];
  let stride = layout.virtualSlots;
  for (const dim of layout.dims) {
    stride /= dim.t;
    if (dim.duplicated && stride < layout.period) digits.push({ stride, extent: dim.t });
  }
  return digits;
}

function candidate(
  family: string,
  table: StepTable,
  unit: number,
  folds: number[],
  input: Layout,
  output: Layout,
): Candidate {
  const { babies, giants, babyRotations, giantRotations } = table.split(unit);
  const counts = {
    babyRotations,
    lateRotations: giantRotations + folds.length * output.ciphertexts,
    products: table.products,
    rescales: output.ciphertexts + giantRotations,
  };
  return { kernel: { family, babies: [...babies], giants: [...giants], folds }, input, output, counts };
}

/** from, 2·from, … below `end`. */
export function powers(from: number, end: number): number[] {
  const steps: number[] = [];
  for (let step = from; step < end; step *= 2) steps.push(step);
  return steps;
}

function forEachEntry({ rows, starts, indices }: LinearMap, visit: (row: number, column: number) => void): void {
  for (let row = 0; row < rows; row++) {
    for (let k = starts[row] ?? 0; k < (starts[row + 1] ?? 0); k++) visit(row, indices[k] ?? 0);
  }
}
