/**
 * What the schema of an attribute says about its text: the order of attributes, which strings need no quotes, where a
 * list is a layout. Everything else about a value, the schema itself checks.
 */
import { z } from 'zod';

import { Constant } from '../../constant.ts';
import { Layout } from '../../tile/layout.ts';

/** What makes no difference to the text of a value. */
const wrappers = [z.ZodOptional, z.ZodDefault, z.ZodPrefault, z.ZodNullable, z.ZodNonOptional, z.ZodReadonly];

/** The schema without `optional`, `default`, `readonly` and the like around it. */
function core(schema: unknown): unknown {
  const wrapper = wrappers.find((each) => schema instanceof each);
  return wrapper !== undefined && schema instanceof wrapper ? core(schema.unwrap()) : schema;
}

/** The entries of a dict in order, `undefined` for what is no dict. */
export function entriesOf(schema: unknown): Readonly<Record<string, unknown>> | undefined {
  const inner = core(schema);
  return inner instanceof z.ZodObject ? inner.shape : undefined;
}

export function elementOf(schema: unknown): unknown {
  const inner = core(schema);
  return inner instanceof z.ZodArray ? inner.element : undefined;
}

/** Whether values are printed as bare words. */
export function isEnum(schema: unknown): boolean {
  return core(schema) instanceof z.ZodEnum;
}

const anyLayout = new Layout([], 1);

export function isLayout(schema: unknown): boolean {
  const inner = core(schema);
  return inner instanceof z.ZodCustom && inner.safeParse(anyLayout).success;
}

/** For messages and for the op reference, e.g. `[integer ≥ 1, …]`. */
export function describeSchema(schema: unknown): string {
  const inner = core(schema);
  if (inner instanceof z.ZodObject) {
    const entries = Object.entries(inner.shape).map(([key, value]) => `${key}: ${describeSchema(value)}`);
    return `{${entries.join(', ')}}`;
  }
  if (inner instanceof z.ZodArray) return `[${describeSchema(inner.element)}, …]`;
  if (inner instanceof z.ZodEnum || inner instanceof z.ZodLiteral) {
    const options = inner instanceof z.ZodEnum ? inner.options : [...inner.values];
    return options.map(String).join(' | ');
  }
  if (inner instanceof z.ZodUnion) return inner.options.map(describeSchema).join(' | ');
  if (inner instanceof z.ZodNumber) return describeNumber(inner);
  if (inner instanceof z.ZodString) return 'string';
  if (inner instanceof z.ZodBoolean) return 'true | false';
  if (inner instanceof z.ZodCustom) return describeClass(inner);
  return inner instanceof z.ZodType ? inner.type : 'value';
}

function describeNumber(schema: z.ZodNumber): string {
  const { format, minValue, maxValue } = schema;
  const parts: string[] = [format === 'safeint' ? 'integer' : 'number'];
  if (minValue !== null && minValue > Number.MIN_SAFE_INTEGER)
    parts.push(`${schema.safeParse(minValue).success ? '≥' : '>'} ${minValue}`);
  if (maxValue !== null && maxValue < Number.MAX_SAFE_INTEGER)
    parts.push(`${schema.safeParse(maxValue).success ? '≤' : '<'} ${maxValue}`);
  return parts.join(' ');
}

function describeClass(schema: z.ZodType): string {
  const doubles = schema.safeParse(new Constant([0], new Float64Array(0))).success;
  const indices = schema.safeParse(new Constant([0], new Int32Array(0))).success;
  if (doubles && indices) return 'constant';
  if (doubles) return 'constant of f64';
  if (indices) return 'constant of i32';
  return isLayout(schema) ? 'layout' : 'value';
}
