/** Modules of the graph levels as text. */
import { InternalError, type NodeRef } from '../../diagnostics/diagnostic.ts';
import type { GraphModule } from '../../module.ts';
import type { NodeBase, OpTable } from '../../op.ts';
import type { GraphText } from '../syntax/graph-text.ts';
import { ConstantTable } from './print-constants.ts';
import { printNodes } from './print-origins.ts';
import { printAttributes } from './print-value.ts';

/** What is read of a node, whatever its op. */
type AnyNode<Type> = NodeBase<Type> & { readonly op: string; readonly attrs: unknown };

/** One line an op, and the constants that they refer to. */
export function printGraph<Level extends string, Type, Table extends OpTable<Type>>(
  { dialect, printType }: GraphText<Level, Type, Table>,
  module: GraphModule<Level, AnyNode<Type>>,
): { readonly lines: readonly string[]; readonly table: ConstantTable } {
  const table = new ConstantTable();
  const lines = module.nodes.map(({ id, op, operands, attrs, type, origins }) => {
    const declaration = dialect.ops[op];
    if (declaration === undefined) throw new InternalError(`${dialect.level} has no op ${op}`);
    const parts = [`%${id} = ${op}`];
    if (operands.length > 0) parts.push(operands.map((operand) => `%${operand}`).join(', '));
    const attributes = printAttributes(attrs, declaration.attrs, table.nameOf);
    if (attributes !== '') parts.push(attributes);
    parts.push(`: ${printType(type)}`);
    if (origins.length > 0) parts.push(printFrom(origins));
    return parts.join(' ');
  });
  return { lines, table };
}

function printFrom(origins: readonly NodeRef[]): string {
  return `from ${printNodes(origins)}`;
}
