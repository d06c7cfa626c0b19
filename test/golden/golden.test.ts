/** Runs every golden case: see `test/support/golden.ts`. `HEPC_BLESS=1` rewrites the cases to what passes do now. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { parseModule } from '../../ir/text/parse.ts';
import { printModule } from '../../ir/text/print.ts';
import { formatGoldenCase, parseSound, readGoldenCase, runGoldenCase } from '../support/golden.ts';
import { expectedProblems, foundProblems } from '../support/invalid-ir.ts';
import { evaluateAll, largestDifference, seededInputs } from '../support/seeded-inputs.ts';

const root = import.meta.dirname;
const bless = process.env['HEPC_BLESS'] === '1';
const invalid = 'invalid';
const valueSamples = 4;

const folders = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== invalid)
  .map(({ name }) => name)
  .sort();

function casesIn(folder: string): string[] {
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.ir'))
    .sort();
}

/** Printing what was read gives the text that was read. */
function expectCanonical(text: string): void {
  const { module } = parseModule(text);
  expect(module && printModule(module).text).toBe(text);
}

describe.each(folders)('%s', (folder) => {
  test.for(casesIn(folder))('%s', async (name, { annotate }) => {
    const { passes } = await import('../../passes/registry.ts');
    const file = join(root, folder, name);
    const golden = readGoldenCase(readFileSync(file, 'utf8'));
    expect(golden.pass, 'the pass is that of the folder').toBe(folder);
    const run = await runGoldenCase(golden, passes);

    const expected = formatGoldenCase(golden.head, golden.sections);
    const actual = formatGoldenCase(golden.head, run.sections);
    if (bless) writeFileSync(file, actual);
    else expect(actual, `${file} differs; HEPC_BLESS=1 npm test rewrites it`).toBe(expected);

    if (run.after === undefined) return;
    const after = run.sections.get('after') ?? '';
    expectCanonical(run.sections.get('before') ?? '');
    expectCanonical(after);
    if (run.tolerance === undefined) {
      await annotate(`values before and after are not compared: ${folder} changes them here`);
      return;
    }
    const inputs = seededInputs(run.before, valueSamples);
    // The module as it is read back: its text must mean the same.
    const values = evaluateAll(parseSound(after, 'after'), inputs);
    const difference = largestDifference(evaluateAll(run.before, inputs), values);
    expect(difference, 'before and after compute the same values').toBeLessThanOrEqual(run.tolerance);
  });
});

describe(invalid, () => {
  test.each(casesIn(invalid))('%s', (name) => {
    const text = readFileSync(join(root, invalid, name), 'utf8');
    const expected = expectedProblems(text);
    expect(expected, 'a case has a line with // error: CODE').not.toEqual([]);
    expect(foundProblems(text)).toEqual(expected);
  });
});
