/**
 * The verifier of all levels. It never throws, whatever the module holds; it finds what breaks the invariants that
 * passes, lowerings, engines and printers rely on, and which they therefore do not check again.
 *
 * Graph levels (`tensor`, `tile`):
 * - ids are 0, 1, …; operands have smaller ids; an op has the operands that it declares (H250);
 * - nobody reads an output (H250);
 * - the op exists, and its attributes fit its schema (H251);
 * - the type is the one that the op infers (H252); at the tile level all values have the same slots and batch (H252);
 * - inputs have distinct names, outputs too, and there is an output (H253); at the tile level an input may be packed
 *   in several ways, and has the same shape in all of them (H253).
 * `he` and `plan`: see `he/verify.ts` and `plan/verify.ts`.
 */
import type { z } from 'zod';

import type { Diagnostic, NodeRef, Place } from './diagnostics/diagnostic.ts';
import { badAttributes, badInterface, badType, badValueOrder } from './diagnostics/verify.ts';
import { verifyHe } from './he/verify.ts';
import type { AnyModule } from './levels.ts';
import type { NodeBase, OpDeclaration, OpTable } from './op.ts';
import { verifyPlan } from './plan/verify.ts';
import { Reports } from './reports.ts';
import { type Shape, tensorDialect } from './tensor/ops.ts';
import { Layout } from './tile/layout.ts';
import { tileDialect } from './tile/ops.ts';

/** The place of a value, such as its line in a text. */
export type Locate = (id: number) => Place;

/**
 * What is wrong with `module`; nothing for a sound one. At most a screenful: a module that breaks one invariant often
 * breaks it a million times. Places are `%id` and the origins of the value, unless `locate` knows better.
 */
export function verify(module: AnyModule, locate?: Locate): Diagnostic[] {
  switch (module.level) {
    case 'tensor':
      return verifyGraph(module.nodes, tensorDialect, tensorRoles, locate);
    case 'tile':
      return verifyGraph(module.nodes, tileDialect, tileRoles, locate, tilesAgree);
    case 'he':
      return verifyHe(module, locate);
    case 'plan':
      return verifyPlan(module, locate);
  }
}

/** The ops that stand for the inputs and outputs of the model. */
interface Roles {
  readonly input: string;
  readonly output: string;
  /** Whether several ops may stand for one input, as its packings do. */
  readonly repeatsInputs: boolean;
}

const tensorRoles: Roles = { input: 'input', output: 'output', repeatsInputs: false };
const tileRoles: Roles = { input: 'pack', output: 'unpack', repeatsInputs: true };

interface AnyNode<Type> extends NodeBase<Type> {
  readonly op: string;
  readonly attrs: unknown;
}

interface AnyDialect<Type> {
  readonly level: string;
  readonly ops: OpTable<Type>;
  readonly sameType: (a: Type, b: Type) => boolean;
}

function verifyGraph<Type extends Shape | Layout>(
  nodes: readonly AnyNode<Type>[],
  dialect: AnyDialect<Type>,
  roles: Roles,
  locate: Locate | undefined,
  agree?: (first: Type, type: Type) => string | undefined,
): Diagnostic[] {
  const reports = new Reports(locate ?? ((id) => placeOf(id, nodes[id]?.origins ?? [])));
  /** The shape of each. */
  const names = { input: new Map<string, string>(), output: new Map<string, string>() };
  for (const [id, node] of nodes.entries()) {
    if (reports.full) break;
    if (node.id !== id) {
      reports.at(id, badValueOrder, `value ${id} of the module is numbered %${node.id}`);
      continue;
    }
    const declaration: OpDeclaration<Type, z.ZodType> | undefined = Object.hasOwn(dialect.ops, node.op)
      ? dialect.ops[node.op]
      : undefined;
    if (declaration === undefined) {
      reports.at(id, badAttributes, `${dialect.level} has no op ${node.op}`);
      continue;
    }
    const operands = operandTypes(nodes, node, declaration, roles, (reason) => {
      reports.at(id, badValueOrder, reason);
    });
    const attrs = declaration.attrs.safeParse(node.attrs);
    if (!attrs.success) reports.at(id, badAttributes, `${node.op}: ${describe(attrs.error)}`);
    if (operands === undefined || !attrs.success) continue;

    const inferred = infer(declaration, operands, attrs.data);
    if (typeof inferred === 'string') reports.at(id, badType, `${node.op}: ${inferred}`);
    else if (!dialect.sameType(inferred, node.type))
      reports.at(id, badType, `${node.op} is of type ${show(inferred)}, but is declared ${show(node.type)}`);
    const disagreement = agree?.(nodes[0]?.type ?? node.type, node.type);
    if (disagreement !== undefined) reports.at(id, badType, disagreement);

    const role = node.op === roles.input ? 'input' : node.op === roles.output ? 'output' : undefined;
    if (role !== undefined) {
      const name = nameIn(attrs.data);
      const shape = shapeIn(attrs.data);
      const other = names[role].get(name);
      const repeats = role === 'input' && roles.repeatsInputs;
      if (other !== undefined && !(repeats && other === shape))
        reports.at(id, badInterface, `there is another ${role} called ${JSON.stringify(name)}`);
      names[role].set(name, shape);
    }
  }
  if (!nodes.some((node) => node.op === roles.output)) reports.module(badInterface, 'the module has no output');
  return reports.diagnostics;
}

/** The types of the operands, or nothing where they are not what the op takes. */
function operandTypes<Type>(
  nodes: readonly AnyNode<Type>[],
  node: AnyNode<Type>,
  declaration: OpDeclaration<Type, z.ZodType>,
  roles: Roles,
  report: (reason: string) => void,
): Type[] | undefined {
  const names = declaration.operands;
  const variadic = names.at(-1)?.endsWith('…') ?? false;
  const count = node.operands.length;
  if (variadic ? count < names.length : count !== names.length) {
    report(`${node.op} takes ${variadic ? 'at least ' : ''}${names.length} operands, here are ${count}`);
    return undefined;
  }
  const types: Type[] = [];
  for (const operand of node.operands) {
    const read = operand < node.id ? nodes[operand] : undefined;
    if (read === undefined) report(`operand %${operand} of ${node.op} is not above it`);
    else if (read.op === roles.output) report(`operand %${operand} of ${node.op} is an output`);
    else types.push(read.type);
  }
  return types.length === count ? types : undefined;
}

function infer<Type>(declaration: OpDeclaration<Type, z.ZodType>, operands: Type[], attrs: unknown): Type | string {
  try {
    return declaration.infer(operands, attrs);
  } catch (error) {
    // A text may declare layouts that no memory holds.
    return `the type cannot be inferred: ${String(error)}`;
  }
}

function tilesAgree(first: Layout, layout: Layout): string | undefined {
  if (layout.slots === first.slots && layout.batchTile === first.batchTile) return undefined;
  return `a layout of ${layout.slots} slots, batch ${layout.batchTile}, in a module of ${first.slots}, batch ${first.batchTile}`;
}

/** The value by id, and what it comes from. */
function placeOf(id: number, origins: readonly NodeRef[]): Place {
  return origins.length === 0 ? { part: `%${id}` } : { part: `%${id}`, nodes: origins };
}

function nameIn(attrs: unknown): string {
  return typeof attrs === 'object' && attrs !== null && 'name' in attrs ? String(attrs.name) : '';
}

function shapeIn(attrs: unknown): string {
  return typeof attrs === 'object' && attrs !== null && 'shape' in attrs ? String(attrs.shape) : '';
}

function show(type: Shape | Layout): string {
  return type instanceof Layout ? type.toString() : `[${type.join(', ')}]`;
}

function describe(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => `${path.map(String).join('.') || 'attributes'}: ${message}`)
    .join('; ');
}
