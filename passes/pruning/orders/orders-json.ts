/**
 * Orders as text, for the metadata of ONNX files. Layers are named by their place among those with weights, and inputs by
 * their names: both survive export and import, as long as linear ops are merged in between.
 */
import { z } from 'zod';

import { type Diagnostic, HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { badOrder, badOrders, tiedOrders, unknownAxis } from '../../../ir/diagnostics/pruning/permutation.ts';
import type { TensorModule } from '../../../ir/tensor/ops.ts';
import type { Orders } from './apply-permutation.ts';
import { type PermutableAxis, permutableAxes } from './permutable-axes.ts';

/** By the name of a layer or input; a list, for names of inputs are arbitrary. */
export const namedOrdersSchema = z.array(z.strictObject({ axis: z.string().min(1), order: z.array(z.int().min(0)) }));
type NamedOrders = z.output<typeof namedOrdersSchema>;

const fileSchema = z.strictObject({ version: z.literal(1), orders: namedOrdersSchema });

/** Characters of a text that is read at all: more than a million entries. */
const maxCharacters = 2 ** 24;

/** Problems that are shown of a text, which may have as many as entries. */
const maxReports = 8;

export function ordersToJson(orders: Orders): string {
  const entries = Array.from(orders, ([axis, order]) => ({ axis, order: [...order] }));
  return JSON.stringify({ version: 1, orders: entries } satisfies z.input<typeof fileSchema>);
}

/**
 * The orders for `module`, whose linear ops are merged. Throws `HepcError` (H355 to H358) for a text that is none, or is
 * for another module.
 */
export function ordersFromJson(text: string, module: TensorModule): Orders {
  const { orders, diagnostics } = checkOrders(parse(text), module);
  if (diagnostics.length > 0) throw new HepcError(diagnostics.slice(0, maxReports));
  return orders;
}

function parse(text: string): NamedOrders {
  if (text.length > maxCharacters) {
    throw new HepcError([badOrders({ problem: `${text.length} characters, at most ${maxCharacters} are read` })]);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new HepcError([badOrders({ problem: error instanceof Error ? error.message : 'no JSON' })]);
  }
  const { data, error } = fileSchema.safeParse(json);
  if (data === undefined) {
    const shown = new z.ZodError(error.issues.slice(0, maxReports));
    throw new HepcError([badOrders({ problem: z.prettifyError(shown) })]);
  }
  return data.orders;
}

/** Orders by the names of axes, of those that are sound; an axis may be named by anything that is tied to it. */
export function checkOrders(
  named: NamedOrders,
  module: TensorModule,
): { readonly orders: Orders; readonly diagnostics: readonly Diagnostic[] } {
  const { axes } = permutableAxes(module);
  const axisOf = new Map(axes.flatMap((axis) => axis.origins.map((origin) => [origin, axis] as const)));
  const diagnostics: Diagnostic[] = [];
  const found = new Map<PermutableAxis, { readonly name: string; readonly order: Int32Array }>();
  for (const { axis: name, order: entries } of named) {
    const axis = axisOf.get(name);
    if (axis === undefined) {
      diagnostics.push(unknownAxis({ name, known: [...axisOf.keys()] }));
      continue;
    }
    const problem = problemOf(entries, axis.items);
    if (problem !== undefined) {
      diagnostics.push(badOrder({ name, expected: axis.items, problem }));
      continue;
    }
    const order = Int32Array.from(entries);
    const other = found.get(axis);
    if (other === undefined) found.set(axis, { name, order });
    else if (order.some((from, to) => from !== other.order[to]))
      diagnostics.push(tiedOrders({ first: other.name, second: name }));
  }
  return { orders: new Map([...found].map(([axis, { order }]) => [axis.name, order])), diagnostics };
}

function problemOf(entries: readonly number[], items: number): string | undefined {
  if (entries.length !== items) return `has ${entries.length} ${entries.length === 1 ? 'entry' : 'entries'}`;
  const seen = new Uint8Array(items);
  for (const entry of entries) {
    if (entry >= items) return `holds ${entry}`;
    if (seen[entry] === 1) return `holds ${entry} twice`;
    seen[entry] = 1;
  }
  return undefined;
}
