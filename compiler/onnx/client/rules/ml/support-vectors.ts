/** What SVMRegressor and SVMClassifier make of decision values that were computed encrypted: votes and probabilities. */
import { elementCount } from '../../../../../ir/constant.ts';
import { invalid } from '../../../proto/failure.ts';
import type { ClientTerm } from '../../../proto/term.ts';
import type { ClientOperation, StepRule } from '../../client-operation.ts';
import type { StepEmitter } from '../../step-emitter.ts';
import { classLabels, labelsAt } from './label-lists.ts';
import { secondClass, sideBySide } from './linear-model.ts';
import { logistic, postTransformOf, transformed } from './post-transform.ts';

/** onnxruntime knows no post transform here. A one-class machine says on which side of the margin a row is. */
export const svmRegressorSteps: StepRule = (op) => {
  const { steps } = op;
  if (!op.flag('one_class', false)) return [op.input(0)];
  const inside = steps.binary('greater', op.reals(0), steps.number(0));
  return [steps.select(inside, steps.number(1), steps.number(-1))];
};

export const svmClassifierSteps: StepRule = (op) => {
  const vectors = (op.ints('vectors_per_class') ?? []).reduce((total, n) => total + n, 0);
  return vectors > 0 ? byPairs(op) : byClasses(op);
};

/** libsvm's: each pair of classes has one vote, and of classes with equal votes the first wins. */
function byPairs(op: ClientOperation): readonly ClientTerm[] {
  const pairs = op.reals(0);
  const list = classLabels(op);
  const classes = list.labels.length;
  const winner = op.steps.apply('arg', votes(op.steps, pairs, classes), { of: 'maximum', last: false });
  return [labelsAt(op, list, winner, classes), pairScores(op, pairs, classes)];
}

/** Votes for each class: i gets that of a pair i < j where its decision is positive, j otherwise. */
function votes(steps: StepEmitter, pairs: ClientTerm, classes: number): ClientTerm {
  const width = pairs.shape.at(-1) ?? 1;
  const forFirst = steps.cast(steps.binary('greater', pairs, steps.number(0)), 'real');
  const forSecond = steps.binary('subtract', steps.number(1), forFirst);
  const total = elementCount(pairs.shape);
  const ofRow = pairsOf(classes).flatMap((own) => own.map(({ pair, first }) => (first ? pair : total + pair)));
  const index = Int32Array.from(
    { length: (total / width) * ofRow.length },
    (_, i) => Math.floor(i / ofRow.length) * width + (ofRow[i % ofRow.length] ?? 0),
  );
  const shape = [...pairs.shape.slice(0, -1), classes, classes - 1];
  return steps.reduceRows('sum', steps.gather([forFirst, forSecond], shape, index));
}

/** For each class the pairs i < j that it is in, numbered in the order of rows, and whether it is i. */
function pairsOf(classes: number): readonly (readonly { readonly pair: number; readonly first: boolean }[])[] {
  const own = Array.from({ length: classes }, (): { pair: number; first: boolean }[] => []);
  for (let i = 0, pair = 0; i < classes; i++) {
    for (let j = i + 1; j < classes; j++, pair++) {
      own[i]?.push({ pair, first: true });
      own[j]?.push({ pair, first: false });
    }
  }
  return own;
}

/** Probabilities by Platt's sigmoids where the machine has them, else decisions, of which two classes get one each. */
function pairScores(op: ClientOperation, pairs: ClientTerm, classes: number): ClientTerm {
  const { steps } = op;
  const kind = postTransformOf(op);
  const width = pairs.shape.at(-1) ?? 1;
  const [slopes, offsets] = [op.floats('prob_a') ?? [], op.floats('prob_b') ?? []];
  if (slopes.length === 0) {
    if (classes > 2) return transformed(op, pairs, kind);
    return kind === 'NONE' ? sideBySide(op, steps.unary('negate', pairs), pairs) : secondClass(op, pairs, kind);
  }
  if (slopes.length < width || offsets.length !== slopes.length)
    throw invalid(`${slopes.length} entries of prob_a and ${offsets.length} of prob_b for ${width} pairs of classes`);
  const perPair = (values: readonly number[]): ClientTerm =>
    steps.literal(
      [width],
      'real',
      values.slice(0, width).map((value) => -value),
    );
  const exponents = steps.binary('add', steps.binary('multiply', pairs, perPair(slopes)), perPair(offsets));
  const coupled = steps.apply('couple-pairs', logistic(steps, exponents), { classes });
  return transformed(op, coupled, kind);
}

/**
 * liblinear's: the class of the largest score. Of two classes the second also wins where the largest score is positive, or
 * at least ½ where no weight is negative, as onnxruntime has it.
 */
function byClasses(op: ClientOperation): readonly ClientTerm[] {
  const { steps } = op;
  const scores = op.reals(0);
  const list = classLabels(op);
  const classes = scores.shape.at(-1) ?? 1;
  const largest = steps.apply('arg', scores, { of: 'maximum', last: false });
  const label = labelsAt(op, list, biased(op, scores, largest), classes);
  return [label, transformed(op, scores, postTransformOf(op))];
}

function biased(op: ClientOperation, scores: ClientTerm, largest: ClientTerm): ClientTerm {
  const { steps } = op;
  if (scores.shape.at(-1) !== 2 || (op.floats('prob_a') ?? []).length > 0) return largest;
  const most = steps.reduceRows('maximum', scores);
  const isPositive = (op.floats('coefficients') ?? []).every((weight) => weight >= 0);
  const wins = steps.binary(isPositive ? 'greater-or-equal' : 'greater', most, steps.number(isPositive ? 0.5 : 0));
  return steps.select(wins, steps.literal([], 'integer', [1]), largest);
}
