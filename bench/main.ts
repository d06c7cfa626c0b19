/**
 * Benchmarks of the example models and of other networks on node-seal, for `bench/results.md`; `engine/main.ts` has those
 * of the engine simd.
 *
 *   npm run bench [-- IMAGES [MODEL...]]     IMAGES: how many to run at most, 100 unless told otherwise
 *
 * Without names as many images are run as fit into seconds; only then the file is written.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { formatBytes } from '../cli/render/units.ts';
import { measureCosts } from '../runtime/measuring/measure-costs.ts';
import { measure, type Measurement } from './measure.ts';
import { benchModels, type BenchModel } from './models.ts';
import { publish } from './publish.ts';
import type { EvaluationSettings } from './plan-evaluation.ts';
import { renderReport } from './report.ts';

const threads = [1, 2];
/** For a model that is asked for by name: in effect no limit. */
const secondsOfNamed = 3600;
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

const [imagesText = '100', ...names] = process.argv.slice(2);
const images = Number(imagesText);
const settings = ({ seconds }: BenchModel): EvaluationSettings => ({
  threads,
  images,
  seconds: names.length === 0 ? seconds : secondsOfNamed,
});
const models = benchModels.filter(({ name }) => names.length === 0 || names.includes(name));
if (!Number.isInteger(images) || images < 1 || images > 128 || models.length < Math.max(1, names.length)) {
  process.stderr.write(
    `usage: npm run bench [-- IMAGES [MODEL...]], up to 128 images; models: ${benchModels.map(({ name }) => name).join(', ')}\n`,
  );
  process.exitCode = 2;
} else {
  const folder = mkdtempSync(join(tmpdir(), 'hepc-bench-'));
  const start = performance.now();
  try {
    process.stderr.write('costs of operations\n');
    const { table: costs } = await measureCosts({ engine: 'seal-wasm' });
    const measurements: Measurement[] = [];
    const failures: { name: string; reason: string }[] = [];
    for (const model of models) {
      process.stderr.write(`${model.name}\n`);
      try {
        measurements.push(await measure(model, folder, settings(model), costs));
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        failures.push({ name: model.name, reason: message.replaceAll(/\s+/g, ' ') });
      }
    }
    const date = new Date().toISOString().slice(0, 10);
    const [commit, machine, node] = [describeCommit(), describeMachine(), process.versions.node];
    const seconds = (performance.now() - start) / 1000;
    const report = renderReport({ date, commit, machine, node, threads, images, seconds, failures }, measurements);
    await publish(resultFile, report, names.length === 0);
    if (failures.length > 0) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
