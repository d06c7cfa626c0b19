/**
 * The matrix as sparse diagonals between any two layouts: every non-zero needs the step from its row's slot to its
 * column's; copies in the operand are taken from the part of the tile in which the row stands. Convolutions between
 * layouts that keep their geometry need only as many steps as the window has taps, and between interleaved tiles
 * mostly none; repacking is this with the identity. Where the result leaves slots to anything, or repeats sooner than
 * the operand, folds over those bits may take the place of steps, as in folded diagonals.
 */
import type { Layout } from '../../../ir/tile/layout.ts';
import { type KernelOption, type LinearProblem, rotationsOf } from '../parts/kernel-option.ts';
import { foldKernel } from '../parts/fold-kernel.ts';
import { copyBits, freeBits, neededSteps, ownBits } from '../parts/needed-steps.ts';
import { powers } from '../parts/result-layouts.ts';
import type { StepTable } from '../parts/steps.ts';

export function sparseDiagonals(problem: LinearProblem, input: Layout, output: Layout): KernelOption {
  const family = 'sparse-diagonal';
  const steps = neededSteps(problem, input, output);
  if (ownBits(output) !== 0) return foldKernel(family, stepsOfAllCopies(steps, input, output), [], { input, output });
  const { bits } = steps;
  const gaps = gapFolds(output).filter((fold) => (bits & fold) !== 0);
  if (output.period >= input.period) {
    const plain = foldKernel(family, steps, [], { input, output });
    return gaps.length === 0 ? plain : cheaper(plain, foldKernel(family, steps, gaps, { input, output }));
  }
  const free = freeBits(input, input.period - output.period);
  const around = powers(output.period, input.period).filter((fold) => (free & fold) === 0);
  const folded = foldKernel(family, steps, [...gaps, ...around], { input, output });
  return cheaper(foldKernel(family, stepsOfAllCopies(steps, input, output), [], { input, output }), folded);
}

/** From the steps to the first copy of every row to those to all of them. */
function stepsOfAllCopies(steps: StepTable, input: Layout, output: Layout): StepTable {
  return steps.spread(copyBits(output) & ~ownBits(input));
}

/** Folds that sum what stands in the slots which the result leaves to anything. */
function gapFolds(output: Layout): number[] {
  const folds: number[] = [];
  let stride = output.virtualSlots;
  for (const { n, t, unknown } of output.dims) {
    stride /= t;
    if (n === 1 && unknown) folds.push(...powers(stride, stride * t));
  }
  return folds.sort((a, b) => a - b);
}

function cheaper(a: KernelOption, b: KernelOption): KernelOption {
  return rotationsOf(b.counts) < rotationsOf(a.counts) ? b : a;
}
