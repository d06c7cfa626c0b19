/**
 * Which elements the rows of a linear op read is the model's architecture, as a rule, and no secret: convolutions, pools, sums
 * over axes. In some models it was learned, as weights are, and clients must not see it.
 */
import type { TensorNode } from '../../ir/tensor/ops.ts';

/** Operators whose comparisons read features that training has chosen. */
const learned: ReadonlySet<string> = new Set(['TreeEnsembleRegressor', 'TreeEnsembleClassifier', 'TreeEnsemble']);

/** Whether the elements that `node` reads were learned, by the operators that it comes from. */
export function hasLearnedStructure({ origins }: TensorNode): boolean {
  return origins.some(({ opType }) => learned.has(opType));
}
