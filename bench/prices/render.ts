/** Prices as a page of the documentation. */
import { formatBytes, formatMilliseconds, formatPercent } from '../../cli/render/units.ts';
import { column, table } from '../markdown.ts';
import type { Capacity } from './capacity.ts';
import type { Price, PriceFigures } from './measure.ts';
import type { PriceTable } from './networks.ts';

export interface PricedTable {
  readonly table: PriceTable;
  readonly prices: readonly Price[];
}

export interface Circumstances {
  readonly machine: string;
  readonly node: string;
  readonly date: string;
}

export const capacityTitle = 'By client';

export function renderPrices(
  tables: readonly PricedTable[],
  capacities: readonly Capacity[],
  { machine, node, date }: Circumstances,
): string {
  const sections = tables.map(
    ({ table, prices }) => `## ${table.title}\n\n${table.text}\n\n${renderTable(table, prices)}`,
  );
  return `# Prices

What parts of a network cost on the default engine, one thread. Made by \`npm run bench:prices -- --write\` on ${machine}, Node ${node}, ${date}. Weights are random, inputs are 28 × 28 digits of MNIST, and nothing is tuned; each network is compiled with \`--calibrate\` alone, or where that is refused, with the smallest of the errors 2, 3, 5, 10 and 20 % that compiles, which the table then says.

- **allowed** is \`--max-error\`. Random weights are the worst case: outputs are small beside what is computed on the way, so the same error is a larger part of them. A trained network usually gets by with the default.
- **N** and **levels** set the price of every operation. N doubles where the levels, and the bits that the error takes, do not fit.
- **evaluate** is time of the processor for one answer, the median of 9; **modelled** is what the compiler expected.
- **keys** are sent to the server once, **sent** and **returned** travel with each question. **memory** is that of the server for one client.

${sections.join('\n\n')}

## ${capacityTitle}

What a server of a network of this repository keeps. Weights and tables are there once, keys once for each client that is at work; **clients at once** are those whose keys the default budget of 1.5 GiB has room for, as \`server.usage.keyPlaces\` says. More clients may have sessions: their keys are loaded again when it is their turn, which takes the time in the last column.

${renderCapacities(capacities)}
`;
}

function renderCapacities(capacities: readonly Capacity[]): string {
  return table<Capacity>(
    [
      column('network', ({ model }) => model.name),
      column('evaluate', ({ evaluateMs }) => formatMilliseconds(evaluateMs)),
      column('key file', ({ keyFileBytes }) => formatBytes(keyFileBytes)),
      column('keys in memory', ({ keyBytes }) => formatBytes(keyBytes)),
      column('weights', ({ weightBytes }) => formatBytes(weightBytes)),
      column('all, one client', ({ peakBytes }) => formatBytes(peakBytes)),
      column('clients at once', ({ keyPlaces }) => keyPlaces),
      column('clients for each GiB', ({ keyBytes }) => Math.floor(2 ** 30 / keyBytes)),
      column('loading keys', ({ loadMs }) => formatMilliseconds(loadMs)),
    ],
    capacities,
  );
}

function renderTable({ heading }: PriceTable, prices: readonly Price[]): string {
  const figure = (title: string, cell: (figures: PriceFigures) => string | number) =>
    column<Price>(title, ({ figures }) => (figures === undefined ? '' : cell(figures)));
  return table<Price>(
    [
      column(heading, ({ network }) => network.what),
      column('allowed', ({ maxError, refusals }) =>
        maxError === undefined ? `refused (${refusals.join(', ')})` : formatPercent(maxError),
      ),
      figure('N', ({ polyModulusDegree }) => polyModulusDegree),
      figure('levels', ({ levels }) => levels),
      figure('rotations', ({ rotations }) => rotations),
      figure('evaluate', ({ evaluateMs }) => formatMilliseconds(evaluateMs)),
      figure('modelled', ({ modelledMs }) => formatMilliseconds(modelledMs)),
      figure('keys', ({ keyBytes }) => formatBytes(keyBytes)),
      figure('sent', ({ uploadBytes }) => formatBytes(uploadBytes)),
      figure('returned', ({ downloadBytes }) => formatBytes(downloadBytes)),
      figure('memory', ({ peakBytes }) => formatBytes(peakBytes)),
    ],
    prices,
  );
}
