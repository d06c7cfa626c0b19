/**
 * Benchmarks of the example models, for `bench/results.md`.
 *
 *   npm run bench [-- IMAGES [MODEL...]]     IMAGES: how many to run, 8 unless told otherwise
 *
 * Only a run of all models writes the file.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { formatBytes } from '../cli/render/units.ts';
import { measure, type Measurement } from './measure.ts';
import { benchModels } from './models.ts';
import { renderReport } from './report.ts';
import { measureRotations } from './rotation-time.ts';

const threads = [1, 2];
const resultFile = join(import.meta.dirname, 'results.md');

function describeCommit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ', with changes';
    return git('rev-parse', '--short', 'HEAD') + changed;
  } catch {
    return 'unknown';
  }
}

function describeMachine(): string {
  const [first] = cpus();
  return `${first?.model.trim() ?? 'unknown processor'}, ${cpus().length} threads, ${formatBytes(totalmem())}`;
}

const [imagesText = '8', ...names] = process.argv.slice(2);
const images = Number(imagesText);
const models = benchModels.filter(({ name }) => names.length === 0 || names.includes(name));
if (!Number.isInteger(images) || images < 1 || images > 256 || models.length < Math.max(1, names.length)) {
  process.stderr.write(
    `usage: npm run bench [-- IMAGES [MODEL...]], models: ${benchModels.map(({ name }) => name).join(', ')}\n`,
  );
  process.exitCode = 2;
} else {
  const folder = mkdtempSync(join(tmpdir(), 'hepc-bench-'));
  try {
    process.stderr.write('node-seal\n');
    const rotationMs = await measureRotations();
    const measurements: Measurement[] = [];
    for (const model of models) {
      process.stderr.write(`${model.name}\n`);
      measurements.push(await measure(model, folder, { threads, images }));
    }
    const date = new Date().toISOString().slice(0, 10);
    const [commit, machine, node] = [describeCommit(), describeMachine(), process.versions.node];
    const report = renderReport({ date, commit, machine, node, images, rotationMs }, measurements);
    const text = await format(report, { ...(await resolveConfig(resultFile)), parser: 'markdown' });
    process.stdout.write(text);
    if (names.length === 0) writeFileSync(resultFile, text);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
