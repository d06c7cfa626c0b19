/** What becomes of scores at the end of a model of `ai.onnx.ml`, as onnxruntime computes it. */
import type { ClientTerm } from '../../../proto/term.ts';
import type { ClientOperation } from '../../client-operation.ts';
import type { StepEmitter } from '../../step-emitter.ts';

const transforms = ['NONE', 'LOGISTIC', 'SOFTMAX', 'SOFTMAX_ZERO', 'PROBIT'] as const;
export type PostTransform = (typeof transforms)[number];

export function postTransformOf(op: ClientOperation): PostTransform {
  return op.string('post_transform', transforms, 'NONE');
}

/** `scores` along the last axis; of a single score onnxruntime knows PROBIT alone. */
export function transformed({ steps }: ClientOperation, scores: ClientTerm, kind: PostTransform): ClientTerm {
  if (kind === 'NONE' || (scores.shape.at(-1) === 1 && kind !== 'PROBIT')) return scores;
  switch (kind) {
    case 'LOGISTIC':
      return logistic(steps, scores);
    case 'SOFTMAX':
      return steps.apply('softmax', scores, { logarithm: false });
    case 'SOFTMAX_ZERO':
      return softmaxZero(steps, scores);
    case 'PROBIT':
      return probit(steps, scores);
  }
}

export function logistic(steps: StepEmitter, x: ClientTerm): ClientTerm {
  return steps.apply('activation', x, { kind: 'sigmoid', parameters: [] });
}

/** Softmax in which zeros stay zeros and do not count. */
function softmaxZero(steps: StepEmitter, x: ClientTerm): ClientTerm {
  const most = column(steps, steps.reduceRows('maximum', x));
  const isZero = steps.binary('less-or-equal', steps.unary('abs', x), steps.number(1e-7));
  const exponential = steps.unary('exp', steps.binary('subtract', x, most));
  const counted = steps.select(isZero, steps.number(0), exponential);
  return steps.binary('divide', counted, column(steps, steps.reduceRows('sum', counted)));
}

/** √2 · erf⁻¹(2x − 1), with the approximation of erf⁻¹ by logarithms that onnxruntime takes (Winitzki 2008). */
function probit(steps: StepEmitter, x: ClientTerm): ClientTerm {
  const a = 0.147;
  const scaled = (factor: number, term: ClientTerm): ClientTerm => steps.binary('multiply', steps.number(factor), term);
  const y = steps.binary('subtract', scaled(2, x), steps.number(1));
  const squared = steps.binary('multiply', y, y);
  const log = steps.unary('log', steps.binary('subtract', steps.number(1), squared));
  const v = steps.binary('add', scaled(0.5, log), steps.number(2 / (Math.PI * a)));
  const root = steps.unary('square-root', steps.binary('subtract', steps.binary('multiply', v, v), scaled(1 / a, log)));
  const magnitude = steps.unary('square-root', steps.binary('subtract', root, v));
  const isNegative = steps.binary('less', y, steps.number(0));
  return scaled(Math.SQRT2, steps.select(isNegative, steps.unary('negate', magnitude), magnitude));
}

function column(steps: StepEmitter, rows: ClientTerm): ClientTerm {
  return steps.reshape(rows, [...rows.shape, 1]);
}
