/** Which chains are looked at: the cheapest that is accurate enough, and few where none is. */
import { beforeAll, expect, test } from 'vitest';
import { chooseLayouts } from '../../../../compiler/layouts/choose-layouts.ts';
import { defaultCosts } from '../../../../compiler/layouts/cost.ts';
import { ManagedPrograms } from '../../../../compiler/parameters/managed-programs.ts';
import { selectChain } from '../../../../compiler/parameters/select-chain.ts';
import { packNetwork } from '../../../../compiler/search/pack-network.ts';
import { engineProfiles, profileOf } from '../../../../costs/profiles.ts';
import { programCost } from '../../../../costs/program-cost.ts';
import type { HeModule } from '../../../../ir/he/module.ts';
import { PassManager } from '../../../../passes/manager.ts';
import { networkSamples } from '../../../support/arbitrary-networks.ts';
import { denseChain } from '../../../support/tiny-networks.ts';

const degree = 16384;
const module = denseChain([16, 12, 10, 8, 6, 4]);
const samples = networkSamples(module, 2, 1);
const manager = new PassManager(samples);
let program: HeModule;

beforeAll(() => {
  const choice = chooseLayouts(module, { virtualSlots: degree / 2, batchTile: 1 }, defaultCosts);
  const packed = packNetwork(module, choice, { samples, manager, weights: 'plain' });
  if ('needs' in packed) throw new Error('its values overflow');
  ({ program } = packed);
});

/** The programs whose error was asked for, where `errorOf` is their error. */
function predicted(errorOf: (specials: number, primes: number) => number): {
  readonly asked: HeModule[];
  readonly chosen?: HeModule;
} {
  const asked: HeModule[] = [];
  const { selection } = selectChain(program, degree, 0, {
    manager,
    maxError: 0.01,
    programs: new ManagedPrograms(program, manager),
    predict: (candidate) => {
      asked.push(candidate);
      return { error: errorOf(specialsOf(candidate), primesOf(candidate)), noise: 0, changed: 0 };
    },
  });
  return { asked, ...(selection !== undefined && { chosen: selection.program }) };
}

const specialsOf = ({ parameters }: HeModule): number => parameters?.specialPrimes.length ?? 0;
const primesOf = ({ parameters }: HeModule): number => parameters?.primes.length ?? 0;

test('the cheapest is looked at first, and taken where it is accurate', () => {
  const { asked, chosen } = predicted(() => 0.001);
  expect(asked).toHaveLength(1);
  expect(chosen).toBe(asked[0]);
});

test('where the one with the most bits is far from accurate, others with several special primes are passed over', () => {
  const near = predicted(() => 0.02).asked.filter((each) => specialsOf(each) > 1);
  const far = predicted(() => 1).asked.filter((each) => specialsOf(each) > 1);
  expect(far.length).toBeLessThan(near.length / 2);
  expect(predicted(() => Infinity).asked).toHaveLength(predicted(() => 1).asked.length);
});

test('labels that few samples show to change far too often are not looked at on more of them', () => {
  const cares = (changed: number): string[] => {
    const asked: string[] = [];
    selectChain(program, degree, 0, {
      ...{ manager, maxError: 1, maxChanged: 0.01 },
      programs: new ManagedPrograms(program, manager),
      predict: (_, __, care) => {
        asked.push(care);
        return { error: 0.9, noise: 0, changed };
      },
    });
    return asked;
  };
  expect(cares(0.05)).not.toContain('thorough');
  expect(cares(0.015)).toContain('thorough');
});

test('one that is accurate with few special primes is found, however those with more err', () => {
  const { chosen, asked } = predicted((specials) => (specials > 2 ? 0.9 : 0.001));
  expect(specialsOf(chosen ?? program)).toBeLessThanOrEqual(2);
  const costs = asked.map((each) => programCost(each, engineProfiles.simd.costs));
  expect(programCost(chosen ?? program, engineProfiles.simd.costs)).toBeGreaterThanOrEqual(Math.min(...costs));
});

test('longer chains are passed over where errors are hopeless and grow with them, and only there', () => {
  const lengths = (errorOf: (primes: number) => number): number[] =>
    [...new Set(predicted((_, primes) => errorOf(primes)).asked.map(primesOf))].sort((a, b) => a - b);
  const all = lengths(() => 0.02);
  expect(all.length).toBeGreaterThan(3);
  expect(lengths((primes) => 2 ** primes)).toEqual(all.slice(0, 3));
  expect(lengths((primes) => 2 ** -primes + 0.03)).toEqual(all);
});

test('more memory lets keys have more of it', () => {
  const { limit, keyBudget } = engineProfiles.simd.memory;
  const { memory } = profileOf('simd', undefined, 4 * limit);
  expect(memory.limit).toBe(4 * limit);
  expect(memory.keyBudget).toBe(4 * keyBudget);
});
