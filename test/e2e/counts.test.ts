/**
 * What the plans of the example models cost, in operations and bytes: goldens, in `test/golden/counts.json`. A change
 * that is meant is blessed with `HEPC_BLESS=1` and committed with its cause. `trained-networks.test.ts` does the same
 * for other networks.
 */
import { expect, test } from 'vitest';
import { blessCounts, countsOf, goldenFiles, readGoldenCounts } from '../support/golden-counts.ts';
import { exampleModels, mnistImages, modelBytes } from '../support/mnist.ts';
import { compileBytes } from '../support/run-plans.ts';

const blessing = process.env['HEPC_BLESS'] === '1';
const calibration = mnistImages().slice(128);

test.each(exampleModels)(blessing ? 'blessing $name' : '$name', ({ name, maxError }) => {
  const { statistics } = compileBytes(modelBytes(name), { samples: calibration, maxError }).plan;
  const counts = countsOf(statistics);
  if (blessing) blessCounts(goldenFiles.examples, name, counts);
  expect(counts).toEqual(readGoldenCounts(goldenFiles.examples)[name]);
});
