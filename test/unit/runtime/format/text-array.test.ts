/** Texts in numpy's files and in JSON. */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { readTextNpy, textsFromNested, writeTextNpy } from '../../../../runtime/format/text-array.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 6 }).filter((each) => !each.includes('\0'));

test('texts are read as they were written', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 5 }), (pairs) => {
      const array = { shape: [pairs.length, 2], data: pairs.flat() };
      expect(readTextNpy(writeTextNpy(array))).toEqual(array);
    }),
  );
});

test('bytes of numpy, both ways round', () => {
  const written = writeTextNpy({ shape: [2], data: ['ab', 'é'] });
  expect(new TextDecoder('latin1').decode(written.subarray(10, 60))).toContain("'descr': '<U2'");
  expect(written.length % 64).toBe(16);
  const swapped = Uint8Array.from(written);
  swapped[swapped.indexOf('<'.charCodeAt(0), 10)] = '>'.charCodeAt(0);
  for (let at = written.length - 16; at < written.length; at += 4) swapped.subarray(at, at + 4).reverse();
  expect(readTextNpy(swapped).data).toEqual(['ab', 'é']);
});

test.each([
  ['a file cut short', (bytes: Uint8Array) => bytes.subarray(0, -4), 'H405'],
  ['numbers', (bytes: Uint8Array) => Uint8Array.from(bytes, (b, i) => (i > 9 && b === 0x55 ? 0x66 : b)), 'H404'],
  ['no header', () => new Uint8Array(4), 'H403'],
])('%s is refused', (_, damage, code) => {
  expect(() => readTextNpy(damage(writeTextNpy({ shape: [1], data: ['x'] })))).toThrow(code);
});

test('nested lists of JSON', () => {
  expect(
    textsFromNested([
      ['a', 'b'],
      ['c', 'd'],
    ]),
  ).toEqual({ shape: [2, 2], data: ['a', 'b', 'c', 'd'] });
  for (const bad of [[['a'], ['b', 'c']], [1], ['a', ['b']], {}]) expect(() => textsFromNested(bad)).toThrow('H406');
});
