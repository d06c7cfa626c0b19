/**
 * Modules of the graph levels: a list of nodes in topological order (operands before users), and the builder
 * that is the only way to make one. `Dialect` is what a level gives: its name and its op table.
 */
import type { z } from 'zod';

import { InternalError, type NodeRef } from './diagnostics/diagnostic.ts';
import type { AttrsOf, NodeBase, NodeOf, OpDeclaration, OpTable, ValueId } from './op.ts';

export interface Dialect<Level extends string, Type, Table extends OpTable<Type>> {
  readonly level: Level;
  readonly ops: Table;
  readonly sameType: (a: Type, b: Type) => boolean;
}

export interface GraphModule<Level extends string, Node> {
  readonly level: Level;
  readonly name: string;
  readonly nodes: readonly Node[];
}

/**
 * Appends nodes one after another and infers their types.
 * Throws `InternalError` where a type cannot be inferred: passes and lowerings build only what fits. Attributes are
 * trusted to fit their schema, which the verifier checks after every pass, and the parser in text from outside.
 */
export class GraphBuilder<Level extends string, Type, Table extends OpTable<Type>> {
  private readonly dialect: Dialect<Level, Type, Table>;
  private readonly nodes: NodeOf<Table, Type>[] = [];

  constructor(dialect: Dialect<Level, Type, Table>) {
    this.dialect = dialect;
  }

  add<K extends keyof Table & string>(
    op: K,
    operands: readonly ValueId[],
    attrs: AttrsOf<Table[K]>,
    origins: readonly NodeRef[],
  ): ValueId {
    const declaration: OpDeclaration<Type, z.ZodType> | undefined = this.dialect.ops[op];
    if (declaration === undefined) throw new InternalError(`${this.dialect.level} has no op ${op}`);
    const type = declaration.infer(
      operands.map((id) => this.typeOf(id)),
      attrs,
    );
    if (typeof type === 'string') throw new InternalError(`${this.dialect.level} ${op}: ${type}`);
    const id = this.nodes.length;
    this.nodes.push({ id, op, operands, attrs, type, origins } as NodeBase<Type> as NodeOf<Table, Type>);
    return id;
  }

  /** Copies `node` of another module with its operands mapped; the type is inferred again. */
  copy(node: NodeOf<Table, Type>, map: (operand: ValueId) => ValueId): ValueId {
    const { op, operands, attrs, origins } = node;
    return this.add(op, operands.map(map), attrs, origins);
  }

  typeOf(id: ValueId): Type {
    return this.node(id).type;
  }

  node(id: ValueId): NodeOf<Table, Type> {
    const node = this.nodes[id];
    if (node === undefined) throw new InternalError(`%${id} is not a value of this module`);
    return node;
  }

  build(name: string): GraphModule<Level, NodeOf<Table, Type>> {
    return { level: this.dialect.level, name, nodes: this.nodes };
  }
}

/** The nodes that use each value, in order; a user that takes a value twice stands twice. */
export function usersOf<Node extends NodeBase<unknown>>(module: { readonly nodes: readonly Node[] }): Node[][] {
  const users: Node[][] = module.nodes.map(() => []);
  for (const node of module.nodes) for (const operand of node.operands) users[operand]?.push(node);
  return users;
}

/** The node with this id. */
export function nodeAt<Node>(module: { readonly nodes: readonly Node[] }, id: ValueId): Node {
  const node = module.nodes[id];
  if (node === undefined) throw new InternalError(`%${id} is not a value of this module`);
  return node;
}

/** Origins of several nodes together, each ONNX node once, in order of appearance. */
export function mergeOrigins(...lists: (readonly NodeRef[])[]): readonly NodeRef[] {
  const seen = new Map<string, NodeRef>();
  for (const ref of lists.flat()) {
    const key = `${ref.name}\0${ref.opType}\0${ref.output}`;
    if (!seen.has(key)) seen.set(key, ref);
  }
  return [...seen.values()];
}
