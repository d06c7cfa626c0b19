/**
 * How deep plans go without refreshing ciphertexts: compiles chains of squares between dense layers at N = 65536 and runs them
 * encrypted, client and server in one process of one thread, against onnxruntime.
 *
 *   npm run bench:depth [-- --write]
 *
 * With --write as a section of `bench/depth.md`. Takes a few minutes and 16 GB.
 */
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compileGraph } from '../../compiler/compile.ts';
import { importOnnx } from '../../compiler/onnx/import.ts';
import type { Sample } from '../../ir/interface.ts';
import { reference, relativeError } from '../../test/support/run-plans.ts';
import { circumstances, publishSections } from '../publish.ts';
import { type MeasuredChain, renderChains } from './render.ts';
import { runInProcess } from './run-in-process.ts';
import { type SquareChain, squareChain } from './square-chain.ts';

const chains: readonly SquareChain[] = [{ width: 16, squares: 35, outputs: 10 }];

/** As `compile --max-error` and `--max-memory` take them. */
const maxError = 0.1;
const memoryBytes = 10 * 2 ** 30;

/** Samples that are run encrypted; the plan is calibrated on others as well. */
const runs = 2;

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
const measured: MeasuredChain[] = [];
for (const chain of chains) measured.push(await measure(chain));
const load = `${(loadavg()[2] ?? 0).toFixed(0)} on ${availableParallelism()} cores`;
const section = renderChains(measured, { ...circumstances(), load, maxError, memoryBytes, runs });
await publishSections(join(import.meta.dirname, '..', 'depth.md'), [section], values.write);

async function measure(chain: SquareChain): Promise<MeasuredChain> {
  process.stderr.write(`${chain.squares} squares\n`);
  const { bytes, samples } = squareChain(chain);
  const started = performance.now();
  const graph = importOnnx({ bytes, fileName: 'chain.onnx', readExternal: () => undefined });
  const compilation = compileGraph(graph, { samples, maxError, limits: { memoryBytes } });
  const compileMs = performance.now() - started;
  const used = samples.slice(0, runs);
  const expected = await reference(bytes, used);
  const figures = runInProcess(compilation.plan, used, 'x');
  const got: Sample[] = figures.outputs.map((y) => new Map([['y', Float64Array.from(y)]]));
  return {
    chain,
    plan: compilation.plan,
    estimatedMs: compilation.chosen.cost,
    compileMs,
    figures,
    error: relativeError(got, expected),
    variation: variationOf(await reference(bytes, samples)),
  };
}

/** The deviation of an output over the samples, in units of its mean, of all outputs the mean. */
function variationOf(answers: readonly Sample[]): number {
  const rows = answers.map((answer) => answer.get('y') ?? new Float64Array());
  const variations = Array.from(rows[0] ?? [], (_, j) => {
    const values = rows.map((row) => row[j] ?? 0);
    const mean = values.reduce((sum, y) => sum + y, 0) / values.length;
    return Math.sqrt(values.reduce((sum, y) => sum + (y - mean) ** 2, 0) / values.length) / Math.abs(mean);
  });
  return variations.reduce((sum, each) => sum + each, 0) / variations.length;
}
