/** Operands of an elementwise operator, brought to one shape. */
import { elementCount } from '../../../ir/constant.ts';
import type { Emitter } from './emitter.ts';
import { broadcastIndex, broadcastShape } from './geometry.ts';
import { type ConstantTerm, constant, sampleShapes, type Term, withShape } from '../proto/term.ts';

export interface Broadcast {
  /** Each of `shape`; a constant of one element keeps its one element. */
  readonly terms: readonly Term[];
  readonly shape: readonly number[];
}

export function broadcast(emit: Emitter, operands: readonly Term[]): Broadcast {
  const { shapes } = sampleShapes(operands);
  const shape = broadcastShape(shapes);
  const terms = operands.map((term, k) => {
    const own = shapes[k] ?? [];
    if (term.kind === 'constant' && term.data.length === 1) return constant([], term.data, term.elements);
    return expand(emit, withShape(term, own), shape);
  });
  return { terms, shape };
}

/** `term` repeated along axes of size 1 to `shape`, which it broadcasts to. */
export function expand<T extends Term>(emit: Emitter, term: T, shape: readonly number[]): T {
  if (elementCount(shape) === elementCount(term.shape)) return withShape(term, shape);
  return emit.move(term, shape, broadcastIndex(term.shape, shape));
}

/** The elements of a constant for every element of `shape`, or its only one: factors and offsets. */
export function expandedData(
  emit: Emitter,
  { data, shape: own }: ConstantTerm,
  shape: readonly number[],
): Float64Array {
  return data.length === 1 ? data : expand(emit, constant(own, data), shape).data;
}
