/**
 * The algebra of client terms of one stage: as `emission/emitter.ts` for encrypted ones, every function appends steps.
 * Operands of one function are all of the emitter's stage.
 */
import { elementCount, isIdentity, sameShape } from '../../../ir/constant.ts';
import type { ClientElements, Port } from '../../../ir/interface.ts';
import type { NodeRef } from '../../../ir/diagnostics/diagnostic.ts';
import type { AttrsOf, ValueId } from '../../../ir/op.ts';
import { ClientBuilder, type ClientOps, type Labels } from '../../../ir/client/ops.ts';
import { broadcastIndex, broadcastShape, permuteIndex, range } from '../emission/geometry.ts';
import { invalid } from '../proto/failure.ts';
import { checkedExtents } from '../proto/limits.ts';
import type { OnnxNode } from '../proto/model.ts';
import { type ClientTerm, type ConstantTerm, sampleShapes, type TextsTerm, withShape } from '../proto/term.ts';
import type { Reduction } from '../rules/reduction.ts';

export type UnaryFunction = AttrsOf<ClientOps['unary']>['fn'];
export type BinaryFunction = AttrsOf<ClientOps['binary']>['fn'];
export type ReduceFunction = AttrsOf<ClientOps['reduce']>['fn'];

const elementsOfConstant = { float: 'real', integer: 'integer', boolean: 'boolean' } as const;

export class StepEmitter {
  readonly stage: ClientTerm['stage'];
  readonly builder = new ClientBuilder();
  /** The ONNX nodes that the next steps come from. */
  origins: readonly NodeRef[] = [];
  /** Why the next steps are the client's, where no operand says so. */
  because: OnnxNode | undefined;

  constructor(stage: ClientTerm['stage']) {
    this.stage = stage;
  }

  /** A value that steps start from; `type` is what it is in the graph. */
  input(port: Port, { elements, shape, batched }: Pick<ClientTerm, 'elements' | 'shape' | 'batched'>): ClientTerm {
    checkedExtents(shape);
    const attrs = { ...portOf(port), shape: [...shape], elements };
    return {
      kind: 'client',
      stage: this.stage,
      value: this.builder.add('input', [], attrs, this.origins),
      ...{ elements, shape, batched, because: undefined },
    };
  }

  output(port: Port, term: ClientTerm, keys?: Labels): void {
    const attrs = { ...portOf(port), ...(keys && { keys }) };
    this.builder.add('output', [term.value], attrs, this.origins);
  }

  constant({ shape, data, ...term }: ConstantTerm | TextsTerm): ClientTerm {
    checkedExtents(shape);
    const elements = term.kind === 'texts' ? 'string' : elementsOfConstant[term.elements];
    return this.literal(shape, elements, Array.from<number | string>(data) as Labels);
  }

  literal(shape: readonly number[], elements: ClientElements, values: Labels): ClientTerm {
    const value = this.builder.add('constant', [], { shape: [...shape], elements, values }, this.origins);
    return this.term(value, [], shape);
  }

  /** `number` in the type of `like`, of one element. */
  number(value: number): ClientTerm {
    return this.literal([], 'real', [value]);
  }

  unary(fn: UnaryFunction, x: ClientTerm): ClientTerm {
    return this.term(this.builder.add('unary', [x.value], { fn }, this.origins), [x]);
  }

  binary(fn: BinaryFunction, left: ClientTerm, right: ClientTerm): ClientTerm {
    const [x, y] = this.broadcast([left, right]);
    if (x === undefined || y === undefined) throw invalid(`${fn} needs two operands`);
    return this.term(this.builder.add('binary', [x.value, y.value], { fn }, this.origins), [x, y]);
  }

  select(condition: ClientTerm, left: ClientTerm, right: ClientTerm): ClientTerm {
    const [mask, x, y] = this.broadcast([condition, left, right]);
    if (mask === undefined || x === undefined || y === undefined) throw invalid('a choice needs three operands');
    const [a, b] = x.elements === y.elements ? [x, y] : [this.cast(x, 'real'), this.cast(y, 'real')];
    return this.term(this.builder.add('select', [mask.value, a.value, b.value], {}, this.origins), [mask, a, b]);
  }

  cast(x: ClientTerm, to: ClientElements): ClientTerm {
    if (x.elements === to) return x;
    return this.term(this.builder.add('cast', [x.value], { to }, this.origins), [x]);
  }

  /** A value of `shape` whose element i is element `index[i]` of the operands, flattened one after another. */
  gather(parts: readonly ClientTerm[], shape: readonly number[], index: Int32Array): ClientTerm {
    checkedExtents(shape);
    const [only] = parts;
    if (only !== undefined && parts.length === 1 && sameShape(only.shape, shape) && isIdentity(index, index.length))
      return only;
    const operands = parts.map(({ value }) => value);
    const attrs = { index: Array.from(index), shape: [...shape] };
    return this.term(this.builder.add('gather', operands, attrs, this.origins), parts, shape);
  }

  reshape(x: ClientTerm, shape: readonly number[]): ClientTerm {
    return this.gather([x], withShape(x, shape).shape, Int32Array.from(range(elementCount(shape))));
  }

  /** x with `axis` of one sample as the last one. */
  lastAxis(x: ClientTerm, axis: number): ClientTerm {
    return this.transpose(x, [...range(x.shape.length).filter((other) => other !== axis), axis]);
  }

  /** x, whose last axis was made of axis `axis`, with that axis in its place again. */
  axisBack(x: ClientTerm, axis: number): ClientTerm {
    const last = x.shape.length - 1;
    const others = range(last);
    return this.transpose(x, [...others.slice(0, axis), last, ...others.slice(axis)]);
  }

  reduce(fn: ReduceFunction, x: ClientTerm, { order, group, shape }: Reduction): ClientTerm {
    const rows = this.gather([x], [elementCount(shape), group], order);
    return this.reshape(this.reduceRows(fn, rows), shape);
  }

  /** One number for each row of the last axis, which goes. */
  reduceRows(fn: ReduceFunction, x: ClientTerm): ClientTerm {
    return this.term(this.builder.add('reduce', [x.value], { fn }, this.origins), [x]);
  }

  /** What an op without other operands makes of x. */
  apply<Op extends 'activation' | 'arg' | 'top' | 'softmax' | 'look-up' | 'one-hot' | 'couple-pairs'>(
    op: Op,
    x: ClientTerm,
    attrs: AttrsOf<ClientOps[Op]>,
  ): ClientTerm {
    return this.term(this.builder.add(op, [x.value], attrs, this.origins), [x]);
  }

  take(x: ClientTerm, places: ClientTerm): ClientTerm {
    return this.term(this.builder.add('take', [x.value, places.value], {}, this.origins), [x, places]);
  }

  /** The operands, repeated along axes of size 1 to one shape. */
  broadcast(operands: readonly ClientTerm[]): readonly ClientTerm[] {
    const { shapes } = sampleShapes(operands);
    const shape = broadcastShape(shapes);
    return operands.map((term, k) => {
      const own = shapes[k] ?? [];
      return sameShape(term.shape, shape) ? term : this.gather([term], shape, broadcastIndex(own, shape));
    });
  }

  private transpose(x: ClientTerm, permutation: readonly number[]): ClientTerm {
    const shape = permutation.map((axis) => x.shape[axis] ?? 1);
    return this.gather([x], shape, permuteIndex(x.shape, permutation));
  }

  /** The term of a value that was computed from `operands`. */
  private term(
    value: ValueId,
    operands: readonly ClientTerm[],
    shape: readonly number[] = this.builder.typeOf(value).shape,
  ): ClientTerm {
    return {
      kind: 'client',
      stage: this.stage,
      value,
      elements: this.builder.typeOf(value).elements,
      shape,
      batched: operands.some(({ batched }) => batched),
      because: operands.find(({ because }) => because !== undefined)?.because ?? this.because,
    };
  }
}

function portOf({ name, hasBatchAxis, batchAxis }: Port) {
  return { name, hasBatchAxis, ...(batchAxis !== undefined && { batchAxis }) };
}
