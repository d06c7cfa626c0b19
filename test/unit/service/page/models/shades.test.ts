import { expect, test } from 'vitest';
import { shadesOf } from '../../../../../service/page/models/shades.ts';
import { seededRandom } from '../../../../../ir/random.ts';

test('of each residue the byte that varies is shown, wherever residues begin', () => {
  const random = seededRandom(1);
  const sent = new Uint8Array(100_003);
  // Residues of 16 bits, in words that begin at 5, 13, …
  for (let i = 5; i < sent.length; i += 8) sent.set([random.integer(0, 255), random.integer(0, 3)], i);
  const shades = shadesOf(sent);
  expect(shades.length).toBe(6144);
  expect(new Set(shades).size).toBeGreaterThan(200);
  expect(Math.min(...shades)).toBe(0);
  expect(Math.max(...shades)).toBe(1);
});

test('a file that is too short has none', () => {
  expect(shadesOf(new Uint8Array(100))).toEqual(new Float64Array());
});
