/**
 * What several special primes gain, for two sections of `bench/engine.md`: key switches, and networks beside another
 * checkout of the project.
 *
 *   npm run bench:special-primes -- [FOLDER] [--write]    networks only where there is a folder
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { circumstances, publishSections } from '../publish.ts';
import { compareNetworks } from './networks.ts';
import { measureSwitches, type Setting } from './operations.ts';
import { renderNetworks, renderSwitches } from './render.ts';

const settings: readonly Setting[] = [
  { degree: 8192, primes: 4, bits: 36, specials: [1, 2] },
  { degree: 16384, primes: 8, bits: 44, specials: [1, 2, 3] },
  { degree: 32768, primes: 12, bits: 48, specials: [1, 2, 3] },
];

const rounds = { switches: 23, networks: 3 };

const flags = process.argv.slice(2).filter((word) => word.startsWith('--'));
const [other, ...more] = process.argv.slice(2).filter((word) => !word.startsWith('--'));
if (more.length > 0 || flags.some((flag) => flag !== '--write')) {
  process.stderr.write('usage: npm run bench:special-primes -- [FOLDER] [--write]\n');
  process.exitCode = 2;
} else {
  const log = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const where = circumstances();
  const switches = [];
  for (const setting of settings) {
    log(`N = ${setting.degree}, ${setting.primes} primes`);
    switches.push({ setting, columns: await measureSwitches(setting, rounds.switches) });
  }
  const sections = [renderSwitches(switches, where)];
  if (other !== undefined) {
    const commit = execFileSync('git', ['-C', other, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
    sections.push(renderNetworks(compareNetworks(other, rounds.networks, log), commit, where));
  }
  await publishSections(join(import.meta.dirname, '..', 'engine.md'), sections, flags.includes('--write'));
}
