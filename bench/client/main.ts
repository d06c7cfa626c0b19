/**
 * What a client takes to begin and to make keys, on our kernels and on SEAL in turn, for a section of `bench/engine.md`.
 *
 *   npm run bench:client [-- --write]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatBytes } from '../../cli/render/units.ts';
import { nttPrimes } from '../../compiler/parameters/primes.ts';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { median } from '../../ir/maths/averages.ts';
import { parametersSchema } from '../../ir/ckks/parameters-schema.ts';
import type { Parameters, PolyModulusDegree } from '../../ir/parameters.ts';
import { column, spread, table } from '../markdown.ts';
import { circumstances, publishSections } from '../publish.ts';
import { type ClientFigures, clientFigures, type ClientSettings } from './figures.ts';

interface Case {
  readonly title: string;
  readonly parameters: Parameters;
  readonly rotations: number;
}

const cases: readonly Case[] = [
  { title: 'mlp-784-128-128-10', parameters: chain(8192, 1, [41, 41, 41, 41, 43]), rotations: 29 },
  { title: 'lenet5-average-pools', parameters: chain(16384, 1, [44, 44, 44, 44, 44, 44, 48]), rotations: 67 },
  {
    title: 'the same, two special primes',
    parameters: chain(16384, 2, [44, 44, 44, 44, 44, 44, 48, 48]),
    rotations: 67,
  },
  { title: 'thirteen primes', parameters: chain(16384, 1, [...Array<number>(13).fill(30), 31]), rotations: 1 },
];

const rounds = 7;

/** Primes of these bits, the last `special` ones of which are the special ones. */
function chain(degree: PolyModulusDegree, special: number, bits: readonly number[]): Parameters {
  const primes = nttPrimes(bits, degree);
  if (primes === undefined) throw new InternalError('there are no such primes');
  const data = primes.length - special;
  const parameters = { primes: primes.slice(0, data), specialPrimes: primes.slice(data) };
  return parametersSchema.parse({ polyModulusDegree: degree, ...parameters });
}

/** Figures of each way in turn; SEAL has none where there are several special primes. */
function measure({ title, parameters, rotations }: Case, folder: string) {
  const secretFile = join(folder, `${title}.key`);
  const ways = parameters.specialPrimes.length > 1 ? (['kernels'] as const) : (['kernels', 'seal'] as const);
  const run = (by: ClientSettings['by']): string => {
    const settings: ClientSettings = { by, parameters, rotations };
    const script = join(import.meta.dirname, 'client-process.ts');
    const flags = ['--disable-warning=ExperimentalWarning'];
    return execFileSync(process.execPath, [...flags, script, secretFile, JSON.stringify(settings)], {
      encoding: 'utf8',
    });
  };
  run('kernels');
  const figures: Record<ClientSettings['by'], ClientFigures[]> = { kernels: [], seal: [] };
  for (let round = 0; round < rounds; round++)
    for (const by of ways) figures[by].push(clientFigures.parse(JSON.parse(run(by))));
  return { title, parameters, rotations, figures };
}

function section(rows: readonly ReturnType<typeof measure>[]): string {
  const { machine, node, date } = circumstances();
  type Row = (typeof rows)[number];
  const timesOf = (by: ClientSettings['by'], part: 'firstMs' | 'firstCpuMs' | 'keysCpuMs') => (row: Row) =>
    spread(row.figures[by].map((each) => each[part]));
  const columns = [
    column<Row>('network', ({ title }) => title),
    column<Row>('N', ({ parameters }) => parameters.polyModulusDegree),
    column<Row>('primes', ({ parameters }) => `${parameters.primes.length}+${parameters.specialPrimes.length}`),
    column<Row>('first ciphertext', timesOf('kernels', 'firstMs')),
    column<Row>('with SEAL', timesOf('seal', 'firstMs')),
    column<Row>('processor', timesOf('kernels', 'firstCpuMs')),
    column<Row>('with SEAL', timesOf('seal', 'firstCpuMs')),
    column<Row>('keys', ({ rotations }) => rotations + 1),
    column<Row>('bytes', ({ figures }) => formatBytes(median(figures.kernels.map((each) => each.keyBytes)))),
    column<Row>('processor for keys', timesOf('kernels', 'keysCpuMs')),
    column<Row>('with SEAL', timesOf('seal', 'keysCpuMs')),
  ];
  return `## The client

Made by \`npm run bench:client -- --write\` on ${machine}, Node ${node}, ${date}: a process each, our kernels and SEAL in turn, ${rounds} times; median, least and largest. "first ciphertext" is what passes from the opening of a client with a secret key to its first encryption at the top level, modules imported before, and the time of the processor for it, V8's compilers included; "processor for keys" the time of all evaluation keys, the secret key and the public one. Chains and numbers of keys are those of the networks.

${table(columns, rows)}
`;
}

const flags = process.argv.slice(2);
if (flags.some((flag) => flag !== '--write')) {
  process.stderr.write('usage: npm run bench:client [-- --write]\n');
  process.exitCode = 2;
} else {
  const folder = mkdtempSync(join(tmpdir(), 'hepc-bench-client-'));
  try {
    const rows = cases.map((each) => {
      process.stderr.write(`${each.title}\n`);
      return measure(each, folder);
    });
    await publishSections(join(import.meta.dirname, '..', 'engine.md'), [section(rows)], flags.includes('--write'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
