/** The memory of profiles against what the engines plan for the same programs: never below it, and hardly above. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keptPlaintextBytes, neededBytes, peakBytes } from '../../../costs/engine-memory.ts';
import { keyLevels, levelsOfKeys } from '../../../costs/key-levels.ts';
import { engineProfiles, profileOf } from '../../../costs/profiles.ts';
import { sealHeapUse } from '../../../costs/seal-memory.ts';
import type { HeModule } from '../../../ir/he/module.ts';
import type { Parameters, PolyModulusDegree } from '../../../ir/parameters.ts';
import {
  encodingsBytes,
  peakCiphertextBytes,
  workerEncodings,
  workerProgram,
} from '../../../runtime/engines/seal-wasm/worker-program.ts';
import { keyBytes, limbStride, valueBytes } from '../../../runtime/rns/memory/layout.ts';
import { planProgram, wholeExtent } from '../../../runtime/engines/simd/session/memory-plan.ts';
import { headerBytes, savedSwitchingKeyBytes, switchingHeadBytes } from '../../../runtime/seal/bytes/saved-format.ts';
import { exampleModels, mnistImages, modelBytes } from '../../support/mnist.ts';
import { compileBytes } from '../../support/run-plans.ts';
import { managedProgram } from '../runtime/engines/simd/random-programs.ts';

type Program = Pick<HeModule, 'columns'> & { readonly parameters: Parameters };

const simd = engineProfiles.simd.memory;
const seal = engineProfiles['seal-wasm'].memory;

/** What `simd` lays out for one worker: with all plaintexts, and with none. */
function planned({ columns, parameters }: Program): { readonly all: number; readonly none: number } {
  const [all = 0, none = 0] = [Infinity, 0].map(
    (budget) => planProgram(columns, parameters, 1, budget, { ...wholeExtent, limit: Infinity }).memory.totalBytes,
  );
  return { all, none };
}

/** What a heap of `seal-wasm` is counted to hold. */
function heapOf({ columns, parameters }: Program) {
  const part = workerProgram(columns, new Uint8Array(columns.op.length), 0);
  const { relinearization, rotations } = keyLevels(columns);
  const saved = savedSwitchingKeyBytes(parameters);
  const relinKeys = relinearization === undefined ? 0 : switchingHeadBytes + headerBytes + saved;
  const table = switchingHeadBytes + 8 * parameters.polyModulusDegree;
  return sealHeapUse(parameters, {
    savedBytes: relinKeys + (rotations.size === 0 ? 0 : table + rotations.size * saved),
    aliveBytes: peakCiphertextBytes(columns, parameters, part),
    encodedBytes: encodingsBytes(parameters, workerEncodings(columns, part)),
  });
}

function evenChain(polyModulusDegree: PolyModulusDegree, primes: number, specials: number): Parameters {
  const of = (length: number): number[] => Array<number>(length).fill(2 ** 44);
  return { polyModulusDegree, primes: of(primes), specialPrimes: of(specials) };
}

const withDegree = ({ columns, parameters }: Program, polyModulusDegree: 4096 | 16384): Program => ({
  columns,
  parameters: { ...parameters, polyModulusDegree },
});

test('keys, ciphertexts and plaintexts of simd take what its layout says', () => {
  for (const n of [4096, 8192, 16384, 32768] as const) {
    for (const [level, specials] of [0, 1, 5, 20].flatMap((own) => [1, 3].map((count) => [own, count] as const))) {
      const chain = evenChain(n, 30, specials);
      expect(simd.keyBytes(chain, level)).toBe(keyBytes(chain, level));
      expect(simd.ciphertextBytes(n, level, 3)).toBe(valueBytes(n, level, 3));
      expect(simd.plaintextBytes(n, level)).toBe((level + 1) * limbStride(n));
    }
  }
});

describe('of random programs', () => {
  test('on simd: at least what is laid out, and at most two thirds more', () => {
    fc.assert(
      fc.property(managedProgram, fc.constantFrom(4096 as const, 16384 as const), (program, degree) => {
        const managed = withDegree(program, degree);
        const use = simd.use(managed);
        const { all, none } = planned(managed);
        expect(peakBytes(use)).toBeGreaterThanOrEqual(all);
        expect(peakBytes(use)).toBeLessThanOrEqual((5 / 3) * all);
        expect(neededBytes(use)).toBeGreaterThanOrEqual(none);
        expect(neededBytes(use)).toBeLessThanOrEqual((5 / 3) * none);
      }),
      { numRuns: 400 },
    );
  });

  test('on seal-wasm: at least what a heap is counted to hold, and at most a twentieth more', () => {
    fc.assert(
      fc.property(managedProgram, fc.constantFrom(4096 as const, 16384 as const), (program, degree) => {
        const managed = withDegree(program, degree);
        const use = seal.use(managed);
        const heap = heapOf(managed);
        for (const bytes of [peakBytes, neededBytes]) {
          expect(bytes(use)).toBeGreaterThanOrEqual(bytes(heap));
          expect(bytes(use)).toBeLessThanOrEqual(1.05 * bytes(heap));
        }
      }),
      { numRuns: 200 },
    );
  });
});

test('plaintexts that find no room below the limit are not held; what is needed is, whatever the limit', () => {
  const use = { keys: 1000, plaintexts: 500, ciphertexts: 200, others: 20, staging: 5 };
  expect(peakBytes(use)).toBe(1720);
  expect(peakBytes(use, 2000)).toBe(1720);
  expect(peakBytes(use, 1500)).toBe(1500);
  expect(peakBytes(use, 1000)).toBe(neededBytes(use));
});

test('plaintexts are kept within the budget of engines, however much memory there is', () => {
  const use = { keys: 100, plaintexts: 2 * 2 ** 30, ciphertexts: 20, others: 3, staging: 50 };
  expect(keptPlaintextBytes(use, 3.5 * 2 ** 30)).toBe(1.5 * 2 ** 30);
  expect(peakBytes(use, 3.5 * 2 ** 30)).toBe(neededBytes(use) + 1.5 * 2 ** 30);
  expect(keptPlaintextBytes(use, 2 ** 30)).toBe(2 ** 30 - neededBytes(use));
  expect(keptPlaintextBytes({ ...use, plaintexts: 2 ** 30 }, 3.5 * 2 ** 30)).toBe(2 ** 30);
});

describe.each(exampleModels.slice(0, 3))('of $name', ({ name, maxError }) => {
  const { plan } = compileBytes(modelBytes(name), { samples: mnistImages().slice(128), maxError });

  test('on simd: at least what is laid out, and at most an eighth more', () => {
    const use = simd.use(plan.program);
    const { all, none } = planned(plan.program);
    expect(peakBytes(use)).toBeGreaterThanOrEqual(all);
    expect(peakBytes(use)).toBeLessThanOrEqual(1.125 * all);
    expect(neededBytes(use)).toBeGreaterThanOrEqual(none);
    expect(neededBytes(use)).toBeLessThanOrEqual(1.125 * none);
    expect(use.keys).toBe(planProgram(plan.program.columns, plan.program.parameters, 1, 0).keys.bytes);
  });

  test('the statistics have the memory of the engine that the plan is for', () => {
    expect(plan.engine).toBe('simd');
    expect(plan.statistics.peakBytes).toBe(peakBytes(simd.use(plan.program)));
  });
});

test('keys of simd end at the highest level of their step, those of seal-wasm do not', () => {
  const chain = evenChain(16384, 8, 1);
  expect(simd.keyBytes(chain, 1)).toBeLessThan(simd.keyBytes(chain, 7) / 8);
  expect(seal.keyBytes(chain, 1)).toBe(seal.keyBytes(chain, 7));
});

test('measured costs stand in place of those of the profile, and nothing else does', () => {
  const costs = { ...engineProfiles.simd.costs, ...engineProfiles['seal-wasm'].costs };
  expect(profileOf('simd', costs)).toEqual({ ...engineProfiles.simd, costs });
  expect(profileOf()).toEqual(engineProfiles.simd);
});

test('levels of keys are those of what they switch', () => {
  fc.assert(
    fc.property(managedProgram, ({ columns }) => {
      const { keys } = planProgram(
        columns,
        { polyModulusDegree: 4096, primes: [1, 2, 3, 4], specialPrimes: [5] },
        1,
        0,
      );
      const all = keyLevels(columns);
      for (const [step, level] of keys.rotations) expect(all.rotations.get(step)).toBeGreaterThanOrEqual(level);
      expect(levelsOfKeys(all).length).toBeGreaterThanOrEqual(keys.rotations.size);
    }),
    { numRuns: 50 },
  );
});

test('the limit of simd is raised to the memory of the machine, up to what it can address; others stay', () => {
  const limits = (bytes?: number): number[] => [
    profileOf('simd', undefined, bytes).memory.limit,
    profileOf('seal-wasm', undefined, bytes).memory.limit,
  ];
  expect(limits()).toEqual([simd.limit, seal.limit]);
  expect(limits(2 ** 30)).toEqual([simd.limit, seal.limit]);
  expect(limits(8 * 2 ** 30)).toEqual([8 * 2 ** 30, seal.limit]);
  expect(limits(2 ** 40)).toEqual([15.5 * 2 ** 30, seal.limit]);
});
