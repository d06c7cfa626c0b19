/**
 * Diagonals with folds. Rows stand F slots apart, R = F · M slots of them with M = nextPowerOfTwo(m); the operand has
 * period p and may stand in any way. Two kinds of folds bring diagonals together, so that a product serves several:
 *
 * - Inner folds 1, 2, … F/2 sum the F slots from F·r on, of which each takes other columns of row r. F = 1 are plain
 *   diagonals (Halevi and Shoup, Crypto 2014), F = p is rotate-and-sum along the operand.
 * - Outer folds R, 2R, … p/2 sum the slots that are equal modulo R, and since they go around the whole period the
 *   result is duplicated for nothing: Gazelle's hybrid (USENIX Security 2018, section 5.2), and for an operand with
 *   M or more slots for each element rotate-and-sum of tile tensors (arXiv 2011.01805, section 4).
 *
 * A dense matrix of one ciphertext needs BSGS(M) steps with all outer folds, BSGS(p / F) without any. Folds over bits
 * that no step has, since the operand leaves those slots empty, are left out: an operand with an element every G
 * slots is to F = G, 2G, … a contiguous one of V / G slots.
 *
 * - Spreading: where p ≤ R < V the rows of every block of R slots read copies of the operand, and each of S blocks takes
 *   another shift by F columns. Folds (R + F)·2^i collect them; the rows have to leave F·(S − 1) slots free at the end
 *   of a block, and the result stands in every S-th block. Each fold halves the steps.
 */
import type { AffineMap } from '../../../ir/tensor/affine-map.ts';
import { type Layout, nextPowerOfTwo } from '../../../ir/tile/layout.ts';
import type { KernelOption, LinearProblem } from '../parts/kernel-option.ts';
import { foldKernel } from '../parts/fold-kernel.ts';
import { freeBits, neededSteps, regularStride } from '../parts/needed-steps.ts';
import { powers, rowsAtStride, rowsInBlocks, spreadsTooFar } from '../parts/result-layouts.ts';
import type { StepTable } from '../parts/steps.ts';

/** All foldings for rows that stand `stride` slots apart. */
export function foldedDiagonals(problem: LinearProblem, input: Layout, stride: number): KernelOption[] {
  const { map, slots } = problem;
  const { virtualSlots: V } = slots;
  const { period } = input;
  if (stride > period) return [];
  const plain = rowsAtStride(map.rows, stride, period, slots);
  if (spreadsTooFar(problem, plain)) return [];
  const steps = neededSteps(problem, input, plain);
  const { bits } = steps;
  const inner = powers(1, stride).filter((fold) => (bits & fold) !== 0);
  const rows = Math.min(V, stride * nextPowerOfTwo(map.rows));
  const found: KernelOption[] = [];
  // Dense matrices have all diagonals of the period, of which outer folds leave the fewest.
  if (rows >= period || !isDense(map)) found.push(foldKernel('diagonal', steps, inner, { input, output: plain }));
  if (rows < period) {
    const around = powers(rows, period);
    const free = freeBits(input, period - rows);
    const folds = [...inner, ...around.filter((fold) => (free & fold) === 0)];
    const output = rowsAtStride(map.rows, stride, rows, slots);
    found.push(foldKernel('hybrid', steps, folds, { input, output }));
    found.push(...partlyFolded(problem, steps, inner, { input, stride, rows }));
  } else if (stride === 1 || stride === regularStride(input)) {
    found.push(...spread(problem, steps, inner, { input, stride, rows }));
  }
  return found;
}

function isDense({ rows, columns, nonZeros }: AffineMap): boolean {
  return 2 * nonZeros > rows * columns;
}

interface Placing {
  readonly input: Layout;
  readonly stride: number;
  /** Slots of all rows, to the next power of two. */
  readonly rows: number;
}

/** Where the elements end early in the period: outer folds that stop there. */
function partlyFolded(
  { map, slots }: LinearProblem,
  steps: StepTable,
  inner: readonly number[],
  { input, stride, rows }: Placing,
): KernelOption[] {
  const { virtualSlots: V } = slots;
  const { period } = input;
  const extent = input.firstPlaces().reduce((most, place) => Math.max(most, (place & (V - 1)) + 1), 1);
  const folds = powers(rows, extent).filter((fold) => (steps.bits & fold) !== 0);
  if (folds.length === 0 || 2 * extent > period) return [];
  const output = rowsInBlocks(map.rows, stride, rows, period / rows, slots);
  return [foldKernel('hybrid', steps, [...inner, ...folds], { input, output, origin: rows - stride })];
}

function spread(
  { map, slots }: LinearProblem,
  steps: StepTable,
  inner: readonly number[],
  { input, stride, rows }: Placing,
): KernelOption[] {
  const { virtualSlots: V } = slots;
  const { period } = input;
  const end = map.rows * stride;
  // The lowest bit that no other fold takes: larger shifts need more room between the blocks.
  const shift = stride;
  const found: KernelOption[] = [];
  for (let groups = 2; groups * rows <= V && shift * groups <= period; groups *= 2) {
    if (end + shift * (groups - 1) > rows) break;
    const folds = [...inner, ...powers(1, groups).map((i) => (rows + shift) * i)];
    // Behind the last row the folds of the last block reach into the first one.
    const output = rowsInBlocks(map.rows, stride, rows, groups, slots).withUnknown();
    found.push(foldKernel('spread-diagonal', steps, folds, { input, output }));
  }
  return found;
}
