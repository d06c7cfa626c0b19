/** The kernels for an operand that is in a ciphertext already, in the layout that an earlier op has left it in. */
import type { AffineMap } from '../../ir/tensor/affine-map.ts';
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
  if (isDiagonal(problem.map)) found.push(sparseDiagonals(problem, input, input));
  for (const stride of powers(1, 2 * input.period)) found.push(...foldedDiagonals(problem, input, stride));
  return withoutDominated(found);
}

/** Whether each element depends on the one in its place alone, or on none: values stay where they are. */
function isDiagonal(map: AffineMap): boolean {
  if (map.rows !== map.columns || map.longestRow > 1) return false;
  for (let row = 0; row < map.rows; row++) if (map.count(row) > 0 && map.runStart(row) !== row) return false;
  return true;
}

/** Convolutions that keep the geometry of their operand. */
export function geometricKernels(problem: LinearProblem, input: Layout): KernelOption[] {
  return convolutionLayouts(problem, input).map((output) => sparseDiagonals(problem, input, output));
}
