/** What key switches with several special primes take, by counts and by the cost table. */
import { describe, expect, test } from 'vitest';
import { likelyChain } from '../../../costs/likely-chain.ts';
import { costedOps, opCost } from '../../../costs/op-costs.ts';
import { engineProfiles } from '../../../costs/profiles.ts';
import { switchingWork } from '../../../costs/switching-work.ts';
import type { Parameters, PolyModulusDegree } from '../../../ir/parameters.ts';
import { keyDigitsAt } from '../../../ir/ckks/switching-keys.ts';

const { costs, capabilities } = engineProfiles.simd;

function evenChain(primes: number, specials: number, degree: PolyModulusDegree = 16384): Parameters {
  const of = (length: number): number[] => Array<number>(length).fill(2 ** 44);
  return { polyModulusDegree: degree, primes: of(primes), specialPrimes: of(specials) };
}

describe('work', () => {
  test('is that of the table with one special prime, and of operations without key switch', () => {
    for (const op of costedOps) {
      expect(switchingWork(op, 7, evenChain(8, 1))).toBeUndefined();
      expect(opCost(op, 7, 16384, costs, evenChain(8, 1))).toBe(opCost(op, 7, 16384, costs));
    }
    for (const op of ['add', 'rescale', 'multiply', 'encode'] as const)
      expect(opCost(op, 7, 16384, costs, evenChain(8, 3))).toBe(opCost(op, 7, 16384, costs));
  });

  test('counts what a key switch does: 8 primes, 3 special ones, digits of 3, 3 and 2', () => {
    const chain = evenChain(8, 3);
    expect(keyDigitsAt(chain, 7).map(({ from, to }) => to - from)).toEqual([3, 3, 2]);
    // To the 8 + 3 primes but the digit's own, each from its primes and the quotient; and to 8 primes, twice, from 3.
    const conversions = 2 * (8 * 4) + 9 * 3;
    const divisions = 2 * 8 * 4;
    expect(switchingWork('decompose', 7, chain)).toEqual({ pairs: 30, terms: conversions, inverses: 0 });
    expect(switchingWork('mod-down', 7, chain)).toEqual({ pairs: 30, terms: divisions, inverses: 4 });
    expect(switchingWork('rotate', 7, chain)).toEqual({ pairs: 30, terms: conversions + divisions, inverses: 4 });
  });

  test('a digit of one prime needs no conversion', () => {
    expect(switchingWork('decompose', 1, evenChain(8, 3))?.terms).toBe(3 * 3);
    expect(switchingWork('decompose', 0, evenChain(8, 3))?.terms).toBe(0);
  });

  test('long chains gain, the longer the more', () => {
    const gain = (primes: number, specials: number): number =>
      opCost('rotate', primes - 1, 32768, costs, evenChain(primes, 1, 32768)) /
      opCost('rotate', primes - 1, 32768, costs, evenChain(primes, specials, 32768));
    expect(gain(12, 3)).toBeGreaterThan(1.4);
    expect(gain(16, 3)).toBeGreaterThan(gain(12, 3));
    expect(gain(3, 2)).toBeLessThan(1.2);
  });
});

describe('the chain that a program will likely have', () => {
  test('has as many special primes as leave primes of 40 bits, and make digits fewer', () => {
    const specials = (degree: PolyModulusDegree, primes: number): number =>
      likelyChain(degree, primes, capabilities).specialPrimes.length;
    expect(specials(8192, 4)).toBe(1);
    expect(specials(8192, 3)).toBe(2);
    expect(specials(16384, 8)).toBe(2);
    expect(specials(16384, 6)).toBe(3);
    expect(specials(32768, 12)).toBe(6);
    expect(specials(16384, 14)).toBe(1);
  });

  test('has one for an engine that takes no more', () => {
    expect(likelyChain(32768, 12, engineProfiles['seal-wasm'].capabilities).specialPrimes).toHaveLength(1);
  });
});
