/**
 * What compiling takes: time of the processor and peak memory of `hepc compile`, for networks that are large in one way
 * each. Every compilation is a process of its own.
 *
 *   npm run bench:compile [-- FOLDER] [--only NAME] [--write]
 *
 * FOLDER is another checkout with its dependencies, which then is measured before this one. With --write into
 * `bench/compile.md`.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { measureCompile } from './measure.ts';
import { compileNetworks } from './networks.ts';
import { type Measured, renderCompile } from './render.ts';

const root = join(import.meta.dirname, '..', '..');
const resultFile = join(root, 'bench', 'compile.md');

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, write: { type: 'boolean', default: false } },
});
const [other, ...more] = positionals;
const networks = compileNetworks.filter(({ name }) => values.only === undefined || name === values.only);
if (more.length > 0 || networks.length === 0) {
  process.stderr.write('usage: npm run bench:compile [-- FOLDER] [--only NAME] [--write]\n');
  process.exitCode = 2;
} else {
  const folder = mkdtempSync(join(tmpdir(), 'hepc-compile-'));
  try {
    const measured: Measured[] = [];
    for (const network of networks) {
      process.stderr.write(`${network.name}\n`);
      const before = other === undefined ? undefined : measureCompile(network, resolve(other), folder);
      measured.push({ network, before, after: measureCompile(network, root, folder) });
    }
    const report = renderCompile(measured, {
      machine: cpus()[0]?.model.trim() ?? 'an unknown processor',
      node: process.versions.node,
      date: new Date().toISOString().slice(0, 10),
    });
    const text = await format(report, { ...(await resolveConfig(resultFile)), parser: 'markdown' });
    process.stdout.write(text);
    if (values.write) writeFileSync(resultFile, text);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
