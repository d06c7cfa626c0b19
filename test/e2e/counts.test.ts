/**
 * What the plans of the example models cost, in operations and bytes: goldens, in `test/golden/counts.json`. A change
 * that is meant is blessed with `HEPC_BLESS=1` and committed with its cause. Times are never compared.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { exampleModels, mnistImages, modelBytes } from '../support/mnist.ts';
import { compileBytes } from '../support/run-plans.ts';

const goldenFile = join(import.meta.dirname, '..', 'golden', 'counts.json');
const goldenSchema = z.record(z.string(), z.record(z.string(), z.union([z.number(), z.array(z.number())])));

const blessing = process.env['HEPC_BLESS'] === '1';
const calibration = mnistImages().slice(128);

function countsOf(name: string, maxError: number) {
  const { statistics } = compileBytes(modelBytes(name), { samples: calibration, maxError }).plan;
  // An error is no count.
  return Object.fromEntries(Object.entries({ ...statistics }).filter(([key]) => key !== 'predictedMaxError'));
}

function readGolden(): z.output<typeof goldenSchema> {
  return goldenSchema.parse(JSON.parse(readFileSync(goldenFile, 'utf8')));
}

if (blessing) {
  test('blessing', () => {
    const counts = Object.fromEntries(exampleModels.map(({ name, maxError }) => [name, countsOf(name, maxError)]));
    writeFileSync(goldenFile, `${JSON.stringify(counts, null, 2)}\n`);
    expect(readGolden()).toEqual(counts);
  });
} else {
  test.each(exampleModels)('$name', ({ name, maxError }) => {
    expect(countsOf(name, maxError)).toEqual(readGolden()[name]);
  });
}
