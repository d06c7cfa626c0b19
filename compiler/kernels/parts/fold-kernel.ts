/** A kernel option from two layouts, the steps between them and the folds that take their part of those steps. */
import type { Layout } from '../../../ir/tile/layout.ts';
import type { KernelOption } from './kernel-option.ts';
import { freeBits } from './needed-steps.ts';
import type { StepTable } from './steps.ts';

/**
 * Every fold is, modulo the operand's period, a power of two of its own. `origin` is the largest distance that an
 * element may stand before its row, where folds do not go around the period.
 */
export function foldKernel(
  family: string,
  steps: StepTable,
  folds: readonly number[],
  { input, output, origin = 0 }: { input: Layout; output: Layout; origin?: number },
): KernelOption {
  const folded = folds.reduce((bits, fold) => bits | (fold & (steps.period - 1)), 0);
  const { babies, giants, babyRotations, giantRotations, products } = steps.split(
    folded | freeBits(input, folded),
    origin,
  );
  // A result that is zero is one product with almost zero, and is not folded.
  const { outputs } = steps;
  const counts = {
    babyRotations,
    lateRotations: giantRotations + folds.length * outputs,
    foldRotations: folds.length * outputs,
    products: products + output.ciphertexts - outputs,
    rescales: output.ciphertexts + giantRotations,
  };
  return { kernel: { family, babies: [...babies], giants: [...giants], folds: [...folds] }, input, output, counts };
}
