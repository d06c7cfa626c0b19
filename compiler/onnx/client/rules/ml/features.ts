/** What clients do to rows of features, of inputs or of scores: Normalizer, Binarizer, Imputer, ArrayFeatureExtractor. */
import { elementCount } from '../../../../../ir/constant.ts';
import { invalid, mixesSamples, refused } from '../../../proto/failure.ts';
import { type ClientTerm, isBatched, onnxRank } from '../../../proto/term.ts';
import type { ClientOperation, StepRule } from '../../client-operation.ts';
import { normalized } from '../along-axes.ts';

const norms = { MAX: 'maximum', L1: 'norm-1', L2: 'norm-2' } as const;

/** Rows divided by their norm, where that is not 0. MAX is the largest entry, not the largest magnitude. */
export const normalizer: StepRule = (op) => {
  const norm = op.string('norm', ['MAX', 'L1', 'L2'], 'MAX');
  return [normalized(op, featureRows(op, op.reals(0)), norms[norm])];
};

export const binarizer: StepRule = (op) => {
  const above = op.steps.binary('greater', op.numbers(0), op.steps.number(op.float('threshold', 0)));
  return [op.steps.cast(above, 'real')];
};

/** What counts as missing replaced by one number, or by one for each feature. */
export const imputer: StepRule = (op) => {
  const { steps } = op;
  const x = featureRows(op, op.numbers(0));
  const whole = x.elements === 'integer';
  const values = (whole ? op.ints('imputed_value_int64s') : op.floats('imputed_value_floats')) ?? [];
  const features = x.shape.at(-1) ?? 1;
  const [first] = values;
  if (first === undefined) throw invalid(`no values to impute for ${whole ? 'integers' : 'reals'}`);
  const missing = whole ? op.int('replaced_value_int64', 0) : op.float('replaced_value_float', 0);
  const isMissing = Number.isNaN(missing)
    ? steps.unary('is-nan', x)
    : steps.binary('equal', x, steps.literal([], x.elements, [missing]));
  // onnxruntime takes the first of any other number of values.
  const imputed = values.length === features ? values : [first];
  return [steps.select(isMissing, steps.literal([imputed.length], x.elements, [...imputed]), x)];
};

function featureRows(op: ClientOperation, x: ClientTerm): ClientTerm {
  if (onnxRank(x) > 2 || x.shape.length === 0)
    throw invalid(`${op.opType} takes rows of features, not a value of rank ${onnxRank(x)}`);
  return x;
}

/**
 * Features at places that the client has computed. Of one vector for all samples, such as the labels
 * of a classifier, each sample picks its own: ONNX makes one row of that, [1, samples], which is seen as [samples, 1] here.
 * What follows makes a vector of it.
 */
export const arrayFeatureExtractor: StepRule = (op) => {
  const { steps } = op;
  const x = op.value(0);
  const places = op.numbers(1);
  if (isBatched(x) || (isBatched(places) && elementCount(places.shape) !== 1))
    throw mixesSamples('ArrayFeatureExtractor picks the elements of some samples for others');
  const vector = steps.reshape(x, [elementCount(x.shape)]);
  if (x.shape.at(-1) !== vector.shape[0]) throw refused('ArrayFeatureExtractor picks from several rows', 'Use Gather.');
  const picked = steps.take(vector, steps.cast(places, 'integer'));
  const count = elementCount(places.shape);
  return [steps.reshape(picked, isBatched(places) ? [count] : [1, count])];
};
