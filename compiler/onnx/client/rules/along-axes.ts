/** What compares, sums and normalises elements along axes, at the client. */
import { elementCount } from '../../../../ir/constant.ts';
import { range } from '../../emission/geometry.ts';
import { invalid } from '../../proto/failure.ts';
import { type ClientTerm, knownIntegers, sampleAxis } from '../../proto/term.ts';
import { reductionOf } from '../../rules/reduction.ts';
import type { ClientOperation, StepRule } from '../client-operation.ts';
import type { ReduceFunction } from '../step-emitter.ts';

/** Softmax and LogSoftmax. Before opset 13 all axes from `axis` on are one. */
export const softmax =
  (logarithm: boolean): StepRule =>
  (op) => [alongSoftmaxAxis(op, (x) => op.steps.apply('softmax', x, { logarithm }))];

/** 1 at the first of the largest elements, 0 elsewhere. */
export const hardmax: StepRule = (op) => [
  alongSoftmaxAxis(op, (x) => {
    const place = op.steps.apply('arg', x, { of: 'maximum', last: false });
    const categories = [...range(x.shape.at(-1) ?? 1)];
    return op.steps.apply('one-hot', place, { categories, strict: false });
  }),
];

function alongSoftmaxAxis(op: ClientOperation, compute: (x: ClientTerm) => ClientTerm): ClientTerm {
  const x = op.reals(0);
  const axis = sampleAxis(x, op.int('axis', op.opset < 13 ? 1 : -1), `${op.opType} runs along`);
  if (op.opset >= 13) return op.steps.axisBack(compute(op.steps.lastAxis(x, axis)), axis);
  const rows = x.shape.slice(0, axis);
  return op.steps.reshape(compute(op.steps.reshape(x, [...rows, elementCount(x.shape.slice(axis))])), x.shape);
}

/** ArgMax and ArgMin. */
export const argument =
  (of: 'maximum' | 'minimum'): StepRule =>
  (op) => {
    const x = op.numbers(0);
    const axis = sampleAxis(x, op.int('axis', 0), `${op.opType} runs along`);
    const last = op.flag('select_last_index', false);
    const place = op.steps.apply('arg', op.steps.lastAxis(x, axis), { of, last });
    if (!op.isOne('keepdims', true)) return [place];
    return [
      op.steps.reshape(
        place,
        x.shape.map((extent, d) => (d === axis ? 1 : extent)),
      ),
    ];
  };

export const topK: StepRule = (op) => {
  const x = op.numbers(0);
  const [k] = op.opset < 10 ? [op.int('k', 0)] : knownIntegers(op.input(1), 'k');
  const axis = sampleAxis(x, op.int('axis', -1), 'TopK runs along');
  const extent = x.shape[axis] ?? 1;
  if (k === undefined || k < 1 || k > extent) throw invalid(`k is ${k ?? 'missing'} of ${extent} elements`);
  const rows = op.steps.lastAxis(x, axis);
  const largest = op.flag('largest', true);
  return (['values', 'places'] as const).map((part) =>
    op.steps.axisBack(op.steps.apply('top', rows, { k, largest, part }), axis),
  );
};

/** A reduction of what `before` makes of the operand, and what `after` makes of it. */
export const reduce =
  (
    fn: ReduceFunction,
    before: (op: ClientOperation, x: ClientTerm) => ClientTerm = (_, x) => x,
    after: (op: ClientOperation, x: ClientTerm) => ClientTerm = (_, x) => x,
  ): StepRule =>
  (op) => {
    const x = before(op, op.numbers(0));
    const plan = reductionOf(op, x);
    return [plan === undefined ? x : after(op, op.steps.reduce(fn, x, plan))];
  };

export const square = (op: ClientOperation, x: ClientTerm): ClientTerm => op.steps.binary('multiply', x, x);

export const logarithm = (op: ClientOperation, x: ClientTerm): ClientTerm => op.steps.unary('log', x);

/** x / ‖x‖ along an axis; zero where the norm is. */
export const lpNormalization: StepRule = (op) => {
  const x = op.reals(0);
  const axis = sampleAxis(x, op.int('axis', -1), 'LpNormalization runs along');
  const rows = op.steps.lastAxis(x, axis);
  return [op.steps.axisBack(normalized(op, rows, op.int('p', 2) === 1 ? 'norm-1' : 'norm-2'), axis)];
};

/** Each row of the last axis divided by what `fn` makes of it; rows of which that is 0 stay as they are. */
export function normalized(op: ClientOperation, rows: ClientTerm, fn: ReduceFunction): ClientTerm {
  const { steps } = op;
  const norm = steps.reduceRows(fn, rows);
  const divisor = steps.select(steps.binary('equal', norm, steps.number(0)), steps.number(1), norm);
  return steps.binary('divide', rows, steps.reshape(divisor, [...divisor.shape, 1]));
}
