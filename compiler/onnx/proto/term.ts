/**
 * What the importer knows of a value while it walks the graph: a constant, computed at once, or an encrypted
 * tensor of the module that is being built.
 *
 * The dynamic first axis of an encrypted term (the batch) is not part of its shape. Its size appears in integer
 * constants that come from Shape, as `batchSize`; it can be moved about but not computed with.
 */
import { elementCount } from '../../../ir/constant.ts';
import type { Labels } from '../../../ir/client/ops.ts';
import type { ClientElements } from '../../../ir/interface.ts';
import type { ValueId } from '../../../ir/op.ts';
import { invalid, mixesSamples, refused } from './failure.ts';
import type { OnnxNode } from './model.ts';

export type ElementKind = 'float' | 'integer' | 'boolean';

export interface ConstantTerm {
  readonly kind: 'constant';
  readonly elements: ElementKind;
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: Float64Array;
  /** Name of the element type, where the model says it: of stored tensors, and of what Cast makes of them. */
  readonly type?: string;
}

export interface EncryptedTerm {
  readonly kind: 'encrypted';
  /** Has as many elements as `shape`, in the same order, but possibly another shape. */
  readonly value: ValueId;
  /** Of one sample. */
  readonly shape: readonly number[];
  /** Whether the ONNX value has the batch as an axis before those of `shape`. */
  readonly batched: boolean;
  /** What ONNX takes the elements for; all are reals here. Default float. */
  readonly elements?: ElementKind | undefined;
}

export type Term = ConstantTerm | EncryptedTerm;

/** Texts of the model. */
export interface TextsTerm {
  readonly kind: 'texts';
  readonly shape: readonly number[];
  readonly data: readonly string[];
}

/** A value that the client computes itself: `before` it encrypts, or `after` it has decrypted. */
export interface ClientTerm {
  readonly kind: 'client';
  readonly stage: 'before' | 'after';
  /** In the steps of the stage; of this shape. */
  readonly value: ValueId;
  readonly elements: ClientElements;
  readonly shape: readonly number[];
  readonly batched: boolean;
  /** The node that was the first to be left to the client; none for an input of the model. */
  readonly because: OnnxNode | undefined;
  /** What the elements belong to, of the result of a ZipMap. */
  readonly keys?: Labels;
}

export type AnyTerm = Term | TextsTerm | ClientTerm;

/** The size of the batch among the elements of an integer constant. No integer that a model holds is a NaN. */
export const batchSize = NaN;

export function isBatchSize(x: number): boolean {
  return Number.isNaN(x);
}

export function constant(shape: readonly number[], data: Float64Array, elements: ElementKind = 'float'): ConstantTerm {
  return { kind: 'constant', elements, shape, data };
}

export function integers(values: readonly number[]): ConstantTerm {
  return constant([values.length], Float64Array.from(values), 'integer');
}

/** What ONNX takes the elements of `term` for. */
export function elementsOf(term: Term | undefined): ElementKind {
  return term?.elements ?? 'float';
}

export function isBatched(term: AnyTerm): boolean {
  return (term.kind === 'encrypted' || term.kind === 'client') && term.batched;
}

/** Rank of the value in ONNX, the batch included. */
export function onnxRank(term: AnyTerm): number {
  return term.shape.length + (isBatched(term) ? 1 : 0);
}

/** The same elements in another shape (of one sample). */
export function withShape<T extends AnyTerm>(term: T, shape: readonly number[]): T {
  if (elementCount(shape) !== elementCount(term.shape)) {
    throw invalid(`[${term.shape.join(', ')}] does not have the elements of [${shape.join(', ')}]`);
  }
  return { ...term, shape };
}

/** `axis` counted from the front. */
export function normalizeAxis(axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(normal) || normal < 0 || normal >= rank) {
    throw invalid(`axis ${axis} is out of range for a value of rank ${rank}`);
  }
  return normal;
}

/** The axis of `term.shape` that ONNX calls `axis`; `action` completes "… the batch axis" where it is the batch. */
export function sampleAxis(term: AnyTerm, axis: number, action: string): number {
  const normal = normalizeAxis(axis, onnxRank(term));
  if (!isBatched(term)) return normal;
  if (normal === 0) throw mixesSamples(`${action} the batch axis`);
  return normal - 1;
}

/** Distinct axes of `term.shape`. */
export function sampleAxes(term: AnyTerm, axes: readonly number[], action: string): readonly number[] {
  const normal = axes.map((axis) => sampleAxis(term, axis, action));
  if (new Set(normal).size !== normal.length) throw invalid(`axes [${axes.join(', ')}] repeat an axis`);
  return normal;
}

/**
 * The shapes of one sample of operands that are broadcast together, aligned at the last axis. A value without a
 * batch may have an axis of size 1 in its place.
 */
export function sampleShapes(terms: readonly AnyTerm[]): { shapes: readonly (readonly number[])[]; batched: boolean } {
  if (!terms.some(isBatched)) return { shapes: terms.map(({ shape }) => shape), batched: false };
  const rank = Math.max(...terms.map(onnxRank));
  const shapes = terms.map((term) => {
    if (onnxRank(term) < rank) {
      if (isBatched(term)) throw mixesSamples('broadcasting puts another axis before the batch axis');
      return term.shape;
    }
    return isBatched(term) ? term.shape : withoutBatchOfOne(term.shape);
  });
  return { shapes, batched: true };
}

/** Drops the leading axis, of size 1, that stands where other operands have the batch. */
export function withoutBatchOfOne([samples, ...rest]: readonly number[]): readonly number[] {
  if (samples !== undefined && samples !== 1) {
    throw mixesSamples(`an operand has ${samples} entries along the batch axis, which is dynamic`);
  }
  return rest;
}

/** The constant, or a diagnostic that says what needs to be one. */
export function requireConstant(term: AnyTerm, what: string): ConstantTerm {
  if (term.kind === 'constant') return term;
  if (term.kind === 'texts') throw refused(`${what} is a text`, 'Only labels and categories may be texts.');
  throw refused(`${what} depends on an input`, `Export the model with ${what} as a constant.`);
}

/** The elements of an integer constant that cannot depend on the batch. */
export function knownIntegers(term: AnyTerm, what: string): readonly number[] {
  const { data } = requireConstant(term, what);
  if (data.some(isBatchSize)) throw mixesSamples(`${what} depends on the batch size`);
  if (data.some((x) => !Number.isInteger(x))) throw invalid(`${what} must be integers`);
  return Array.from(data);
}

/** The one element of a constant. */
export function scalarOf(term: AnyTerm, what: string): number {
  const { data } = requireConstant(term, what);
  const [x] = data;
  if (x === undefined || data.length !== 1) throw invalid(`${what} must be one number, not ${data.length}`);
  return x;
}

/** Elements of a constant that are told in a message. */
const mostTold = 8;

/** A constant for people, such as `[2, 3]` or `the same 24 elements of shape [4, 6]`. */
export function describeConstant({ shape, data }: ConstantTerm | TextsTerm): string {
  const ofShape = `of shape [${shape.join(', ')}]`;
  if (data.length === 0) return `without elements, ${ofShape}`;
  if (data.length > mostTold) return `the same ${data.length} elements ${ofShape}`;
  const elements = [...data].map((x) => (typeof x === 'number' && isBatchSize(x) ? 'the batch size' : String(x)));
  return shape.length === 0 ? elements.join() : `[${elements.join(', ')}]`;
}
