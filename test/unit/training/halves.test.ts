import { describe, expect, test } from 'vitest';
import { fromHalves, toHalves } from '../../../training/halves.ts';
import { seededRandom } from '../../../ir/random.ts';

/** The doubles that have a half, in ascending order, from zero on. */
const halves = fromHalves(Uint16Array.from({ length: 0x7c00 }, (_, code) => code));

describe('halves', () => {
  test('are what IEEE 754 says', () => {
    const codes = [0x0000, 0x0001, 0x03ff, 0x0400, 0x3555, 0x3c00, 0x7bff, 0xc000];
    expect([...fromHalves(Uint16Array.from(codes))]).toEqual([
      ...[0, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 1365 / 4096, 1, 65504, -2],
    ]);
    expect([...fromHalves(Uint16Array.of(0x7c00, 0xfc00, 0x7e00))]).toEqual([Infinity, -Infinity, NaN]);
    expect([...halves]).toEqual([...halves].sort((x, y) => x - y));
  });

  test('each of them is its own nearest half, with its sign', () => {
    const codes = Uint16Array.from([...halves.keys()].flatMap((code) => [code, code + 0x8000]));
    expect(toHalves(fromHalves(codes))).toEqual(codes);
    expect([...toHalves(Float64Array.of(Infinity, -Infinity, NaN, -0))]).toEqual([0x7c00, 0xfc00, 0x7e00, 0x8000]);
  });

  test('other numbers go to the nearest, and those in the middle to the even one', () => {
    const random = seededRandom(3);
    for (let code = 0; code + 1 < halves.length; code += 1 + Math.floor(8 * random.uniform())) {
      const [low = 0, high = 0] = halves.subarray(code, code + 2);
      const middle = (low + high) / 2;
      const step = (high - low) / 4;
      expect([...toHalves(Float64Array.of(middle - step, middle, middle + step))]).toEqual([
        ...[code, code % 2 === 0 ? code : code + 1, code + 1],
      ]);
    }
  });

  test('what is beyond the largest is infinite once it is nearer to the next power of two', () => {
    expect([...toHalves(Float64Array.of(65519.99, 65520, 65536, 1e300, -65520))]).toEqual([
      ...[0x7bff, 0x7c00, 0x7c00, 0x7c00, 0xfc00],
    ]);
  });
});
