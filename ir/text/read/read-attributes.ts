/** Attributes from dicts, checked by the schema of their owner. */
import type { z } from 'zod';

import type { Constant } from '../../constant.ts';
import * as problem from '../../diagnostics/text.ts';
import { suggestion } from '../../suggestion.ts';
import type { Layout } from '../../tile/layout.ts';
import { readLayout } from '../syntax/read-layout.ts';
import type { Report } from '../syntax/report.ts';
import { describeSchema, elementOf, entriesOf, isLayout } from '../syntax/schema.ts';
import type { SyntaxDict, SyntaxList, SyntaxRef, SyntaxValue } from '../syntax/syntax.ts';

/** What an attribute's value is before the schema has seen it. */
type RawValue =
  number | string | boolean | Constant | Layout | readonly RawValue[] | { readonly [key: string]: RawValue };

export interface AttributeContext {
  readonly report: Report;
  /** `undefined` after a problem was reported. */
  readonly constant: (ref: SyntaxRef) => Constant | undefined;
  /** Whose attributes: an op's name, for messages. */
  readonly owner: string;
  /** Where to point if something is missing. */
  readonly at: number;
}

/** The attributes, or `undefined` after problems were reported. */
export function readAttributes<Schema extends z.ZodType>(
  schema: Schema,
  dict: SyntaxDict | undefined,
  context: AttributeContext,
): z.output<Schema> | undefined {
  const syntax: SyntaxDict = dict ?? { kind: 'dict', entries: [], at: context.at };
  const raw = readDict(syntax, schema, context);
  if (raw === undefined) return undefined;
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) reportIssue(issue, schema, syntax, context);
  return undefined;
}

function readValue(syntax: SyntaxValue, schema: unknown, context: AttributeContext): RawValue | undefined {
  switch (syntax.kind) {
    case 'number':
      if (Number.isFinite(syntax.value)) return syntax.value;
      context.report.add(
        problem.outOfRange,
        { what: 'a number', expected: 'a finite double', got: syntax.value },
        syntax.at,
      );
      return undefined;
    case 'string':
      return syntax.value;
    case 'word':
      return syntax.value === 'true' ? true : syntax.value === 'false' ? false : syntax.value;
    case 'constant':
      return context.constant(syntax);
    case 'list':
      return isLayout(schema) ? readLayout(syntax, context.report) : readList(syntax, schema, context);
    case 'dict':
      return readDict(syntax, schema, context);
    case 'dim':
      context.report.add(problem.badLayout, { reason: 'a tile dimension stands outside of a layout' }, syntax.at);
      return undefined;
  }
}

function readList(list: SyntaxList, schema: unknown, context: AttributeContext): RawValue[] | undefined {
  if (list.batch !== undefined) {
    context.report.add(problem.badLayout, { reason: 'a batch stands outside of a layout' }, list.at);
    return undefined;
  }
  const element = elementOf(schema);
  const items = list.items.map((item) => readValue(item, element, context));
  return allDefined(items) ? items : undefined;
}

function readDict(dict: SyntaxDict, schema: unknown, context: AttributeContext) {
  const schemas = entriesOf(schema);
  const values = new Map<string, RawValue>();
  let complete = true;
  for (const { key, value, at } of dict.entries) {
    if (values.has(key)) {
      context.report.add(problem.definedTwice, { name: `attribute ${key}` }, at);
      complete = false;
    }
    const inner = schemas !== undefined && Object.hasOwn(schemas, key) ? schemas[key] : undefined;
    const read = readValue(value, inner, context);
    if (read === undefined) complete = false;
    else values.set(key, read);
  }
  return complete ? Object.fromEntries(values) : undefined;
}

function allDefined<T>(items: readonly (T | undefined)[]): items is T[] {
  return items.every((item) => item !== undefined);
}

function reportIssue(issue: z.core.$ZodIssue, schema: z.ZodType, dict: SyntaxDict, context: AttributeContext): void {
  const { report, owner } = context;
  const found = locate(issue.path, schema, dict);
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(entriesOf(found.schema) ?? {});
    for (const attribute of issue.keys) {
      const entry =
        found.syntax.kind === 'dict' ? found.syntax.entries.find(({ key }) => key === attribute) : undefined;
      report.add(
        problem.unknownAttribute,
        { attribute, owner, known, suggestion: suggestion(attribute, known) },
        entry?.at ?? found.syntax.at,
      );
    }
    return;
  }
  const attribute = issue.path.map(String).join('.');
  if (found.missing) {
    const at = issue.path.length > 1 ? found.syntax.at : context.at;
    report.add(problem.missingAttribute, { attribute, owner, expected: describeSchema(found.schema) }, at);
  } else {
    const reason =
      issue.code === 'invalid_type' || issue.message === 'Invalid input'
        ? `must be ${describeSchema(found.schema)}`
        : issue.message;
    report.add(problem.wrongAttribute, { attribute, owner, reason }, found.syntax.at);
  }
}

/** The innermost syntax and schema on a path, and whether the path leads beyond the text. */
function locate(path: readonly PropertyKey[], schema: unknown, dict: SyntaxDict) {
  let syntax: SyntaxValue = dict;
  let inner = schema;
  let missing = false;
  for (const key of path) {
    inner = typeof key === 'number' ? elementOf(inner) : entriesOf(inner)?.[String(key)];
    const next: SyntaxValue | undefined =
      syntax.kind === 'list' && typeof key === 'number'
        ? syntax.items[key]
        : syntax.kind === 'dict'
          ? syntax.entries.find((entry) => entry.key === key)?.value
          : undefined;
    if (next === undefined) missing = true;
    else syntax = next;
  }
  return { syntax, schema: inner, missing };
}
