/** `bench/engine.md`. */
import { formatBytes, formatMilliseconds } from '../../cli/render/units.ts';
import { column, table } from '../markdown.ts';
import { referenceRotation } from '../reference-core.ts';
import type { NetworkFigures } from './networks.ts';
import type { OperationTimes, Setting } from './operations.ts';
import type { Spread } from './spread.ts';

export interface EngineReport {
  readonly machine: string;
  readonly node: string;
  readonly date: string;
  readonly settings: readonly { readonly setting: Setting; readonly operations: readonly OperationTimes[] }[];
  readonly networks: readonly NetworkFigures[];
}

/** How many times as fast as node-seal an operation should be. */
const targets: readonly (readonly [prefix: string, times: number])[] = [
  ['rotate, hoisted', 10],
  ['rotate, multiply', 10],
  ['multiply by plaintext', 10],
  ['encode', 3],
  ['rotate', 5],
];

/** Hand-written AVX2 on the reference core, in microseconds; node-seal's rotation there is the unit. */
const byHand: Readonly<Record<number, readonly [number, number]>> = { 8192: [19, 25], 16384: [39, 53] };

export function renderEngine({ machine, node, date, settings, networks }: EngineReport): string {
  return [
    '# The engine simd',
    `Made by \`npm run bench:engine\` on ${machine}, Node ${node}, ${date}. One thread where nothing else is said; medians, ` +
      'with the least and the largest in brackets; both engines in turn in one process, or in processes in turn.',
    '## Operations',
    'The same values and keys on both engines, each in its cache as far as it fits.',
    ...settings.flatMap(({ setting, operations }) => [
      `### N = ${setting.degree}, ${setting.primes} primes`,
      operationTable(operations),
      transformNote(setting, operations),
    ]),
    '## Networks',
    'Plans compiled for each engine. The ratio is that of the evaluation on one thread, scaled to the reference core by a ' +
      `rotation of node-seal (N = 8192, 5 primes: ${referenceRotation(8192).milliseconds} ms there), to the fastest native system's ` +
      'on that core; 0.25 is asked for.',
    networkTable(networks),
    'Twice as many threads, the memory of a server (resident, above what was in use before the plan was prepared), and what ' +
      'passes until it is ready (workers, kernels, keys, weights):',
    sessionTable(networks),
  ].join('\n\n');
}

function operationTable(operations: readonly OperationTimes[]): string {
  return table<OperationTimes>(
    [
      column('operation', ({ name }) => name),
      column('simd', ({ simd }) => microseconds(simd)),
      column('node-seal', ({ seal }) => (seal === undefined ? '' : microseconds(seal))),
      column('times as fast', ({ simd, seal }) => (seal === undefined ? '' : (seal.median / simd.median).toFixed(1))),
      column('asked for', ({ name }) => targetOf(name) ?? ''),
    ],
    operations,
  );
}

function targetOf(name: string): number | undefined {
  return targets.find(([prefix]) => name.startsWith(prefix))?.[1];
}

/** Transforms beside those by hand, by what a rotation of node-seal takes here and there. */
function transformNote({ degree, primes }: Setting, operations: readonly OperationTimes[]): string {
  const hand = byHand[degree];
  const forward = operations.find(({ name }) => name.startsWith('forward'));
  const rotation = operations.find(({ name }) => name === 'rotate')?.seal;
  const reference = referenceRotation(degree);
  if (hand === undefined || forward === undefined || rotation === undefined) return '';
  if (primes !== reference.dataPrimeBits.length) return '';
  const scaled = (1000 * forward.simd.median * reference.milliseconds) / rotation.median;
  const [least, most] = hand;
  return (
    `A forward transform is ${scaled.toFixed(0)} µs on the reference core, ${(scaled / most).toFixed(1)} to ` +
    `${(scaled / least).toFixed(1)} times the ${least} to ${most} µs of hand-written AVX2; 2.2 are allowed.`
  );
}

function microseconds({ median, least, largest }: Spread): string {
  const digits = median < 0.1 ? 1 : 0;
  const each = (milliseconds: number): string => (1000 * milliseconds).toFixed(digits);
  return `${each(median)} µs (${each(least)} to ${each(largest)})`;
}

function networkTable(networks: readonly NetworkFigures[]): string {
  return table<NetworkFigures>(
    [
      column('network', ({ name }) => name),
      column('simd', ({ evaluate }) => spread(evaluate.simd)),
      column('node-seal', ({ evaluate }) => spread(evaluate.seal)),
      column('times as fast', ({ evaluate }) => (evaluate.seal.median / evaluate.simd.median).toFixed(1)),
      column('rotation', ({ rotationMs }) => formatMilliseconds(rotationMs)),
      column('best native', ({ best }) => `${best.system}, ${formatMilliseconds(1000 * best.seconds)}`),
      column('ratio', ({ ratio }) => ratio.toFixed(3)),
    ],
    networks,
  );
}

function sessionTable(networks: readonly NetworkFigures[]): string {
  return table<NetworkFigures>(
    [
      column('network', ({ name }) => name),
      column('one thread', ({ evaluate }) => spread(evaluate.simd)),
      column('two threads', ({ evaluate }) => spread(evaluate.simdTwo)),
      column('times as fast', ({ evaluate: { simd, simdTwo } }) => {
        return `${(simd.median / simdTwo.median).toFixed(2)}, at best ${(simd.least / simdTwo.least).toFixed(2)}`;
      }),
      column('memory', ({ peakBytes }) => formatBytes(peakBytes.simd)),
      column('of node-seal with two workers', ({ peakBytes: { simd, sealTwoWorkers } }) => {
        return `${formatBytes(sealTwoWorkers)} (${(simd / sealTwoWorkers).toFixed(2)})`;
      }),
      column('ready', ({ readyMs }) => spread(readyMs)),
    ],
    networks,
  );
}

function spread({ median, least, largest }: Spread): string {
  return `${formatMilliseconds(median)} (${formatMilliseconds(least)} to ${formatMilliseconds(largest)})`;
}
