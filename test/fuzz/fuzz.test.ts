/** The fuzzer: what once showed a fault shows none, some inputs for every reader; at night, that faults are found at all. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readCorpus, readKept } from './corpus.ts';
import { faultyEvery } from './faulty-targets.ts';
import { drawOf } from './mutate/draw.ts';
import { fuzz } from './run.ts';
import { fuzzSeed } from './seed.ts';
import { judge } from './target.ts';
import { loadTarget, namesOf, sharesOf, targetGroups } from './targets.ts';
import { casesOf, isNightly } from '../support/setup/suite.ts';

const folder = mkdtempSync(join(tmpdir(), 'hepc-fuzz-test-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('what once showed a fault shows none', async () => {
  for (const { reader, name, bytes } of readCorpus()) {
    const verdict = await judge(await loadTarget(reader), bytes);
    expect(verdict.kind === 'fault' ? `${reader}/${name}: ${verdict.text}` : undefined).toBeUndefined();
  }
});

/** Inputs of each reader here; making a client's keys takes a tenth of a second. */
const fewer: Readonly<Record<string, number>> = {
  client: casesOf({ normal: 1, nightly: 3 }),
  compile: casesOf({ normal: 4, nightly: 10 }),
  'evaluation-keys': casesOf({ normal: 8, nightly: 20 }),
};

describe.each(namesOf(targetGroups))('%s', (name) => {
  test('some inputs are accepted, some refused, none does anything else', async () => {
    const target = await loadTarget(name);
    const kinds = new Set<string>();
    for (let index = 0; index < (fewer[name] ?? casesOf({ normal: 25, nightly: 60 })); index++) {
      const verdict = await judge(target, target.mutate(drawOf(fuzzSeed(), name, index)));
      expect(verdict.kind === 'fault' ? `input ${index}: ${verdict.text}` : undefined).toBeUndefined();
      kinds.add(verdict.kind);
    }
    if (fewer[name] === undefined) expect([...kinds].sort()).toEqual(['accepted', 'refused']);
  });

  test('the same seed makes the same inputs, whatever ran before', async () => {
    const target = await loadTarget(name);
    const make = (index: number): Buffer => Buffer.from(target.mutate(drawOf(1, name, index)));
    const first = [0, 1, 2, 3].map(make);
    // No change of an input may reach what the next ones are made of.
    for (let index = 4; index < casesOf({ normal: 20, nightly: 400 }); index++) make(index);
    expect([0, 1, 2, 3].every((index) => first[index]?.equals(make(index)))).toBe(true);
    expect([5, 6, 7, 8].some((index) => first[3]?.equals(make(index)) === false)).toBe(true);
  });
});

test('inputs are shared out among all readers', () => {
  const shares = sharesOf(1_000_000);
  expect([...shares.keys()]).toEqual(namesOf(targetGroups));
  expect([...shares.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(1_000_000);
});

if (isNightly)
  test('exceptions, wrong results, hangs, deaths and memory are found, once each, and the run goes on behind them', async () => {
    const lines: string[] = [];
    const readers = ['throws', 'accepts', 'hangs', 'exits', 'grows'];
    // Three of them have a second fault to meet.
    const seed = 1;
    const firstFault = (reader: string): number => {
      let index = 0;
      while (drawOf(seed, reader, index).below(faultyEvery) !== 0) index++;
      return index;
    };
    const inputs = 5 + Math.max(...readers.map(firstFault));
    const result = await fuzz({
      seed,
      inputs,
      jobs: 2,
      only: readers,
      folder,
      groups: new URL('./faulty-targets.ts', import.meta.url),
      seconds: 1,
      startSeconds: 2,
      megabytes: 300,
      report: (line) => lines.push(line),
    });
    const { findings } = result;
    const texts = findings.map(({ reader, text }) => `${reader}: ${text.split('\n')[0] ?? ''}`).sort();
    expect(texts).toEqual([
      'accepts: Error: what it read is something else',
      'exits: ends the process: SIGABRT',
      expect.stringMatching(/^grows: the process holds \d+ MiB/),
      'hangs: hangs',
      'throws: TypeError: not a diagnostic',
    ]);
    expect(findings.map(({ reader, index }) => index - firstFault(reader))).toEqual([0, 0, 0, 0, 0]);
    expect(result.inputs).toBe(readers.length * inputs);
    for (const { reader, file } of findings) {
      expect(readKept(file).reader).toBe(reader);
      expect(statSync(file).size).toBeLessThan(100);
      expect(lines.join('\n')).toContain(`npm run fuzz -- ${file}`);
    }
  });
