/** The scores of LinearRegressor and LinearClassifier: an affine map of the features. */
import { permuteIndex, pick } from '../../emission/geometry.ts';
import type { Operation, Rule } from '../../emission/operation.ts';
import { invalid } from '../../proto/failure.ts';
import { constant, type Term } from '../../proto/term.ts';
import { sum } from '../arithmetic.ts';
import { multiplyMatrices } from '../matrix.ts';
import { asReals, featuresOf, rowsOf } from './rows.ts';

/** Intercepts count where there is one for each target, as in onnxruntime. */
export const regressorScores: Rule = (op) => {
  const targets = op.int('targets', 1);
  const intercepts = op.floats('intercepts') ?? [];
  return [affineScores(op, targets, coefficientsOf(op), intercepts.length === targets ? intercepts : undefined)];
};

export const classifierScores: Rule = (op) => {
  const coefficients = coefficientsOf(op);
  const intercepts = op.floats('intercepts');
  const targets = intercepts?.length ?? coefficients.length / featuresOf(op.input(0));
  return [affineScores(op, targets, coefficients, intercepts)];
};

export function coefficientsOf(op: Operation): readonly number[] {
  return op.floats('coefficients') ?? [];
}

/** W x + b for each row of features of operand 0, with `weights` [targets, features]. */
export function affineScores(
  op: Operation,
  targets: number,
  weights: ArrayLike<number>,
  intercepts: ArrayLike<number> | undefined,
): Term {
  const x = asReals(rowsOf(op.input(0), op.opType));
  const features = featuresOf(x);
  if (!Number.isInteger(targets) || targets < 1 || weights.length !== targets * features)
    throw invalid(`${weights.length} coefficients for ${targets} targets of ${features} features`);
  const matrix = pick(Float64Array.from(weights), permuteIndex([targets, features], [1, 0]));
  const scores = multiplyMatrices(op.emit, x, constant([features, targets], matrix));
  if (intercepts === undefined) return scores;
  return sum(op.emit, [scores, constant([targets], Float64Array.from(intercepts))]);
}
