/**
 * Compiles the plans of the submission, for each size one and its client part:
 *
 *   node build.ts [--network squares|relu] [--size single|small|medium|large] [-o FOLDER]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compileFor } from './compile-for.ts';
import { instances } from './instance.ts';
import { networkNames } from './networks/networks.ts';

const { values } = parseArgs({
  options: {
    network: { type: 'string', default: 'squares' },
    size: { type: 'string' },
    output: { type: 'string', short: 'o', default: join(import.meta.dirname, 'plans') },
  },
});
const network = networkNames.find((name) => name === values.network);
const wanted = instances.filter(({ name }) => values.size === undefined || name === values.size);
if (network === undefined || wanted.length === 0) {
  process.stderr.write(
    `usage: build.ts [--network ${networkNames.join('|')}] [--size ${instances.map(({ name }) => name).join('|')}] [-o FOLDER]\n`,
  );
  process.exitCode = 2;
} else {
  mkdirSync(values.output, { recursive: true });
  for (const instance of wanted) {
    const { hep, clientPart, plan } = compileFor(network, instance);
    const file = join(values.output, `${network}-${instance.name}`);
    writeFileSync(`${file}.hep`, hep);
    writeFileSync(`${file}-client.hep`, clientPart);
    const { parameters, batch } = plan.client;
    process.stdout.write(`${file}.hep: N = ${parameters.polyModulusDegree}, ${batch} images a run\n`);
  }
}
