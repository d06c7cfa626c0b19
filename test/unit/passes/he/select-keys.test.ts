/** Keys fit the memory of the engine, and a file that clients can write. */
import { expect, test } from 'vitest';
import { neededBytes } from '../../../../costs/engine-memory.ts';
import { engineProfiles } from '../../../../costs/profiles.ts';
import { HeBuilder, type HeModule } from '../../../../ir/he/module.ts';
import { keyNeeds } from '../../../../ir/he/keys.ts';
import type { Parameters } from '../../../../ir/parameters.ts';
import { maxKeyBytes, savedKeyBytes } from '../../../../ir/ckks/switching-keys.ts';
import { selectKeys } from '../../../../passes/he/select-keys.ts';

/** Of the longest chain: a key of 16 primes takes 136 MiB. */
const parameters: Parameters = {
  polyModulusDegree: 32768,
  primes: Array.from({ length: 16 }, (_, k) => 2 ** 40 + k),
  specialPrimes: [2 ** 47],
};

/** Rotations of one value at `level` by 1 … count. */
function rotating(count: number, level: number): HeModule & { readonly parameters: Parameters } {
  const builder = new HeBuilder();
  const x = builder.add('input', { level });
  const rotated = Array.from({ length: count }, (_, k) => builder.add('rotate', { a: x, imm: k + 1, level }));
  const sum = rotated.reduce((a, b) => builder.add('add', { a, b, level }));
  builder.add('output', { a: sum, level });
  const plaintexts = {
    source: new Int32Array(),
    tile: new Int32Array(),
    shift: new Int32Array(),
    inner: new Int32Array(),
  };
  return {
    level: 'he',
    name: 'rotations',
    slots: 16384,
    parameters,
    columns: builder.build(),
    plaintexts,
    packed: [],
    origins: [[]],
  };
}

const keysOf = (module: HeModule): number => keyNeeds(module.columns).galoisSteps.length;
const select = (module: HeModule, engine: 'simd' | 'seal-wasm'): HeModule =>
  selectKeys.run(module, selectKeys.options.parse({ engine }), { samples: [] } as never).module;

test('each engine composes by its own memory: keys of low levels cost simd little', () => {
  const low = rotating(40, 2);
  expect(keysOf(select(low, 'simd'))).toBe(40);
  expect(keysOf(select(low, 'seal-wasm'))).toBeLessThan(40);
});

test('no more keys than a file holds, however little of them an engine loads', () => {
  const selected = select(rotating(100, 0), 'simd');
  expect(keysOf(selected)).toBeGreaterThan(20);
  expect(keysOf(selected) * savedKeyBytes(parameters, 0)).toBeLessThanOrEqual(maxKeyBytes);
  const program = { columns: selected.columns, parameters };
  expect(neededBytes(engineProfiles.simd.memory.use(program))).toBeLessThan(engineProfiles.simd.memory.limit);
});

test('with several special primes a file has room for what keys take at their own levels', () => {
  const several = { ...parameters, specialPrimes: [2 ** 47, 2 ** 46, 2 ** 45] };
  const top = savedKeyBytes(several, 15);
  const rotations = { ...rotating(Math.ceil(maxKeyBytes / top) + 40, 1), parameters: several };
  const budgetBytes = 2 ** 40;
  const options = selectKeys.options.parse({ engine: 'simd', budgetBytes });
  const selected = selectKeys.run(rotations, options, { samples: [] } as never).module;
  expect(keysOf(selected)).toBe(keysOf(rotations));
  const high = { ...rotating(Math.ceil(maxKeyBytes / top) + 40, 15), parameters: several };
  const fewer = keysOf(selectKeys.run(high, options, { samples: [] } as never).module);
  expect(fewer).toBeLessThan(keysOf(high));
  expect(fewer * top).toBeLessThanOrEqual(maxKeyBytes);
});
