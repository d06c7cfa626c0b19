/**
 * What compiling takes: time of the processor and peak memory of `hepc compile`, for networks that are large in one way
 * each. Every compilation is a process of its own.
 *
 *   npm run bench:compile [-- FOLDER] [--only NAME] [--write]
 *
 * FOLDER is another checkout with its dependencies, which then is measured as well. With --write into
 * `bench/compile.md`, which keeps what was measured before of networks that are left out.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writePage } from '../publish.ts';
import { measuredHere, readFigures, writeFigures } from './figures.ts';
import { measureCompile } from './measure.ts';
import { compileNetworks } from './networks.ts';
import { type Measured, renderCompile, renderMeasured } from './render.ts';

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
      const others = other === undefined ? undefined : measureCompile(network, resolve(other), folder);
      const own = measureCompile(network, root, folder);
      measured.push({ network, other: others, own });
      if (values.write) writeFigures({ ...readFigures(), [network.name]: measuredHere(own) });
    }
    process.stdout.write(`${renderMeasured(measured)}\n`);
    if (values.write) await writePage(resultFile, renderCompile(compileNetworks, readFigures()));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
