/** Two sections of `bench/engine.md`. */
import { formatBytes, formatMilliseconds } from '../../cli/render/units.ts';
import type { Spread } from '../engine/spread.ts';
import { column, table } from '../markdown.ts';
import type { NetworkPair, VersionFigures } from './networks.ts';
import type { Column, Setting } from './operations.ts';

interface Circumstances {
  readonly machine: string;
  readonly node: string;
  readonly date: string;
}

interface Switches {
  readonly setting: Setting;
  readonly columns: readonly Column[];
}

export function renderSwitches(switches: readonly Switches[], where: Circumstances): string {
  return [
    '## Several special primes',
    `${madeBy(where)} Key switches at the top level on one thread, with keys from memory; medians, with the least and the ` +
      'largest in brackets, and how many times as fast as with one special prime; all in turn in one process. ' +
      'Double-hoisted: a rotation of which others have the decomposition and a sum the division. Keys of all levels.',
    ...switches.flatMap(({ setting, columns }) => [
      `### N = ${setting.degree}, ${setting.primes} primes of ${setting.bits} bits`,
      switchTable(columns),
    ]),
  ].join('\n\n');
}

function switchTable(columns: readonly Column[]): string {
  const [one] = columns;
  const beside = (pick: (each: Column) => Spread) => (each: Column) => {
    const gain = one === undefined || each === one ? '' : `, ${(pick(one).median / pick(each).median).toFixed(2)}`;
    return spread(pick(each)) + gain;
  };
  return table<Column>(
    [
      column('special primes', ({ specials }) => String(specials)),
      column(
        'rotate',
        beside(({ rotate }) => rotate),
      ),
      column(
        'relinearise and rescale',
        beside(({ relinearizeRescale }) => relinearizeRescale),
      ),
      column(
        'double-hoisted',
        beside(({ doubleHoisted }) => doubleHoisted),
      ),
      column('a key in memory', ({ keyBytes }) => formatBytes(keyBytes)),
      column('sent', ({ sentBytes }) => formatBytes(sentBytes)),
    ],
    columns,
  );
}

export function renderNetworks(pairs: readonly NetworkPair[], commit: string, where: Circumstances): string {
  const both = (pick: (each: VersionFigures) => Spread) => (pair: NetworkPair) => {
    const [before, after] = [pick(pair.before), pick(pair.after)];
    return `${spread(before)} → ${spread(after)}, ${(before.median / after.median).toFixed(2)}`;
  };
  return [
    `## Beside commit ${commit}`,
    `${madeBy(where)} Each network compiled, keyed and evaluated by either version, processes in turn; medians of processes, ` +
      'with the least and the largest in brackets, and how many times as fast. Keys: a process of `hepc keygen`, its start ' +
      'included; ready: workers, kernels, keys and weights of a server, on one thread.',
    table<NetworkPair>(
      [
        column('network', ({ name }) => name),
        column(
          'evaluation, one thread',
          both(({ evaluateMs }) => evaluateMs),
        ),
        column(
          'two threads',
          both(({ twoThreadsMs }) => twoThreadsMs),
        ),
        column('two over one', ({ before, after }) => `${threads(before)} → ${threads(after)}`),
        column('evaluation keys', ({ before, after }) => {
          const share = (after.keyBytes / before.keyBytes).toFixed(2);
          return `${formatBytes(before.keyBytes)} → ${formatBytes(after.keyBytes)}, ${share}`;
        }),
        column(
          'keys made',
          both(({ keygenMs }) => keygenMs),
        ),
        column(
          'ready',
          both(({ readyMs }) => readyMs),
        ),
      ],
      pairs,
    ),
  ].join('\n\n');
}

function threads({ evaluateMs, twoThreadsMs }: VersionFigures): string {
  return (evaluateMs.median / twoThreadsMs.median).toFixed(2);
}

function spread({ median, least, largest }: Spread): string {
  const each = (milliseconds: number): string =>
    milliseconds < 10 ? `${milliseconds.toPrecision(2)} ms` : formatMilliseconds(milliseconds);
  return `${each(median)} (${each(least)} to ${each(largest)})`;
}

function madeBy({ machine, node, date }: Circumstances): string {
  return `Made by \`npm run bench:special-primes\` on ${machine}, Node ${node}, ${date}.`;
}
