/**
 * The engine `simd` beside node-seal and native systems, for `bench/engine.md`.
 *
 *   npm run bench:engine [-- operations | networks]    one part is printed; only both together are written
 */
import { join } from 'node:path';
import { circumstances, publish } from '../publish.ts';
import { measureNetworks } from './networks.ts';
import { measureOperations, type Setting } from './operations.ts';
import { renderEngine } from './render.ts';

const resultFile = join(import.meta.dirname, '..', 'engine.md');

const settings: readonly Setting[] = [
  { degree: 8192, primes: 3 },
  { degree: 8192, primes: 5 },
  { degree: 16384, primes: 8 },
];

const rounds = 15;

const [part, ...more] = process.argv.slice(2);
if (more.length > 0 || (part !== undefined && part !== 'operations' && part !== 'networks')) {
  process.stderr.write('usage: npm run bench:engine [-- operations | networks]\n');
  process.exitCode = 2;
} else {
  const log = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const measured = [];
  for (const setting of part === 'networks' ? [] : settings) {
    log(`operations at N = ${setting.degree} with ${setting.primes} primes`);
    measured.push({ setting, operations: await measureOperations(setting, rounds) });
  }
  const networks = part === 'operations' ? [] : await measureNetworks(log);
  const report = renderEngine({
    ...circumstances(),
    settings: measured,
    networks,
  });
  await publish(resultFile, report, part === undefined);
}
