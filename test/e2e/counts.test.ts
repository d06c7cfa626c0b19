/**
 * What the plans of the example models cost, in operations and bytes, compiled for the engine that runs them by default
 * and for node-seal: goldens, in `test/golden/counts.json` and `seal-counts.json`. A change
 * that is meant is blessed with `HEPC_BLESS=1` and committed with its cause. The large autoencoders are compiled at
 * night and for blessing. `trained-networks.nightly.test.ts` does the same for other networks.
 */
import { expect, test } from 'vitest';
import { blessCounts, countsOf, goldenFiles, readGoldenCounts } from '../support/golden-counts.ts';
import { exampleModels, mnistImages, modelBytes } from '../support/mnist.ts';
import { expectReadBack } from '../support/read-back.ts';
import { compileBytes } from '../support/run-plans.ts';
import { isNightly } from '../support/setup/suite.ts';

const blessing = process.env['HEPC_BLESS'] === '1';
const calibration = mnistImages().slice(128);

const readBack: ReadonlySet<string> = new Set(['mlp-784-128-128-10', 'cryptonets']);

const large: ReadonlySet<string> = new Set(['ae-784-128-32-128-784', 'ae-784-256-64-256-784']);
const models = exampleModels.filter(({ name }) => isNightly || blessing || !large.has(name));

const cases = models.flatMap((model) => [
  { ...model, engine: 'simd', goldens: goldenFiles.examples } as const,
  { ...model, engine: 'seal-wasm', goldens: goldenFiles.examplesOnSeal } as const,
]);

test.each(cases)(
  blessing ? 'blessing $name for $engine' : '$name for $engine',
  ({ name, maxError, engine, goldens }) => {
    const compilation = compileBytes(modelBytes(name), { samples: calibration, maxError, engine });
    // Of all of them at night; the text of the others is megabytes.
    if (engine === 'simd' && readBack.has(name)) expectReadBack(compilation);
    const counts = countsOf(compilation.plan.statistics);
    if (blessing) blessCounts(goldens, name, counts);
    expect(counts).toEqual(readGoldenCounts(goldens)[name]);
  },
);
