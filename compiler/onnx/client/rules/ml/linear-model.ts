/** What LinearRegressor and LinearClassifier make of scores that were computed encrypted: labels and post transforms. */
import { invalid, refused } from '../../../proto/failure.ts';
import type { ClientTerm } from '../../../proto/term.ts';
import { rowsLike } from '../../../rules/ml/rows.ts';
import type { ClientOperation, StepRule } from '../../client-operation.ts';
import { classLabels, labelsAt } from './label-lists.ts';
import { logistic, type PostTransform, postTransformOf, transformed } from './post-transform.ts';

/** Scores that nothing is done to stay encrypted, for layers that may follow. */
export const regressorSteps: StepRule = (op) => {
  const kind = postTransformOf(op);
  return [kind === 'NONE' ? op.input(0) : transformed(op, op.reals(0), kind)];
};

/** Labels are those of the largest score, the first of equal ones; a single score decides between two by its sign. */
export const classifierSteps: StepRule = (op) => {
  const kind = postTransformOf(op);
  const scores = op.reals(0);
  const width = scores.shape.at(-1) ?? 1;
  const list = classLabels(op);
  if (width === 1) {
    if (list.labels.length !== 2) throw invalid(`one row of coefficients for ${list.labels.length} labels`);
    return [labelsAt(op, list, placeBySign(op, scores), 2), secondClass(op, scores, kind)];
  }
  const place = op.steps.apply('arg', scores, { of: 'maximum', last: false });
  return [labelsAt(op, list, place, width), kind === 'NONE' ? op.input(0) : transformed(op, scores, kind)];
};

/** 1 for a positive score, 0 for any other. */
function placeBySign({ steps }: ClientOperation, scores: ClientTerm): ClientTerm {
  const positive = steps.binary('greater', steps.reshape(scores, scores.shape.slice(0, -1)), steps.number(0));
  return steps.cast(positive, 'integer');
}

/** The scores of two classes from the one of the second: 1 − s and s, but for LOGISTIC. */
export function secondClass(op: ClientOperation, scores: ClientTerm, kind: PostTransform): ClientTerm {
  const { steps } = op;
  if (kind === 'PROBIT')
    throw refused('onnxruntime leaves the second column of PROBIT undefined', 'Give the model a row for each class.');
  if (kind === 'LOGISTIC') return logistic(steps, sideBySide(op, steps.unary('negate', scores), scores));
  return sideBySide(op, steps.binary('subtract', steps.number(1), scores), scores);
}

/** Columns of one entry as columns of two. */
export function sideBySide({ steps }: ClientOperation, left: ClientTerm, right: ClientTerm): ClientTerm {
  const rows = left.shape.slice(0, -1).reduce((product, extent) => product * extent, 1);
  const index = Int32Array.from({ length: 2 * rows }, (_, i) => (i % 2) * rows + Math.floor(i / 2));
  return steps.gather([left, right], rowsLike(left, 2), index);
}
