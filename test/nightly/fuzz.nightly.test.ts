/**
 * A million mutated inputs, see `test/fuzz/`: every reader of untrusted bytes takes them or refuses them with diagnostics.
 * Takes about 20 minutes on two cores. HEPC_SEED draws others, HEPC_FUZZ_INPUTS more or fewer; what shows a fault is kept
 * in `fuzz-findings/`.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fuzz } from '../fuzz/run.ts';
import { fuzzSeed } from '../fuzz/seed.ts';

const root = join(import.meta.dirname, '..', '..');

test(
  'a million inputs for all readers',
  async () => {
    const inputs = Number(process.env['HEPC_FUZZ_INPUTS'] ?? 1_000_000);
    const seed = fuzzSeed();
    console.log(`seed ${seed}`);
    const result = await fuzz({
      seed,
      inputs,
      jobs: availableParallelism(),
      folder: join(root, 'fuzz-findings'),
      groups: new URL('../fuzz/targets.ts', import.meta.url),
      seconds: 20,
      report: (line) => {
        console.log(line);
      },
    });
    expect(result.findings.map(({ reader, index, text }) => `${reader} ${index}: ${text}`)).toEqual([]);
    expect(result.inputs).toBeGreaterThanOrEqual(inputs);
  },
  90 * 60_000,
);
