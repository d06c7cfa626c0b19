/** Operands of an elementwise operator, brought to one shape. */
import { elementCount } from '../../ir/constant.ts';
import type { Emitter } from './emitter.ts';
import { broadcastIndex, broadcastShape } from './geometry.ts';
import { constant, sampleShapes, type Term, withShape } from './term.ts';

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
export function expand(emit: Emitter, term: Term, shape: readonly number[]): Term {
  if (elementCount(shape) === elementCount(term.shape)) return withShape(term, shape);
  return emit.rearrange([term], shape, broadcastIndex(term.shape, shape));
}

/** `data` of shape `from`, repeated to all elements of `shape`, for factors and offsets. */
export function expandData(emit: Emitter, data: Float64Array, from: readonly number[], shape: readonly number[]): Float64Array {
  if (data.length === 1) return data;
  const term = expand(emit, constant(from, data), shape);
  return term.kind === 'constant' ? term.data : data;
}
