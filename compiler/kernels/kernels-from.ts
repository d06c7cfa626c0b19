/** The kernels for an operand that is in a ciphertext already, in the layout that an earlier op has left it in. */
import type { Layout } from '../../ir/tile/layout.ts';
import type { Candidate, LinearProblem } from './candidate.ts';
import { contiguous, convolutionLayout, foldedDiagonals, powers, sparseDiagonals, stridedSums } from './families.ts';

export function kernelsFrom(problem: LinearProblem, input: Layout): Candidate[] {
  const { map, slots } = problem;
  const found: (Candidate | undefined)[] = [];
  found.push(stridedSums(problem, input, true), stridedSums(problem, input, false));
  for (const fold of powers(1, 2 * slots.virtualSlots)) found.push(foldedDiagonals(problem, input, fold));
  const geometric = convolutionLayout(problem, input);
  if (geometric !== undefined) found.push(sparseDiagonals(problem, input, geometric));
  if (!found.some((candidate) => candidate !== undefined)) {
    found.push(sparseDiagonals(problem, input, contiguous(map.rows, slots)));
  }
  return found.filter((candidate) => candidate !== undefined);
}
