/**
 * What an op of the graph levels (`tensor`, `tile`) is. An op is declared once; node types, the builder, the
 * verifier, the parser, the printer and the op reference derive from the declaration. What an engine or a
 * lowering does with an op lives in that place's own total table, `{ [K in OpName]: Rule<K> }`.
 *
 * Every op has exactly one result; a node is its result.
 */
import type { z } from 'zod';

import type { NodeRef } from './diagnostics/diagnostic.ts';

/** Index of a node in its module. Operands always have smaller ids than the node that uses them. */
export type ValueId = number;

export interface OpDeclaration<Type, Schema extends z.ZodType> {
  /** One paragraph: what the op computes, in terms of its operands and attributes. */
  readonly doc: string;
  /** Names of the operands; a last name that ends in `…` stands for one or more. */
  readonly operands: readonly string[];
  readonly attrs: Schema;
  /**
   * The type of the result, or a sentence that says why these operands and attributes do not fit.
   * This is also the verifier: a node whose recorded type differs from the inferred one is refused.
   */
  readonly infer: (operands: readonly Type[], attrs: z.output<Schema>) => Type | string;
}

/** Keeps the schema's type for `NodeOf`. */
export function defineOp<Type>() {
  return <Schema extends z.ZodType>(declaration: OpDeclaration<Type, Schema>): OpDeclaration<Type, Schema> =>
    declaration;
}

// The schema is invariant in the declaration: a table of different ops has no narrower common type.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type OpTable<Type> = Readonly<Record<string, OpDeclaration<Type, any>>>;

export type AttrsOf<D> = D extends { readonly attrs: infer Schema extends z.ZodType } ? z.output<Schema> : never;

export interface NodeBase<Type> {
  readonly id: ValueId;
  readonly operands: readonly ValueId[];
  readonly type: Type;
  /** The ONNX nodes that this node comes from; several after fusion. */
  readonly origins: readonly NodeRef[];
}

/** The node union of an op table, discriminated by `op`. */
export type NodeOf<Table extends OpTable<Type>, Type> = {
  readonly [K in keyof Table & string]: NodeBase<Type> & { readonly op: K; readonly attrs: AttrsOf<Table[K]> };
}[keyof Table & string];

/** One node of the union, by op name. */
export type NodeNamed<Node extends { readonly op: string }, Name extends Node['op']> = Extract<
  Node,
  { readonly op: Name }
>;
