/** What tree ensembles make of scores that were computed encrypted: labels and post transforms. */
import { elementCount } from '../../../../../ir/constant.ts';
import { invalid } from '../../../proto/failure.ts';
import { featuresOf, rowsLike, rowsOf } from '../../../rules/ml/rows.ts';
import { comparedFeatures, knowsMissing } from '../../../rules/ml/trees/missing-values.ts';
import { classVotes, ensembleReaders } from '../../../rules/ml/trees/tree-models.ts';
import type { ClientTerm } from '../../../proto/term.ts';
import type { ClientOperation, StepRule } from '../../client-operation.ts';
import { classLabels, labelsAt } from './label-lists.ts';
import { secondClass, sideBySide } from './linear-model.ts';
import { type PostTransform, postTransformOf, transformed } from './post-transform.ts';

/** By their numbers in TreeEnsemble. */
const numbered: readonly PostTransform[] = ['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO', 'PROBIT'];

/**
 * Rows of features, 0 where one is missing, and after them for each feature that trees compare whether it is, 1 or 0; undefined of a
 * model that does not know of missing values, and of integers, which are never missing.
 */
export const withMissing =
  (opType: keyof typeof ensembleReaders) =>
  (op: ClientOperation): readonly ClientTerm[] | undefined => {
    const ensemble = ensembleReaders[opType](op);
    const { steps } = op;
    const given = op.numbers(0);
    if (!knowsMissing(ensemble) || given.elements !== 'real') return undefined;
    const x = rowsOf(given, op.opType);
    const isMissing = steps.unary('is-nan', x);
    const present = steps.select(isMissing, steps.number(0), x);
    const [features, compared] = [featuresOf(x), comparedFeatures(ensemble)];
    // The encrypted part refuses features that there are not.
    if (compared.some((feature) => feature < 0 || feature >= features)) return undefined;
    const width = features + compared.length;
    const count = elementCount(x.shape);
    const index = Int32Array.from({ length: (count / features) * width }, (_, i) => {
      const [row, column] = [Math.floor(i / width), i % width];
      return row * features + (column < features ? column : count + (compared[column - features] ?? 0));
    });
    return [steps.gather([present, steps.cast(isMissing, 'real')], rowsLike(x, width), index)];
  };

/** Scores that nothing is done to stay encrypted, for what may follow, such as the mean of several ensembles. */
export const treeRegressorSteps: StepRule = (op) => transformedScores(op, postTransformOf(op));

export const treeEnsembleSteps: StepRule = (op) => {
  const number = op.int('post_transform', 0);
  const kind = numbered[number];
  if (kind === undefined) throw invalid(`post_transform is ${number}`);
  if (kind === 'SOFTMAX' || kind === 'LOGISTIC')
    op.emit.deviates(`it takes post_transform ${number} of TreeEnsemble for another than ${kind}`);
  return transformedScores(op, kind);
};

/**
 * Labels are those of the largest score, the first of equal ones. Where all votes are for one of two classes, its score decides
 * against ½ if no vote is negative, for then it is a probability, and against 0 otherwise.
 */
export const treeClassifierSteps: StepRule = (op) => {
  const kind = postTransformOf(op);
  const scores = op.reals(0);
  const list = classLabels(op);
  const { classes, only, positive } = classVotes(op);
  if (only === undefined) {
    if (classes === 2)
      op.emit.deviates('it decides between two classes that both have votes by the sign of the second');
    const place = op.steps.apply('arg', scores, { of: 'maximum', last: false });
    return [labelsAt(op, list, place, classes), ...transformedScores(op, kind)];
  }
  const { steps } = op;
  const column = steps.reshape(scores, scores.shape.slice(0, -1));
  const wins = steps.binary('greater', column, steps.number(positive ? 0.5 : 0));
  return [labelsAt(op, list, steps.cast(wins, 'integer'), classes), scoresOfTwo(op, scores, { kind, only, positive })];
};

interface OneScore {
  readonly kind: PostTransform;
  readonly only: number;
  readonly positive: boolean;
}

/** The scores of both classes from the one that there are votes for, as onnxruntime has them. */
function scoresOfTwo(op: ClientOperation, scores: ClientTerm, { kind, only, positive }: OneScore): ClientTerm {
  const { steps } = op;
  // A second class that has votes stands beside a first without any.
  if (only === 1) {
    const none = steps.binary('multiply', scores, steps.number(0));
    return transformed(op, sideBySide(op, none, scores), kind);
  }
  if (positive || kind === 'LOGISTIC' || kind === 'PROBIT') return secondClass(op, scores, kind);
  return sideBySide(op, steps.unary('negate', scores), scores);
}

function transformedScores(op: ClientOperation, kind: PostTransform) {
  return [kind === 'NONE' ? op.input(0) : transformed(op, op.reals(0), kind)];
}
