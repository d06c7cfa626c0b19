/**
 * `client/pre.json` and `client/post.json`: what the client computes itself. Both may come from anyone, and every client runs
 * them: each node is held to its op's schema and type, and all of them together to bounds on what they allocate.
 */
import { z } from 'zod';

import { ClientBuilder, type ClientModule, clientOps, type ClientOpName } from '../../ir/client/ops.ts';
import type { ClientSteps } from '../../ir/client/steps.ts';
import { elementCount } from '../../ir/constant.ts';
import { visible } from '../../ir/diagnostics/diagnostic.ts';
import { badHepEntry } from '../../ir/diagnostics/plan.ts';
import type { NodeRef } from '../../ir/diagnostics/diagnostic.ts';
import type { OpDeclaration, ValueId } from '../../ir/op.ts';
import type { ClientType } from '../../ir/interface.ts';
import type { ZipEntry } from '../format/zip-format.ts';
import { entryNames } from './archive.ts';
import type { EntryReader } from './entry-reader.ts';
import { describeIssues } from './manifest.ts';

export type StepStage = keyof ClientSteps;
const stages = ['pre', 'post'] as const satisfies readonly StepStage[];

const maxNodes = 2 ** 14;
/** Elements of all values of one sample. */
const maxElements = 2 ** 25;
const maxEntryBytes = 2 ** 26;
const maxNameLength = 1024;

const shown = z
  .string()
  .max(maxNameLength)
  .refine((text) => visible(text) === text, 'holds control characters');

const nodeSchema = z.strictObject({
  op: z.enum(Object.keys(clientOps) as [ClientOpName, ...ClientOpName[]]),
  operands: z.array(z.int().min(0)).max(4096),
  attrs: z.record(z.string(), z.unknown()),
  origins: z.array(z.strictObject({ name: shown, opType: shown, output: shown })).max(256),
});
const entrySchema = z.strictObject({ nodes: z.array(nodeSchema).min(1).max(maxNodes) });

/** Same steps, same bytes. */
export function stepEntries(steps: ClientSteps): ZipEntry[] {
  return stages.flatMap((stage) => {
    const module = steps[stage];
    return module === undefined ? [] : [{ name: entryNames.steps(stage), bytes: encode(module) }];
  });
}

function encode({ nodes }: ClientModule): Uint8Array {
  const list = nodes.map(({ op, operands, attrs, origins }) => ({
    op,
    operands,
    attrs,
    origins: origins.map(({ name, opType, output }) => ({ name, opType, output })),
  }));
  return new TextEncoder().encode(JSON.stringify({ nodes: list }, withNonFinite, 1));
}

/** JSON has no infinities and no NaN; attributes have no objects, so that these stand for them. */
function withNonFinite(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? { number: String(value) } : value;
}

function fromNonFinite(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('number' in value) || Object.keys(value).length !== 1)
    return value;
  const { number } = value;
  return number === 'NaN' || number === 'Infinity' || number === '-Infinity' ? Number(number) : value;
}

/** The steps in an archive; problems are reported to `reader`, and leave steps out. */
export function readSteps(reader: EntryReader): ClientSteps {
  const read = stages.flatMap((stage) => {
    const name = entryNames.steps(stage);
    if (!reader.has(name)) return [];
    const module = decode(reader.text(name), stage);
    if (typeof module !== 'string') return [[stage, module] as const];
    reader.diagnostics.push(badHepEntry({ reason: module }, reader.place(name)));
    return [];
  });
  return Object.fromEntries(read);
}

/** The module, or what is wrong with the text. */
function decode(text: string, stage: StepStage): ClientModule | string {
  if (text.length > maxEntryBytes) return `${text.length} characters are more than steps may take`;
  let json: unknown;
  try {
    json = JSON.parse(text, fromNonFinite);
  } catch {
    return 'the entry is not JSON';
  }
  const parsed = entrySchema.safeParse(json);
  if (!parsed.success) return describeIssues(parsed.error);
  return build(parsed.data.nodes, stage);
}

function build(nodes: readonly z.output<typeof nodeSchema>[], stage: StepStage): ClientModule | string {
  const builder = new ClientBuilder();
  let elements = 0;
  for (const [k, node] of nodes.entries()) {
    const type = typeOf(node, builder, k);
    if (typeof type === 'string') return `step ${k}, ${node.op}: ${type}`;
    elements += elementCount(type.shape);
    if (elements > maxElements) return `the steps make more than ${maxElements} elements`;
  }
  const module = builder.build(stage);
  return interfaceProblem(module) ?? module;
}

/** Appends a node whose attributes and operands fit, and gives its type; else what does not. */
function typeOf(
  { op, operands, attrs, origins }: z.output<typeof nodeSchema>,
  builder: ClientBuilder,
  k: number,
): ClientType | string {
  const declaration: OpDeclaration<ClientType, z.ZodType> = clientOps[op];
  const parsed = declaration.attrs.safeParse(attrs);
  if (!parsed.success) return describeIssues(parsed.error);
  if (operands.some((operand) => operand >= k)) return 'an operand comes later';
  const variadic = declaration.operands.at(-1)?.endsWith('…') === true;
  if (variadic ? operands.length === 0 : operands.length !== declaration.operands.length)
    return `${operands.length} operands`;
  if (operands.some((operand) => builder.node(operand).op === 'output')) return 'an output is read';
  const inferred = declaration.infer(
    operands.map((operand) => builder.typeOf(operand)),
    parsed.data,
  );
  if (typeof inferred === 'string') return inferred;
  append(builder, op, operands, parsed.data, origins);
  return inferred;
}

/** What the schema of `op` has made of attributes is what its nodes have. */
function append(
  builder: ClientBuilder,
  op: ClientOpName,
  operands: readonly ValueId[],
  attrs: unknown,
  origins: readonly NodeRef[],
): void {
  builder.add(op, operands, attrs as Parameters<typeof builder.add<typeof op>>[2], origins);
}

function interfaceProblem({ nodes }: ClientModule): string | undefined {
  for (const role of ['input', 'output'] as const) {
    const names = nodes.flatMap((node) => (node.op === role ? [node.attrs.name] : []));
    if (new Set(names).size !== names.length) return `an ${role} occurs twice`;
    if (names.length === 0) return `there is no ${role}`;
    const bad = names.find((name) => name.length > maxNameLength || visible(name) !== name);
    if (bad !== undefined) return `the name of an ${role} is too long, or holds control characters`;
  }
  return undefined;
}
