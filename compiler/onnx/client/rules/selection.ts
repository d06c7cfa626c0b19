/** Elements picked by indices that the client computes or gets, and indices as vectors. */
import { elementCount } from '../../../../ir/constant.ts';
import { range } from '../../emission/geometry.ts';
import { invalid, mixesSamples, refused } from '../../proto/failure.ts';
import {
  type AnyTerm,
  type ClientTerm,
  type ConstantTerm,
  isBatched,
  normalizeAxis,
  onnxRank,
  sampleAxis,
  scalarOf,
} from '../../proto/term.ts';
import { multiplyMatrices } from '../../rules/matrix.ts';
import type { ClientOperation, StepRule } from '../client-operation.ts';

/**
 * Gather by indices of the client's. Rows of a constant table that are picked before encryption are a product of the table,
 * which stays with the server, and of indices as vectors of zeros and a one.
 */
export const gather: StepRule = (op) => {
  const table = op.input(0);
  const axis = op.int('axis', 0);
  if (isBatched(table)) throw mixesSamples('Gather picks by indices of each sample among values of each sample');
  const normal = normalizeAxis(axis, onnxRank(table));
  if (normal !== 0) throw refused('Gather picks along an axis that is not the first', 'Transpose the table.');
  const places = fromFront(op, op.numbers(1), table.shape[0] ?? 0);
  if (table.kind === 'constant' && table.elements === 'float' && op.steps.stage === 'before')
    return [rowsOfTable(op, table, places)];
  return [rowsAt(op, op.value(0), places)];
};

function rowsOfTable(op: ClientOperation, table: ConstantTerm, places: ClientTerm): AnyTerm {
  const [extent = 0, ...rest] = table.shape;
  const categories = [...range(extent)];
  const hot = op.steps.apply('one-hot', places, { categories, strict: true });
  const encrypted = op.encrypted(hot, `${op.node.outputs[0] ?? 'indices'}_one_hot`);
  const matrix = { ...table, shape: [extent, elementCount(rest)] };
  return { ...multiplyMatrices(op.emit, encrypted, matrix), shape: [...places.shape, ...rest] };
}

/** Blocks of an unbatched table, whose first axis `places` counts along. */
function rowsAt(op: ClientOperation, table: ClientTerm, places: ClientTerm): ClientTerm {
  const { steps } = op;
  const [, ...rest] = table.shape;
  const width = elementCount(rest);
  const flat = steps.reshape(table, [elementCount(table.shape)]);
  if (width === 1) return steps.reshape(steps.take(flat, places), [...places.shape, ...rest]);
  const within = steps.literal([width], 'integer', [...range(width)]);
  const starts = steps.binary('multiply', places, steps.literal([], 'integer', [width]));
  const each = steps.binary('add', steps.reshape(starts, [...places.shape, 1]), within);
  return steps.reshape(steps.take(flat, each), [...places.shape, ...rest]);
}

/** GatherElements along the last axis, as after TopK. */
export const gatherElements: StepRule = (op) => {
  const [x, places] = [op.value(0), op.numbers(1)];
  const axis = sampleAxis(x, op.int('axis', 0), 'GatherElements selects along');
  const rows = op.steps.lastAxis(x, axis);
  const at = fromFront(op, op.steps.lastAxis(places, axis), rows.shape.at(-1) ?? 0);
  if (x.shape.length !== places.shape.length) throw invalid('indices and data of GatherElements differ in rank');
  return [op.steps.axisBack(op.steps.take(rows, at), axis)];
};

/** OneHot of indices of the client's. */
export const oneHot: StepRule = (op) => {
  const { steps } = op;
  const depth = scalarOf(op.input(1), 'the depth');
  const [off = 0, on = 1] = op.constant(2, 'the two values').data;
  const places = fromFront(op, op.numbers(0), depth);
  const hot = steps.apply('one-hot', places, { categories: [...range(depth)], strict: false });
  const scaled =
    off === 0 && on === 1
      ? hot
      : steps.binary('add', steps.binary('multiply', hot, steps.number(on - off)), steps.number(off));
  const rank = onnxRank(hot);
  const axis = normalizeAxis(op.int('axis', -1), rank) - (isBatched(hot) ? 1 : 0);
  if (axis < 0) throw mixesSamples('OneHot makes an axis before the batch axis');
  return [steps.axisBack(scaled, axis)];
};

/** Places as integers that count from the front. */
function fromFront(op: ClientOperation, places: ClientTerm, extent: number): ClientTerm {
  const { steps } = op;
  const whole = steps.cast(places, 'integer');
  const zero = steps.literal([], 'integer', [0]);
  const wrapped = steps.binary('add', whole, steps.literal([], 'integer', [extent]));
  return steps.select(steps.binary('less', whole, zero), wrapped, whole);
}
