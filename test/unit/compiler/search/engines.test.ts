/** A plan is made for an engine: its costs, its memory and what it can do. */
import { describe, expect, test } from 'vitest';
import { compileGraph } from '../../../../compiler/compile.ts';
import type { CompileOptions } from '../../../../compiler/settings.ts';
import { carriesDepth, chainsFor, type RescaleKind } from '../../../../compiler/parameters/chains.ts';
import { beyondCapabilities, type EngineCapabilities, engineProfiles, profileOf } from '../../../../costs/profiles.ts';
import { memoryExceeded } from '../../../../ir/diagnostics/memory.ts';
import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { bitLength, polyModulusDegrees } from '../../../../ir/parameters.ts';
import { engineNames } from '../../../../ir/plan/plan.ts';
import { readHep } from '../../../../runtime/hep/read.ts';
import { writeHep } from '../../../../runtime/hep/write.ts';
import { denseChain, graphOf, samplesOf } from '../../../support/tiny-networks.ts';

const module = denseChain([60, 40, 24, 10]);

function compile(options: CompileOptions) {
  return compileGraph(graphOf(module), { samples: samplesOf(module, 16), maxError: 0.01, ...options });
}

describe('a plan', () => {
  const own = { simd: compile({ engine: 'simd' }), 'seal-wasm': compile({ engine: 'seal-wasm' }) };

  test.each(engineNames)('for %s says so, and has its time and memory', (engine) => {
    const { plan, chosen } = own[engine];
    const read = readHep(writeHep(plan), 'plan.hep');
    expect(read.engine).toBe(engine);
    expect(read.statistics).toEqual(plan.statistics);
    expect(chosen.measures.peakBytes).toBe(plan.statistics.peakBytes);
  });

  test('is for simd unless told otherwise', () => {
    expect(writeHep(compile({}).plan)).toEqual(writeHep(own.simd.plan));
  });

  test('is in no ring that its costs know nothing of', () => {
    const { costs } = engineProfiles['seal-wasm'];
    const degrees = compile({ engine: 'simd', costs }).plan.search?.configurations.map(
      (each) => each.polyModulusDegree,
    );
    expect(Math.max(...(degrees ?? []))).toBe(32768);
    expect(profileOf('simd').capabilities.largestDegree).toBe(65536);
  });

  test('for an engine with fewer slots than the tile asks for is refused', () => {
    const tile = { rows: 32768, columns: 1 };
    expect(() => compile({ engine: 'seal-wasm', tile })).toThrow(/H341.*columns is 32768.*at most 16384 for seal-wasm/);
  });

  test('by measured costs is still for the engine', () => {
    const { plan } = compile({ engine: 'simd', costs: engineProfiles['seal-wasm'].costs });
    expect(plan.engine).toBe('simd');
    expect(plan.statistics.rotations).toBe(own['seal-wasm'].plan.statistics.rotations);
  });
});

test('an engine that there is not is refused, with what may have been meant', () => {
  const misspelt = (engine: unknown) => () => compile({ engine: engine as 'simd' });
  expect(misspelt('smid')).toThrow(HepcError);
  expect(misspelt('smid')).toThrow(/H338\]: there is no engine "smid".*simd and seal-wasm[^]*did you mean simd\?/);
  expect(misspelt('seal')).toThrow(/H338/);
  expect(misspelt('toString')).toThrow(/H338/);
  expect(misspelt(null)).toThrow(/H338/);
  expect(misspelt(7)).toThrow(/H338/);
});

describe('parameters', () => {
  const small: EngineCapabilities = { largestDegree: 8192, largestPrimeBits: 40, specialPrimes: 1, refresh: false };

  test('keep to what the engine can do', () => {
    const chains = polyModulusDegrees.flatMap((degree) =>
      [0, 1, 3, 8].flatMap((depth) => {
        const kinds = Array.from({ length: depth }, (): RescaleKind => 'plain');
        return chainsFor(degree, { last: 'rescaled', defer: 0, late: false, kinds }, 0, small);
      }),
    );
    expect(chains.length).toBeGreaterThan(3);
    for (const { parameters } of chains) {
      expect(beyondCapabilities(small, parameters)).toBeUndefined();
      expect(Math.max(...[...parameters.primes, ...parameters.specialPrimes].map(bitLength))).toBeLessThanOrEqual(40);
    }
    expect(carriesDepth(16384, 1, small)).toBe(false);
    expect(carriesDepth(8192, 1, small)).toBe(true);
  });

  test('beyond it are told', () => {
    const of = (polyModulusDegree: 4096 | 16384, specialPrime: number) => ({
      polyModulusDegree,
      primes: [40961],
      specialPrimes: [specialPrime],
    });
    expect(beyondCapabilities(small, of(4096, 65537))).toBeUndefined();
    expect(beyondCapabilities(small, of(16384, 65537))).toMatch(/degree 16384/);
    expect(beyondCapabilities(small, of(4096, 2 ** 45 + 1))).toMatch(/more than 40 bits/);
  });
});

test('what does not fit is told with the engine, and never as no more than its memory', () => {
  const demand = {
    degree: 32768,
    primes: 20,
    keys: 9,
    keyBytes: 3 * 2 ** 30,
    largestKeyBytes: 2 ** 29,
    plaintextBytes: 0,
    ciphertextBytes: 2 ** 30,
    layers: [],
  };
  const say = (engine: string, needed: number, limit: number): string =>
    memoryExceeded({ engine, needed, limit, demand }).message;
  expect(say('simd', 2 ** 32 + 1, 2 ** 32)).toMatch(
    /^the plan needs 4.01 GiB on the engine simd, more than its 4.00 GiB: 3.00 GiB for 9 keys of up to 0.50 GiB, /,
  );
  expect(say('seal-wasm', 5 * 2 ** 30, 3.5 * 2 ** 30)).toMatch(/5\.00 GiB on the engine seal-wasm.*3\.50 GiB/);
});
