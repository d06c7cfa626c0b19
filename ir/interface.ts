/** The border of a model: what its inputs and outputs are called and look like, and the values that cross it. */

import { sameShape } from './constant.ts';

/** One input or output. */
export interface Port {
  readonly name: string;
  /** Of one sample, without the axis of samples; every extent is positive. */
  readonly shape: readonly number[];
  /** Whether the model has an axis of any size there, which holds samples and is not part of `shape`. */
  readonly hasBatchAxis: boolean;
  /** The axis of `shape` that it stands before in the model, at least 1; left out where it is the first of all. */
  readonly batchAxis?: number | undefined;
}

/** An input or output of a model as its user sees it, whatever of it is encrypted. */
export interface ModelPort extends Port {
  /** Reals where it is left out. */
  readonly elements?: ClientElements;
  /** The keys of an output that is a map, in the order of its elements. */
  readonly keys?: readonly (number | string)[] | undefined;
  /** Whether steps of the client read it, for which missing values (NaN) may have a meaning. */
  readonly allowsMissing?: boolean;
}

export interface ModelInterface {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** One sample: for each input, or each output, by name, its elements row-major. */
export type Sample = ReadonlyMap<string, Float64Array>;

/** Reals and integers are doubles, so that integers are exact up to 2^53; booleans are 0 and 1. */
export const clientElements = ['real', 'integer', 'boolean', 'string'] as const;
export type ClientElements = (typeof clientElements)[number];

export interface ClientType {
  readonly elements: ClientElements;
  readonly shape: readonly number[];
}

/** The elements of a value, row-major: texts for strings, doubles for everything else. */
export type ClientValue = Float64Array | readonly string[];

/** Values of the inputs or outputs of a model by name. */
export type ClientSample = ReadonlyMap<string, ClientValue>;

/** An output of a model for one sample: its elements, or a number for each key of a map. */
export type AnswerValue = ClientValue | ReadonlyMap<number | string, number>;

/** The outputs of a model for one sample by name. */
export type Answer = ReadonlyMap<string, AnswerValue>;

export function sameClientType(a: ClientType, b: ClientType): boolean {
  return a.elements === b.elements && sameShape(a.shape, b.shape);
}

export function describeType({ elements, shape }: ClientType): string {
  return `${elements} [${shape.join(', ')}]`;
}
