/** The client's work has costs of its own. */
import { describe, expect, test } from 'vitest';
import { compileGraph } from '../../../compiler/compile.ts';
import {
  type ClientCostTable,
  clientOpCost,
  clientOps,
  clientProfile,
  clientTimes,
} from '../../../costs/client-costs.ts';
import { opCost } from '../../../costs/op-costs.ts';
import { engineProfiles } from '../../../costs/profiles.ts';
import { polyModulusDegrees } from '../../../ir/parameters.ts';
import { engineNames, type Plan } from '../../../ir/plan/plan.ts';
import type { PlanMeasures } from '../../../ir/plan/search-report.ts';
import { denseChain, graphOf, samplesOf } from '../../support/tiny-networks.ts';

describe('the costs that hepc comes with', () => {
  test('grow with primes and degree', () => {
    for (const op of clientOps) {
      for (const [i, degree] of polyModulusDegrees.entries()) {
        const next = polyModulusDegrees[i + 1];
        for (let level = 0; level < 8; level++) {
          const cost = clientOpCost(op, level, degree, clientProfile.costs);
          expect(cost).toBeGreaterThan(0);
          expect(clientOpCost(op, level + 1, degree, clientProfile.costs)).toBeGreaterThan(cost);
          if (next !== undefined) expect(clientOpCost(op, level, next, clientProfile.costs)).toBeGreaterThan(cost);
        }
      }
    }
  });

  test('make an encryption more than an encoding by the same kernels', () => {
    for (const degree of polyModulusDegrees)
      expect(clientOpCost('encrypt', 3, degree, clientProfile.costs)).toBeGreaterThan(
        opCost('encode', 3, degree, engineProfiles.simd.costs),
      );
  });
});

const module = denseChain([60, 40, 24, 10]);

function chosen(options: Parameters<typeof compileGraph>[1]): { plan: Plan; measures: PlanMeasures } {
  const compilation = compileGraph(graphOf(module), { samples: samplesOf(module, 16), maxError: 0.01, ...options });
  return { plan: compilation.plan, measures: compilation.chosen.measures };
}

test.each(engineNames)('the client of a plan for %s costs what it costs for any', (engine) => {
  const { plan, measures } = chosen({ engine, optimize: 'end-to-end' });
  const { encryption, decryption, keys } = clientTimes(plan.program, clientProfile);
  const { parameters, inputs } = plan.client;
  const level = inputs[0]?.level ?? 0;
  const each = clientOpCost('encrypt', level, parameters.polyModulusDegree, clientProfile.costs);
  expect(encryption).toBeCloseTo(plan.statistics.inputCiphertexts * each, 6);
  expect(measures.clientMilliseconds).toBeCloseTo(encryption + decryption, 6);
  expect(keys).toBeGreaterThan(encryption);
});

test('keys of several special primes take less, the more there are', () => {
  const { program } = chosen({ optimize: 'end-to-end', engine: 'seal-wasm' }).plan;
  const keysWith = (specials: number): number => {
    const { primes, specialPrimes } = program.parameters;
    const [special = 0] = specialPrimes;
    const parameters = { ...program.parameters, primes, specialPrimes: Array<number>(specials).fill(special) };
    return clientTimes({ columns: program.columns, parameters }, clientProfile).keys;
  };
  expect(keysWith(1)).toBeGreaterThan(keysWith(2));
  expect(keysWith(2)).toBeGreaterThan(0);
});

test('measured costs of the client stand in place of those', () => {
  const free = { base: 1e-9, perPrime: 0, perPair: 0 };
  const each = { encrypt: free, decrypt: free, 'galois-key': free, 'relinearization-key': free };
  const costs: ClientCostTable = { 4096: each, 8192: each, 16384: each, 32768: each, 65536: each };
  const { measures } = chosen({ optimize: 'end-to-end', clientCosts: costs });
  expect(measures.clientMilliseconds).toBeLessThan(1e-6);
});
