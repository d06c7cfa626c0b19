/**
 * This checkout beside another one of the repository: start, compilation and evaluation, each measured in turn in
 * processes of their own, so that what the machine does besides meets both alike.
 *
 *   npm run bench:pairs -- FOLDER [--rounds N] [--write]    FOLDER is the other checkout, with its dependencies
 *
 * Both are driven by their command lines, which change less than their libraries. With --write into `bench/pairs.md`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { circumstances, publish } from '../publish.ts';
import { type Comparison, renderPairs } from './render.ts';
import { measureRound, type Side } from './sides.ts';

const root = join(import.meta.dirname, '..', '..');
const resultFile = join(root, 'bench', 'pairs.md');
const usage = 'usage: npm run bench:pairs -- FOLDER [--rounds N] [--write]\n';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '7' }, write: { type: 'boolean', default: false } },
});
const [other] = positionals;
const rounds = Number(values.rounds);
if (other === undefined || positionals.length > 1 || !Number.isInteger(rounds) || rounds < 1) {
  process.stderr.write(usage);
  process.exitCode = 2;
} else {
  await compare(resolve(other));
}

async function compare(otherRoot: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hepc-pairs-'));
  try {
    const sides: readonly [Side, Side] = [
      { root: otherRoot, folder: join(folder, 'before') },
      { root, folder: join(folder, 'after') },
    ];
    const comparisons = new Map<string, Comparison>();
    for (let round = 0; round < rounds; round++) {
      process.stderr.write(`round ${round + 1} of ${rounds}\n`);
      // Each begins as often as the other.
      const order = round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const);
      measureRound(sides, order, (what, times) => {
        const known = comparisons.get(what) ?? { what, before: [], after: [] };
        comparisons.set(what, { what, before: [...known.before, times[0]], after: [...known.after, times[1]] });
      });
    }
    const report = renderPairs([...comparisons.values()], {
      ...circumstances(),
    });
    await publish(resultFile, report, values.write);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
