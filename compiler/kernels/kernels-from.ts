/** The kernels for an operand that is in a ciphertext already, in the layout that an earlier op has left it in. */
import type { Layout } from '../../ir/tile/layout.ts';
import type { KernelOption, LinearProblem } from './parts/kernel-option.ts';
import { convolutionLayouts } from './parts/convolution-layouts.ts';
import { withoutDominated } from './parts/dominance.ts';
import { foldedDiagonals } from './families/folded-diagonals.ts';
import { powers } from './parts/result-layouts.ts';
import { sparseDiagonals } from './families/sparse-diagonals.ts';
import { stridedSums } from './families/strided-sums.ts';
import { kernelsOfShape } from './tile-shape.ts';

export function kernelsFrom(problem: LinearProblem, input: Layout): KernelOption[] {
  const { tile } = problem.slots;
  if (tile !== undefined) return kernelsOfShape(problem, tile, input);
  const found = [...stridedSums(problem, input), ...geometricKernels(problem, input)];
  for (const stride of powers(1, 2 * input.period)) found.push(...foldedDiagonals(problem, input, stride));
  return withoutDominated(found);
}

/** Convolutions that keep the geometry of their operand. */
export function geometricKernels(problem: LinearProblem, input: Layout): KernelOption[] {
  return convolutionLayouts(problem, input).map((output) => sparseDiagonals(problem, input, output));
}
