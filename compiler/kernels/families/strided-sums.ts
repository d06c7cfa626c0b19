/**
 * Rotate-and-sum across the operand for more rows than there are slots between its elements. Element j stands every G
 * slots, with its copies or with anything in between; row r is summed in the slots that are r mod G, so a ciphertext
 * holds G rows. Where the G slots of an element are copies, no steps are needed (tile tensors, arXiv 2011.01805,
 * section 4); otherwise steps of −1, −2, … fill them. Folding all positions of a period leaves the result duplicated
 * for nothing; folding only those that hold elements is shorter.
 */
import { duplicated, gap, Layout, nextPowerOfTwo, tiled } from '../../../ir/tile/layout.ts';
import type { KernelOption, LinearProblem } from '../parts/kernel-option.ts';
import { foldKernel } from '../parts/fold-kernel.ts';
import { neededSteps, regularStride } from '../parts/needed-steps.ts';
import { powers, spreadsTooFar } from '../parts/result-layouts.ts';

/** Nothing where the operand does not stand evenly. */
export function stridedSums(problem: LinearProblem, input: Layout): KernelOption[] {
  const { map, slots } = problem;
  const { virtualSlots: V, batchTile } = slots;
  const stride = regularStride(input);
  if (stride === undefined || stride >= map.rows) return [];
  const positions = V / stride;
  const around = input.period / stride;
  const needed = nextPowerOfTwo(Math.min(map.columns, around));
  const duplicates = new Layout([duplicated(positions), tiled(map.rows, stride)], batchTile);
  if (spreadsTooFar(problem, duplicates)) return [];
  const steps = neededSteps(problem, input, duplicates);
  const found = [foldKernel('strided-sum', steps, powers(stride, input.period), { input, output: duplicates })];
  if (needed < around) {
    const output = new Layout([gap(positions), tiled(map.rows, stride)], batchTile);
    const folds = powers(stride, needed * stride);
    found.push(foldKernel('strided-sum', steps, folds, { input, output, origin: stride - 1 }));
  }
  return found;
}
