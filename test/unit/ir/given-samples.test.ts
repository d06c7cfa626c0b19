/** Samples in every form that callers have them in, and what is none. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { readGivenSamples } from '../../../ir/given-samples.ts';

const ports = [
  { name: 'x', shape: [2, 3] },
  { name: 'constructor', shape: [] },
];
const whole = { x: [1, 2, 3, 4, 5, 6], constructor: 7 };
const expected = [
  new Map([
    ['x', Float64Array.of(1, 2, 3, 4, 5, 6)],
    ['constructor', Float64Array.of(7)],
  ]),
];

describe('samples are taken', () => {
  test.each<readonly [string, unknown]>([
    ['objects of flat lists', whole],
    [
      'objects of nested lists',
      {
        ...whole,
        x: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      },
    ],
    ['lists of typed arrays', { ...whole, x: [Float32Array.of(1, 2, 3), Uint8Array.of(4, 5, 6)] }],
    ['objects without a prototype', Object.assign(Object.create(null) as object, whole)],
    ['maps of lists', new Map<string, unknown>(Object.entries(whole))],
    ['single precision', { x: Float32Array.from(whole.x), constructor: Float32Array.of(7) }],
    ['integers', { x: Int16Array.from(whole.x), constructor: [7] }],
    ['a Buffer', { x: Buffer.from(whole.x), constructor: 7 }],
    ['more names than inputs', { ...whole, y: 'a label' }],
  ])('%s', (_, sample) => {
    expect(readGivenSamples([sample], ports)).toEqual(expected);
  });

  test('arrays of doubles as they are', () => {
    const x = new Float64Array(6);
    const [sample] = readGivenSamples(
      [
        new Map([
          ['x', x],
          ['constructor', new Float64Array(1)],
        ]),
      ],
      ports,
    );
    expect(sample?.get('x')).toBe(x);
  });
});

/** Code and message of everything that is wrong with `given`. */
function complaints(given: unknown): string[] {
  try {
    readGivenSamples(given, ports);
    return [];
  } catch (error) {
    if (!(error instanceof HepcError)) throw error;
    return error.diagnostics.map(({ code, message }) => `${code}: ${message}`);
  }
}

describe('samples are refused', () => {
  test.each<readonly [string, unknown, RegExp]>([
    ['nothing', undefined, /H623: .*got undefined/],
    ['null', null, /H623: .*got null/],
    ['text', 'samples', /H623: .*got a string/],
    ['a sample without a list', whole, /H623: .*got an object/],
    ['a typed array', new Float64Array(6), /H623: .*got a Float64Array/],
    ['a list of nothing', [undefined], /H624: sample 0 is undefined/],
    ['a list with a null', [whole, null], /H624: sample 1 is null/],
    ['a list of arrays', [new Float64Array(6)], /H624: sample 0 is a Float64Array/],
    ['a list of lists', [[1, 2]], /H624: sample 0 is a list of 2/],
    ['a list of texts', ['x'], /H624: sample 0 is a string/],
    ['a sample without values', [{ x: whole.x }], /H620: sample 0 has no values for input "constructor"; it has "x"/],
    ['values that are null', [{ ...whole, x: null }], /H620: sample 0 has no values for input "x"/],
    ['values that are text', [{ ...whole, x: '123456' }], /H625: input "x" of sample 0 has a string in it/],
    ['values that are an object', [{ ...whole, x: {} }], /H625: .* has an object in it; .* \[2, 3\]/],
    ['values of another length', [{ ...whole, x: [1, 2] }], /H621: input "x" of sample 0 has 2 values/],
    ['a longer typed array', [{ ...whole, x: new Float64Array(7) }], /H621: .* has 7 values/],
    [
      'rows of another length',
      [
        {
          ...whole,
          x: [
            [1, 2, 3],
            [4, 5],
          ],
        },
      ],
      /H625: .* has a list of 2 in it/,
    ],
    [
      'too many rows',
      [
        {
          ...whole,
          x: [
            [1, 2, 3],
            [4, 5, 6],
            [7, 8, 9],
          ],
        },
      ],
      /H625: .* has a list of 3 in it/,
    ],
    ['a text among numbers', [{ ...whole, x: [1, 2, 3, 4, 5, '6'] }], /H625: .* has a list of 6 in it/],
    ['a hole among rows', [{ ...whole, x: [[1, 2, 3], undefined] }], /H625: .* has undefined in it/],
    ['long integers', [{ ...whole, x: new BigInt64Array(6) }], /H625: .* has a BigInt64Array in it/],
    ['bytes of no type', [{ ...whole, x: new DataView(new ArrayBuffer(48)) }], /H625: .* has a DataView in it/],
  ])('%s', (_, given, message) => {
    expect(complaints(given).join('\n')).toMatch(message);
  });

  test('all of them at once, but not without end', () => {
    expect(complaints([{ x: 1 }, {}])).toHaveLength(4);
    expect(complaints(new Array(1000).fill(null)).length).toBeLessThan(25);
  });

  test('a list in itself', () => {
    const endless: unknown[] = [];
    endless.push(endless, endless);
    expect(complaints([{ ...whole, x: endless }])).toHaveLength(1);
  });

  test('or taken, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything({ withTypedArray: true, withMap: true, withNullPrototype: true }), (given) => {
        complaints(given);
        complaints([given]);
        complaints([{ x: given, constructor: given }]);
      }),
    );
  });
});
