/** Kernels that only move a value: to where a kernel that follows reads it better, for one level. */
import { identityMap } from '../../../ir/tensor/linear-map.ts';
import type { Layout } from '../../../ir/tile/layout.ts';
import type { KernelOption, SlotShape } from '../parts/kernel-option.ts';
import { withoutDominated } from '../parts/dominance.ts';
import { foldedDiagonals } from './folded-diagonals.ts';
import { regularStride } from '../parts/needed-steps.ts';

/** More rotations than this are no cheaper than a kernel that reads the value where it is. */
const mostRotations = 32;

/**
 * From `input` to contiguous layouts, repeated or not, and where elements stand apart to the same with copies in place
 * of gaps. Empty where nothing cheap improves on the layout.
 */
export function repackings(input: Layout, slots: SlotShape): KernelOption[] {
  const problem = { map: identityMap(input.elements), slots };
  const strides = new Set([1, regularStride(input) ?? 1]);
  const found = [...strides].flatMap((stride) => foldedDiagonals(problem, input, stride));
  return withoutDominated(found).filter(
    ({ output, counts }) =>
      counts.babyRotations + counts.lateRotations <= mostRotations &&
      output.ciphertexts <= input.ciphertexts &&
      !output.samePlaces(input),
  );
}
