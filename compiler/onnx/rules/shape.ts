/** Operators that change shapes and orders but no elements, and those that tell shapes. */
import { elementCount } from '../../../ir/constant.ts';
import { expand } from '../emission/broadcast.ts';
import { invalid, mixesSamples } from '../proto/failure.ts';
import { broadcastShape, permuteIndex, range } from '../emission/geometry.ts';
import { checkedCount } from '../proto/limits.ts';
import type { Operation, Rule } from '../emission/operation.ts';
import {
  batchSize,
  integers,
  isBatched,
  isBatchSize,
  normalizeAxis,
  onnxRank,
  sampleAxes,
  type Term,
  withShape,
} from '../proto/term.ts';

/** The entries of a shape operand, where the size of the batch may stand. */
export function shapeOperand(op: Operation, i: number): readonly number[] {
  const { data, elements } = op.constant(i, 'the shape');
  if (elements !== 'integer') throw invalid('the shape must be integers');
  return Array.from(data);
}

/** The shape of one sample that a shape operand of a value with a batch means; the batch has to be its first entry. */
function shapeOfSample(entries: readonly number[]): readonly number[] {
  const [first, ...rest] = entries;
  if (first === undefined || !(isBatchSize(first) || first === 1) || rest.some(isBatchSize)) {
    throw mixesSamples(`the batch axis is not the first of the new shape [${describe(entries)}]`);
  }
  return rest;
}

/** For constants, of which there is one for all samples. */
export function withBatchOfOne(entries: readonly number[]): readonly number[] {
  return entries.map((entry) => (isBatchSize(entry) ? 1 : entry));
}

function describe(entries: readonly number[]): string {
  return entries.map((entry) => (isBatchSize(entry) ? 'batch' : entry)).join(', ');
}

export const reshape: Rule = (op) => {
  const x = op.input(0);
  const copyZeros = !op.isOne('allowzero', false);
  const entries = shapeOperand(op, 1).map((entry, axis) => {
    if (entry !== 0 || !copyZeros) return entry;
    const own = onnxShape(x)[axis];
    if (own === undefined) throw invalid(`entry ${axis} of the new shape copies an axis that does not exist`);
    return own;
  });
  if (!isBatched(x)) return [withShape(x, inferred(withBatchOfOne(entries), elementCount(x.shape)))];
  const [first = 1, ...rest] = entries;
  // A leading −1 stands for the batch where the others hold exactly one sample.
  const batchFirst = isBatchSize(first) || (first === -1 && elementCount(rest) === elementCount(x.shape));
  if (!batchFirst || rest.some(isBatchSize)) {
    throw mixesSamples(
      `[${describe(onnxShape(x))}] is reshaped to [${describe(entries)}], which does not keep the batch axis`,
    );
  }
  return [withShape(x, inferred(rest, elementCount(x.shape)))];
};

function inferred(entries: readonly number[], count: number): readonly number[] {
  const known = entries.filter((entry) => entry !== -1);
  const product = elementCount(known);
  if (known.some((entry) => entry < 0) || entries.length - known.length > 1) {
    throw invalid(`[${entries.join(', ')}] is not a shape`);
  }
  const shape = entries.map((entry) => (entry === -1 ? count / product : entry));
  if (!Number.isInteger(count / product) && known.length < entries.length) {
    throw invalid(`${count} elements do not divide into [${entries.join(', ')}]`);
  }
  checkedCount(shape);
  return shape;
}

/** The shape that ONNX gives the value. */
function onnxShape(term: Term): readonly number[] {
  return isBatched(term) ? [batchSize, ...term.shape] : term.shape;
}

export const flatten: Rule = (op) => {
  const x = op.input(0);
  const rank = onnxRank(x);
  const axis = op.int('axis', 1);
  // Unlike elsewhere the rank itself is an axis here: everything goes into the first dimension.
  const split = axis === rank ? rank : normalizeAxis(axis, rank);
  if (!isBatched(x)) {
    return [withShape(x, [elementCount(x.shape.slice(0, split)), elementCount(x.shape.slice(split))])];
  }
  const before = elementCount(x.shape.slice(0, Math.max(0, split - 1)));
  if (split === 0 || before !== 1) throw mixesSamples(`Flatten at axis ${axis} merges the batch axis with others`);
  return [withShape(x, [elementCount(x.shape)])];
};

export const transpose: Rule = (op) => {
  const x = op.input(0);
  const rank = onnxRank(x);
  const perm = op.ints('perm') ?? range(rank).toReversed();
  if (perm.length !== rank || perm.toSorted((a, b) => a - b).some((axis, i) => axis !== i)) {
    throw invalid(`perm [${perm.join(', ')}] is no permutation of ${rank} axes`);
  }
  if (isBatched(x) && perm[0] !== 0) throw mixesSamples(`Transpose by [${perm.join(', ')}] moves the batch axis`);
  const axes = isBatched(x) ? perm.slice(1).map((axis) => axis - 1) : perm;
  return [op.emit.transpose(x, axes)];
};

export const squeeze: Rule = (op) => {
  const x = op.input(0);
  const given = op.integersAt(1, 'axes');
  const axes =
    given === undefined
      ? range(x.shape.length).filter((d) => x.shape[d] === 1)
      : sampleAxes(x, given, 'Squeeze removes');
  const wide = axes.find((axis) => x.shape[axis] !== 1);
  if (wide !== undefined) throw invalid(`Squeeze removes an axis of size ${x.shape[wide] ?? 0}`);
  return [
    withShape(
      x,
      x.shape.filter((_, axis) => !axes.includes(axis)),
    ),
  ];
};

export const unsqueeze: Rule = (op) => {
  const x = op.input(0);
  const given = op.integersAt(1, 'axes');
  if (given === undefined) throw invalid('Unsqueeze needs axes');
  const rank = onnxRank(x) + given.length;
  const axes = given.map((axis) => normalizeAxis(axis, rank));
  if (new Set(axes).size !== axes.length) throw invalid(`axes [${given.join(', ')}] repeat an axis`);
  if (isBatched(x) && axes.includes(0)) throw mixesSamples('Unsqueeze puts an axis before the batch axis');
  const old = onnxShape(x)[Symbol.iterator]();
  const shape = range(rank).map((axis) => (axes.includes(axis) ? 1 : (old.next().value ?? 1)));
  return [withShape(x, isBatched(x) ? shape.slice(1) : shape)];
};

export const expandTo: Rule = (op) => {
  const x = op.input(0);
  const target = shapeOperand(op, 1);
  if (!isBatched(x)) {
    const shape = broadcastShape([x.shape, withBatchOfOne(target)]);
    checkedCount(shape);
    return [expand(op.emit, x, shape)];
  }
  const rank = onnxRank(x);
  if (target.length > rank) throw mixesSamples('Expand puts axes before the batch axis');
  const shape = broadcastShape([x.shape, target.length === rank ? shapeOfSample(target) : target]);
  if (checkedCount(shape) === 0) return [op.emit.select(x, shape, new Int32Array())];
  return [expand(op.emit, x, shape)];
};

/** Shape, with `start` and `end` since opset 15. */
export const shapeOf: Rule = (op) => {
  const shape = onnxShape(op.input(0));
  return [integers(shape.slice(op.int('start', 0), op.int('end', shape.length)))];
};

export const sizeOf: Rule = (op) => {
  const x = op.input(0);
  if (isBatched(x)) throw mixesSamples('Size depends on the batch size');
  return [{ ...integers([elementCount(x.shape)]), shape: [] }];
};

/** DepthToSpace and SpaceToDepth on [.., C, H, W]: a reshape, a transpose and a reshape. */
export const depthToSpace: Rule = (op) => {
  const { x, lead, block, shape } = blocks(op);
  const [c = 1, h = 1, w = 1] = shape;
  const depth = c / block ** 2;
  if (!Number.isInteger(depth)) throw invalid(`${c} channels do not divide into blocks of ${block}`);
  const dcr = op.string('mode', ['DCR', 'CRD'], 'DCR') === 'DCR';
  const split = dcr ? [lead, block, block, depth, h, w] : [lead, depth, block, block, h, w];
  const order = dcr ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3];
  return [op.emit.move(x, [...x.shape.slice(0, -3), depth, h * block, w * block], permuteIndex(split, order))];
};

export const spaceToDepth: Rule = (op) => {
  const { x, lead, block, shape } = blocks(op);
  const [c = 1, h = 1, w = 1] = shape;
  if (h % block !== 0 || w % block !== 0) throw invalid(`[${h}, ${w}] does not divide into blocks of ${block}`);
  const split = [lead, c, h / block, block, w / block, block];
  const index = permuteIndex(split, [0, 3, 5, 1, 2, 4]);
  return [op.emit.move(x, [...x.shape.slice(0, -3), c * block ** 2, h / block, w / block], index)];
};

function blocks(op: Operation) {
  const x = op.input(0);
  const block = op.int('blocksize', 0);
  if (block < 1 || onnxRank(x) !== 4) throw invalid(`blocksize ${block} for a value of rank ${onnxRank(x)}`);
  return { x, block, lead: elementCount(x.shape.slice(0, -3)), shape: x.shape.slice(-3) };
}
