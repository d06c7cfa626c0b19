/**
 * The matrix as sparse diagonals between any two layouts: every non-zero needs the step from its row's slot to its
 * column's; copies in the operand are taken from the part of the tile in which the row stands. Convolutions between
 * layouts that keep their geometry need only as many steps as the window has taps, and between interleaved tiles
 * mostly none; repacking is this with the identity. Where the result leaves slots to anything, or repeats sooner than
 * the operand, folds over those bits may take the place of steps, as in folded diagonals.
 */
import { rowBuffer } from '../../../ir/tensor/affine-map.ts';
import type { Layout } from '../../../ir/tile/layout.ts';
import { type KernelOption, type LinearProblem, rotationsOf } from '../parts/kernel-option.ts';
import { foldKernel } from '../parts/fold-kernel.ts';
import { freeBits, innerCopies, neededSteps, ownCopy } from '../parts/needed-steps.ts';
import { powers } from '../parts/result-layouts.ts';
import { StepTable } from '../parts/steps.ts';

export function sparseDiagonals(problem: LinearProblem, input: Layout, output: Layout): KernelOption {
  const family = 'sparse-diagonal';
  if (innerCopies(output).length > 0) {
    return foldKernel(family, stepsOfAllCopies(problem, input, output), [], { input, output });
  }
  const steps = neededSteps(problem, input, output);
  const { bits } = steps;
  const gaps = gapFolds(output).filter((fold) => (bits & fold) !== 0);
  if (output.period >= input.period) {
    const plain = foldKernel(family, steps, [], { input, output });
    return gaps.length === 0 ? plain : cheaper(plain, foldKernel(family, steps, gaps, { input, output }));
  }
  const free = freeBits(input, input.period - output.period);
  const around = powers(output.period, input.period).filter((fold) => (free & fold) === 0);
  const folded = foldKernel(family, steps, [...gaps, ...around], { input, output });
  return cheaper(foldKernel(family, stepsOfAllCopies(problem, input, output), [], { input, output }), folded);
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

function stepsOfAllCopies({ map, slots }: LinearProblem, input: Layout, output: Layout): StepTable {
  const V = slots.virtualSlots;
  const table = new StepTable(input.ciphertexts, V, input.period, 1, slots.hoists);
  const places = input.firstPlaces();
  const buffer = rowBuffer(map);
  const copies = innerCopies(input);
  const rowAt = output.elementMap();
  const period = Math.max(input.period, output.period);
  for (let o = 0; o < output.ciphertexts; o++) {
    for (let s = 0; s < period; s++) {
      const row = rowAt[o * V + s] ?? -1;
      if (row < 0) continue;
      const from = ownCopy(copies, s) - s;
      const count = map.readRow(row, buffer);
      for (let k = 0; k < count; k++) {
        const place = places[buffer.columns[k] ?? 0] ?? 0;
        const slot = place & (V - 1);
        table.note(o, (place - slot) / V, slot + from);
      }
    }
  }
  return table;
}
