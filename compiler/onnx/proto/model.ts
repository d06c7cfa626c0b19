/** An ONNX model as the importer sees it: decoded, names checked for length, nothing else assumed. */
import type { NodeRef } from '../../../ir/diagnostics/diagnostic.ts';

export interface OnnxModel {
  /** Version of each operator set that the model imports, by domain; the default domain is ''. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly graph: OnnxGraph;
  /** `metadata_props`; of a key that stands twice, the last. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly functions: readonly OnnxFunction[];
}

/** An operator that the model defines by a graph of others. */
export interface OnnxFunction {
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes that a node may leave out. */
  readonly defaults: ReadonlyMap<string, Attribute>;
  /** Each of the version that the function imports of its operator set. */
  readonly nodes: readonly OnnxNode[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly inputs: readonly OnnxInput[];
  readonly outputs: readonly string[];
  readonly initializers: readonly OnnxTensor[];
  readonly sparseInitializers: readonly string[];
  readonly nodes: readonly OnnxNode[];
}

export interface OnnxInput {
  readonly name: string;
  /** Element type by its ONNX number; undefined for what is no tensor. */
  readonly elementType: number | undefined;
  /** Undefined where the model does not give the rank. A dynamic extent is its label. */
  readonly shape: readonly (number | string)[] | undefined;
}

export interface OnnxNode {
  /** The node; several for a pattern that was found to be one operator. */
  readonly refs: readonly NodeRef[];
  /** '' for the default domain. */
  readonly domain: string;
  readonly opType: string;
  /** Version of the operator set of `domain`; 0 where the model, or the function that the node is of, imports none. */
  readonly version: number;
  /** Names of the operands; empty for one that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

export type Attribute =
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'tensor'; readonly value: OnnxTensor }
  /** Undefined within functions and other such graphs. */
  | { readonly type: 'graph'; readonly value: OnnxGraph | undefined }
  /** Within a function: the attribute of the node that calls it. */
  | { readonly type: 'reference'; readonly attribute: string }
  | { readonly type: 'unknown' };

/** A dense tensor with its elements still encoded. */
export interface OnnxTensor {
  readonly name: string;
  readonly elementType: number;
  readonly dims: readonly number[];
  readonly raw: Uint8Array | undefined;
  /** Elements of the typed fields; at most one of them is not empty in a sound tensor. */
  readonly typed: { readonly [F in TypedField]: readonly unknown[] };
  /** Elements of a tensor of texts. */
  readonly texts: readonly string[];
  /** Entries of `external_data` where the elements are in another file. */
  readonly external: ReadonlyMap<string, string> | undefined;
}

export type TypedField = 'floatData' | 'int32Data' | 'int64Data' | 'doubleData' | 'uint64Data';
