/** Operators that make constants, and those that hand on what they get. */
import { elementTypeOf } from '../proto/element-types.ts';
import { invalid, mixesSamples, refused } from '../proto/failure.ts';
import { range } from '../emission/geometry.ts';
import { checkedCount } from '../proto/limits.ts';
import type { Operation, Rule } from '../emission/operation.ts';
import {
  type ConstantTerm,
  constant,
  elementsOf,
  type ElementKind,
  integers,
  isBatchSize,
  scalarOf,
  type Term,
} from '../proto/term.ts';
import { shapeOperand, withBatchOfOne } from './shape.ts';

/** Constant, with its value in one of several attributes. */
export const constantNode: Rule = (op) => {
  const tensor = op.tensor('value');
  if (tensor !== undefined) return [tensor];
  const [float, floats, ints] = ['value_float', 'value_floats', 'value_ints'];
  if (op.has(float)) return [constant([], Float64Array.of(op.float(float, 0)))];
  if (op.has('value_int')) return [{ ...integers([op.int('value_int', 0)]), shape: [] }];
  const reals = op.floats(floats);
  if (reals !== undefined) return [constant([reals.length], Float64Array.from(reals))];
  const wholes = op.ints(ints);
  if (wholes !== undefined) return [integers(wholes)];
  throw refused('the constant is neither dense nor numeric', 'Store it as a dense tensor of numbers.');
};

export const constantOfShape: Rule = (op) => {
  const shape = withBatchOfOne(shapeOperand(op, 0));
  const value = op.tensor('value') ?? constant([1], new Float64Array(1));
  const count = checkedCount(shape);
  op.emit.charge(count);
  return [constant(shape, new Float64Array(count).fill(scalarOf(value, 'the value')), value.elements)];
};

export const rangeNode: Rule = (op) => {
  const terms = [op.constant(0, 'the start'), op.constant(1, 'the limit'), op.constant(2, 'the step')];
  const [start = 0, limit = 0, delta = 1] = terms.map((term) => scalarOf(term, 'a bound of Range'));
  if ([start, limit, delta].some(isBatchSize)) throw mixesSamples('Range counts samples');
  if (delta === 0) throw invalid('the step of Range is 0');
  const count = checkedCount([Math.max(0, Math.ceil((limit - start) / delta))]);
  op.emit.charge(count);
  const elements = terms[0]?.elements ?? 'integer';
  return [
    constant(
      [count],
      Float64Array.from(range(count), (i) => start + i * delta),
      elements,
    ),
  ];
};

export const identity: Rule = (op) => [op.input(0)];

/** Dropout as inference has it: the operand, and a mask that keeps everything. */
export const dropout: Rule = (op) => {
  const x = op.input(0);
  const training = op.optional(2);
  const ratio = op.numberAt(1, 'ratio') ?? 0.5;
  if (training !== undefined && scalarOf(training, 'training_mode') !== 0 && ratio !== 0) {
    throw refused('the node is in training mode', 'Export the model in evaluation mode: model.eval().');
  }
  if (op.node.outputs.length < 2) return [x];
  const count = checkedCount(x.shape);
  op.emit.charge(count);
  return [x, constant(x.shape, new Float64Array(count).fill(1), 'boolean')];
};

export const cast: Rule = (op) => {
  const type = elementTypeOf(op.int('to', 0));
  const y = castTo(op, op.input(0), type?.kind);
  return [y.kind === 'constant' && type !== undefined ? { ...y, type: type.name } : y];
};

/** CastLike: to the type of the second operand. */
export const castLike: Rule = (op) => [castTo(op, op.input(0), elementsOf(op.input(1)))];

function castTo(op: Operation, x: Term, kind: ElementKind | undefined): Term {
  if (kind === undefined) throw refused(`element type ${op.int('to', 0)} is not supported`, 'Cast to float.');
  if (x.kind === 'constant') return castConstant(x, kind);
  // Numbers stay what they are, and a boolean is zero or one.
  if (kind === 'float' || kind === elementsOf(x) || elementsOf(x) === 'boolean') return { ...x, elements: kind };
  throw refused(
    'an encrypted value is rounded to integers or booleans',
    'Remove the Cast; encrypted values are reals.',
  );
}

function castConstant(x: ConstantTerm, kind: ElementKind): ConstantTerm {
  const hasBatch = x.elements !== 'float' && x.data.some(isBatchSize);
  if (hasBatch && kind !== 'integer') throw mixesSamples('the model computes with the batch size');
  if (kind === x.elements || hasBatch) return { ...x, elements: kind };
  const convert = kind === 'boolean' ? (v: number) => (v === 0 ? 0 : 1) : kind === 'integer' ? Math.trunc : undefined;
  return constant(x.shape, convert === undefined ? x.data : x.data.map(convert), kind);
}
