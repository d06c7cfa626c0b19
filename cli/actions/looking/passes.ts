import { describeSchema, entriesOf } from '../../../ir/text/syntax/schema.ts';
import { facts } from '../../../passes/base/facts.ts';
import type { AnyPass } from '../../../passes/base/pass.ts';
import { passes as registry } from '../../../passes/registry.ts';
import { findPass } from '../../shell/find-pass.ts';
import { toJson } from '../../render/json.ts';
import { renderFields } from '../../render/table.ts';
import { wrap } from '../../render/wrap.ts';
import type { Action } from '../../parsing/declaration.ts';
import type { passes } from '../../commands/looking/passes.ts';

export const runPasses: Action<typeof passes> = ({ name, json }, { print }) => {
  if (json) print(toJson(name === undefined ? registry.map(passReport) : passReport(findPass(name))));
  else print(name === undefined ? listPasses() : describePass(findPass(name)));
};

function passReport({ name, level, doc, options, requires, ensures, statistics }: AnyPass): Record<string, unknown> {
  const described = Object.entries(entriesOf(options) ?? {}).map(([key, schema]) => [key, describeSchema(schema)]);
  return { name, level, doc, options: Object.fromEntries(described), requires, ensures, statistics };
}

function listPasses(): string {
  return registry.map(({ name, level, doc }) => `${name} (${level})\n${wrap(firstSentence(doc), 2)}\n`).join('');
}

function firstSentence(doc: string): string {
  return /^.*?\.(?=\s|$)/.exec(doc)?.[0] ?? doc;
}

function describePass({ name, level, doc, options, requires, ensures, statistics }: AnyPass): string {
  const section = (title: string, fields: readonly (readonly [string, string])[]): string =>
    fields.length === 0 ? '' : `\n${title}\n${renderFields(fields)}`;
  const entries = Object.entries(entriesOf(options) ?? {});
  return [
    `${name} (level ${level})\n\n${wrap(doc)}\n`,
    section(
      'Options',
      entries.map(([key, schema]) => [key, describeSchema(schema)]),
    ),
    section(
      'Requires',
      requires.map((fact) => [fact, facts[fact].doc]),
    ),
    section(
      'Ensures',
      ensures.map((fact) => [fact, facts[fact].doc]),
    ),
    section('Reports', Object.entries(statistics)),
  ].join('');
}
