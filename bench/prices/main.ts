/**
 * What activations, depth, width and channels cost, and how many clients a server has room for: tables of the documentation.
 *
 *   npm run bench:prices [-- --only TABLE | --write]
 *
 * TABLE is the beginning of a title. With --write into `docs/guide/prices.md`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { circumstances, publish } from '../publish.ts';
import { listSamples, loadSamples } from '../../index.ts';
import { type Capacity, capacityModels, measureCapacity } from './capacity.ts';
import { measurePrice, type Price } from './measure.ts';
import { inputShape, priceTables } from './networks.ts';
import { capacityTitle, type PricedTable, renderPrices } from './render.ts';

const root = join(import.meta.dirname, '..', '..');
const resultFile = join(root, 'docs', 'guide', 'prices.md');
const sampleFile = join(root, 'examples', 'models', 'mnist-test256.npz');

const { values } = parseArgs({ options: { only: { type: 'string' }, write: { type: 'boolean', default: false } } });
if (values.write && values.only !== undefined) throw new Error('--write takes all tables');
const tables = priceTables.filter(({ title }) => title.startsWith(values.only ?? ''));
const samples = listSamples(
  loadSamples(readFileSync(sampleFile), sampleFile, [{ name: 'x', shape: inputShape, hasBatchAxis: true }]),
);
const priced: PricedTable[] = [];
for (const table of tables) {
  const prices: Price[] = [];
  for (const network of table.networks) {
    process.stderr.write(`${table.title}: ${network.what}\n`);
    prices.push(await measurePrice(network, samples));
  }
  priced.push({ table, prices });
}
const capacities: Capacity[] = [];
for (const model of capacityModels) {
  if (!capacityTitle.startsWith(values.only ?? '')) break;
  process.stderr.write(`${capacityTitle}: ${model.name}\n`);
  capacities.push(await measureCapacity(model, root));
}
const page = renderPrices(priced, capacities, {
  ...circumstances(),
});
await publish(resultFile, page, values.write);
