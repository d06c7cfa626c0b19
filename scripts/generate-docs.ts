/**
 * Writes what in `docs/` derives from the sources: ops.md, passes.md, diagnostics.md, service-answers.md and openapi.json from declarations,
 * polynomials.md from counting, the picture of rooms from the table of imports, and that of pruning schemes from running them. With `--check` it writes nothing and exits 1 if one of them is not up to date.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { format, resolveConfig } from 'prettier';
import { z } from 'zod';

import { diagnosticRegistry } from '../ir/diagnostics/registry.ts';
import { type FieldUse, type HeOpDeclaration, heOps } from '../ir/he/ops.ts';
import { tensorOps } from '../ir/tensor/ops.ts';
import { describeSchema, entriesOf } from '../ir/text/syntax/schema.ts';
import { tileOps } from '../ir/tile/ops.ts';
import { facts } from '../passes/base/facts.ts';
import { passes } from '../passes/registry.ts';
import { isAnswer, statusOf } from '../service/base/problems.ts';
import { openApiDocument } from '../service/http/app.ts';
import { drawRooms } from './draw-rooms.ts';
import { drawSchemes } from './draw-schemes.ts';
import { polynomialTable } from './polynomial-table.ts';

const root = join(import.meta.dirname, '..');
const generated = 'Written by `npm run docs` from the declarations in the sources.';

interface Entry {
  readonly name: string;
  readonly meaning: string;
}

function list(title: string, entries: readonly Entry[]): string {
  if (entries.length === 0) return '';
  return `${title}\n\n${entries.map(({ name, meaning }) => `- \`${name}\`: ${meaning}`).join('\n')}\n`;
}

/** Attributes or options of a schema. */
function entriesIn(schema: unknown): Entry[] {
  return Object.entries(entriesOf(schema) ?? {}).map(([name, inner]) => ({
    name,
    meaning: `${describeSchema(inner)}${defaultOf(inner)}`,
  }));
}

function defaultOf(schema: unknown): string {
  const fallback = entryDefault(schema);
  return fallback === undefined ? '' : `, \`${JSON.stringify(fallback)}\` unless given`;
}

function entryDefault(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null || !('safeParse' in schema)) return undefined;
  const { safeParse } = schema as { safeParse: (value: unknown) => { data?: unknown } };
  return safeParse(undefined).data;
}

interface GraphOp {
  readonly doc: string;
  readonly operands: readonly string[];
  readonly attrs: unknown;
}

function graphOps(ops: Readonly<Record<string, GraphOp>>): string {
  return Object.entries(ops)
    .map(([name, { doc, operands, attrs }]) => {
      const taken = operands.length === 0 ? '' : ` ${operands.join(', ')}`;
      return `### ${name}\n\n\`${name}${taken}\`\n\n${doc}\n\n${list('Attributes:', entriesIn(attrs))}`;
    })
    .join('\n');
}

function programOps(): string {
  return Object.entries<HeOpDeclaration>(heOps)
    .map(([name, declaration]) => {
      const { code, doc, a, b, imm } = declaration;
      const operands = [sigil(a, 'a'), sigil(b, 'b')].filter((operand) => operand !== '').join(', ');
      const call = operands === '' ? name : `${name} ${operands}`;
      const attributes = [
        ...(imm === 'none' ? [] : [{ name: imm, meaning: 'integer' }]),
        ...([a, b].includes('plaintext')
          ? [{ name: 'plainScale', meaning: 'number: the scale of the plaintext, in managed programs' }]
          : []),
      ];
      return `### ${name}\n\n\`${call}\` (code ${code})\n\n${doc}\n\n${list('Attributes:', attributes)}\n\n${rulesOf(declaration)}`;
    })
    .join('\n');
}

/** By what rules size, scale and level follow, and what the op takes. */
function rulesOf({ a, takes, gives, scale, level, linear, key, cost }: HeOpDeclaration): string {
  return list('Rules:', [
    { name: 'size', meaning: a === 'value' ? `takes ${takes}, gives ${gives}` : `gives ${gives}` },
    { name: 'scale', meaning: scale },
    { name: 'level', meaning: level },
    { name: 'linear', meaning: linear ? 'yes' : 'no' },
    { name: 'key', meaning: key },
    { name: 'cost', meaning: `that of \`${cost}\`` },
  ]);
}

function sigil(use: FieldUse, name: string): string {
  return use === 'value' ? `%${name}` : use === 'plaintext' ? `#${name}` : '';
}

function opReference(): string {
  return [
    '# Ops',
    `${generated} [ir.md](ir.md) describes the text around them.`,
    '## Level tensor',
    'What the model computes, for one sample. Types are shapes.',
    graphOps(tensorOps),
    '## Level tile',
    'How the values are packed. Types are layouts.',
    graphOps(tileOps),
    '## Levels he and plan',
    'Operations on ciphertexts. Values are `%a`, plaintexts `#b`. Types are level, scale and size.',
    programOps(),
  ].join('\n\n');
}

function passReference(): string {
  const sections = passes.map(({ name, level, doc, options, requires, ensures, statistics }) =>
    [
      `## ${name}`,
      `Level ${level}. ${doc}`,
      list('Options:', entriesIn(options)),
      list(
        'Requires:',
        requires.map((fact) => ({ name: fact, meaning: facts[fact].doc })),
      ),
      list(
        'Ensures:',
        ensures.map((fact) => ({ name: fact, meaning: facts[fact].doc })),
      ),
      list(
        'Reports:',
        Object.entries(statistics).map(([statistic, meaning]) => ({ name: statistic, meaning })),
      ),
    ].join('\n\n'),
  );
  return ['# Passes', `${generated} In the order in which the compiler first runs them.`, ...sections].join('\n\n');
}

const areas: readonly (readonly [string, string])[] = [
  ['H1', 'Import of ONNX models'],
  ['H2', 'IR text and verifiers'],
  ['H3', 'Compilation and parameters'],
  ['H4', 'Samples and arrays'],
  ['H5', '`.hep` files'],
  ['H6', 'Keys, ciphertexts and evaluation'],
  ['H7', 'Command line'],
  ['H8', 'Services'],
];

function diagnosticReference(): string {
  const declarations = [...diagnosticRegistry.values()];
  const sections = areas.flatMap(([prefix, title]) => {
    const own = declarations.filter(({ code }) => code.startsWith(prefix));
    if (own.length === 0) return [];
    return [
      `## ${title}`,
      ...own.map(({ code, severity, title, explain }) => {
        const warning = severity === 'warning' ? ' (warning)' : '';
        return `### ${code}: ${title}${warning}\n\n${explain}`;
      }),
    ];
  });
  return ['# Diagnostics', `${generated} \`hepc explain CODE\` prints one of them.`, ...sections].join('\n\n');
}

/** Every answer that refuses something, by its status. */
function answerReference(): string {
  const refusals = [...diagnosticRegistry.values()]
    .filter(({ code, severity }) => severity === 'error' && isAnswer(code))
    .map(({ code, title }) => ({ code, title, status: statusOf(code) }))
    .toSorted((a, b) => a.status - b.status || (a.code < b.code ? -1 : 1));
  return [
    '# Answers of a service that refuse something',
    `${generated} Each is a problem document (RFC 9457) with this status and code; [diagnostics.md](diagnostics.md) tells more ` +
      'of each. Of what is not the fault of the caller only the title is told. [guide/service-api.md](guide/service-api.md) has ' +
      'the rest of the interface.',
    [
      '| status | code | |',
      '| --- | --- | --- |',
      ...refusals.map(({ status, code, title }) => `| ${status} | ${code} | ${title} |`),
    ].join('\n'),
  ].join('\n\n');
}

const openApi = async (): Promise<string> => {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  const text = JSON.stringify(await openApiDocument(version), null, 2);
  return format(text, { ...(await resolveConfig(join(root, 'docs', 'openapi.json'))), parser: 'json' });
};

const formatted = async (markdown: string): Promise<string> =>
  format(markdown, { ...(await resolveConfig(join(root, 'docs', 'ops.md'))), parser: 'markdown' });

const pages: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/ops.md': () => formatted(opReference()),
  'docs/passes.md': () => formatted(passReference()),
  'docs/diagnostics.md': () => formatted(diagnosticReference()),
  'docs/service-answers.md': () => formatted(answerReference()),
  'docs/polynomials.md': () => formatted(polynomialTable()),
  'docs/openapi.json': openApi,
  'docs/pruning-schemes.svg': drawSchemes,
  'docs/rooms.svg': drawRooms,
};

const checking = process.argv.includes('--check');
for (const [path, write] of Object.entries(pages)) {
  const file = join(root, path);
  const text = await write();
  const current = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (current === text) continue;
  if (checking) {
    process.stderr.write(`${path} is not up to date: npm run docs\n`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, text);
    process.stdout.write(`${path}\n`);
  }
}
