/** Values of attributes as text. */
import { Constant } from '../../constant.ts';
import { InternalError } from '../../diagnostics/diagnostic.ts';
import { Layout } from '../../tile/layout.ts';
import { elementOf, entriesOf, isEnum } from '../syntax/schema.ts';

/** The shortest text that reads back as the same double; −0 is `-0`. */
export function formatNumber(x: number): string {
  if (!Number.isFinite(x)) throw new InternalError(`${x} stands in a module`);
  return Object.is(x, -0) ? '-0' : String(x);
}

/** `{…}` in the order of the schema, the empty string for no attributes. */
export function printAttributes(attributes: unknown, schema: unknown, nameOf: (constant: Constant) => string): string {
  const text = printValue(attributes, schema, nameOf);
  return text === '{}' ? '' : text;
}

function printValue(value: unknown, schema: unknown, nameOf: (constant: Constant) => string): string {
  if (typeof value === 'number') return formatNumber(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return isEnum(schema) ? value : JSON.stringify(value);
  if (value instanceof Constant) return nameOf(value);
  if (value instanceof Layout) return value.toString();
  if (Array.isArray(value)) {
    const element = elementOf(schema);
    return `[${value.map((item) => printValue(item, element, nameOf)).join(', ')}]`;
  }
  if (typeof value !== 'object' || value === null) throw new InternalError(`an attribute is ${String(value)}`);
  const parts: string[] = [];
  for (const [key, inner] of orderedEntries(value, entriesOf(schema))) {
    if (inner !== undefined) parts.push(`${key}: ${printValue(inner, entriesOf(schema)?.[key], nameOf)}`);
  }
  return `{${parts.join(', ')}}`;
}

function orderedEntries(value: object, schema: Readonly<Record<string, unknown>> | undefined): [string, unknown][] {
  const entries = Object.entries(value);
  if (schema === undefined) return entries;
  const order = Object.keys(schema);
  return entries.sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
}
