import { expect, test } from 'vitest';

import { Constant } from '../../../../ir/constant.ts';
import { materialise, plaintextAt } from '../../../../ir/he/plaintexts.ts';
import { NoiseModel } from '../../../../ir/interpret/noise.ts';
import { PlaintextSlots } from '../../../../ir/interpret/plaintext-slots.ts';
import { managedProgram, parameters, scale, slots } from './programs.ts';

test('a rotated plaintext has the rotated error', () => {
  const packed = [new Constant([1, 4], Float64Array.of(0.1, 0.2, 0.3, 0.4))];
  const plaintexts = {
    source: Int32Array.of(0, 0),
    tile: Int32Array.of(0, 0),
    shift: Int32Array.of(0, -3),
    inner: Int32Array.of(2, 2),
  };
  const noisy = new PlaintextSlots({ slots, packed, plaintexts }, new NoiseModel(parameters, 1));
  const [plain, rotated] = [noisy.at(0, scale), noisy.at(1, scale)];
  expect(rotated).toEqual(plain.map((_, s) => plain[(s - 3 + slots) % slots] ?? 0));
  const exact = new Float64Array(slots);
  materialise(packed, plaintextAt(plaintexts, 0), exact);
  expect(plain).not.toEqual(exact);
  plain.forEach((x, s) => {
    expect(Math.abs(x - (exact[s] ?? 0))).toBeLessThan(1e-8);
  });
});

test('zeros are encoded without error', () => {
  const noisy = new PlaintextSlots(managedProgram(), new NoiseModel(parameters, 1));
  expect(noisy.at(2, scale)).toEqual(new Float64Array(slots));
});

test('what has no room to be kept comes back the same', () => {
  const rows = 3000;
  const packed = [
    new Constant(
      [rows, 2],
      Float64Array.from({ length: 2 * rows }, (_, i) => i),
    ),
  ];
  const column = (value: (i: number) => number) => Int32Array.from({ length: rows }, (_, i) => value(i));
  const plaintexts = {
    source: column(() => 0),
    tile: column((i) => i),
    shift: column((i) => i),
    inner: column(() => 1),
  };
  const cache = new PlaintextSlots({ slots, packed, plaintexts });
  const first = cache.at(0, 1);
  expect(cache.at(0, 1)).toBe(first);
  for (let id = 1; id < rows; id++) expect(cache.at(id, 1)[0]).toBe(2 * id + (id % 2));
  expect(cache.at(0, 1)).toBe(first);
  const last = cache.at(rows - 1, 1).slice();
  expect(cache.at(rows - 2, 1)).not.toEqual(last);
  expect(cache.at(rows - 1, 1)).toEqual(last);
});

test('a product is that with the slots', () => {
  const row = Float64Array.from({ length: slots }, (_, s) => (s % 3 === 0 ? 0 : s / slots));
  const packed = [new Constant([1, slots], row)];
  // One with all slots in their order, and one that is shifted.
  const plaintexts = {
    source: Int32Array.of(0, 0),
    tile: Int32Array.of(0, 0),
    shift: Int32Array.of(0, 1),
    inner: Int32Array.of(1, 1),
  };
  const noisy = new PlaintextSlots({ slots, packed, plaintexts }, new NoiseModel(parameters, 1));
  const x = Float64Array.from({ length: slots }, (_, s) => 1 + s);
  const product = new Float64Array(slots);
  // Scales one after another, and again: what is known of one is not taken for another.
  for (const [id, factor] of [0, 1].flatMap((id) => [1, 8, 1].map((each) => [id, each] as const))) {
    noisy.multiply(id, factor * scale, x, product);
    const slotsOf = noisy.at(id, factor * scale);
    expect(product).toEqual(x.map((value, s) => value * (slotsOf[s] ?? NaN)));
  }
});
