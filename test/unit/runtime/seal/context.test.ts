/** SEAL contexts and encoders, against what is computed without them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { SealContext } from '../../../../runtime/seal/library/context.ts';
import { Handles, liveHandles, withHandles } from '../../../../runtime/seal/library/handles.ts';
import { LevelEncoder } from '../../../../runtime/seal/library/level-encoder.ts';
import { instantiateSeal } from '../../../../runtime/seal/library/module.ts';
import { keyParmsIdOf, parmsIdOf } from '../../../../runtime/seal/bytes/parms-id.ts';
import { saveUncompressed } from '../../../../runtime/seal/library/save.ts';
import { smallParameters } from '../engines/seal-wasm/programs.ts';

let context: SealContext;

beforeAll(async () => {
  context = new SealContext(await instantiateSeal(), smallParameters);
});
afterAll(() => {
  context.close();
  expect(liveHandles()).toBe(0);
});

function words(bytes: Uint8Array): bigint[] {
  return [...new BigUint64Array(bytes.slice().buffer)];
}

test('identities of parameters are those of SEAL', () => {
  for (const level of [0, 1]) {
    expect([...(context.parmsId(level).values() as BigUint64Array)]).toEqual(words(parmsIdOf(smallParameters, level)));
  }
  withHandles((handles) => {
    const id = handles.own(context.context.keyParmsId());
    expect([...(id.values() as BigUint64Array)]).toEqual(words(keyParmsIdOf(smallParameters)));
  });
});

test('a context of the lower primes encodes the same bytes as dropping primes', () => {
  const slots = Float64Array.from({ length: 2048 }, (_, s) => Math.sin(s));
  const dropping = new LevelEncoder(context, new Map());
  const lower = new LevelEncoder(context, new Map([[0, 1000]]));
  withHandles((handles) => {
    const [x, y] = [handles.own(new context.seal.Plaintext()), handles.own(new context.seal.Plaintext())];
    dropping.encode(slots, 0, 2 ** 25, x);
    lower.encode(slots, 0, 2 ** 25, y);
    expect(Buffer.compare(saveUncompressed(context.seal, x), saveUncompressed(context.seal, y))).toBe(0);
  });
});

test('a factor that rounds to zero becomes one unit in the last place', () => {
  const encoder = new LevelEncoder(context, new Map());
  withHandles((handles) => {
    const plaintext = handles.own(new context.seal.Plaintext());
    encoder.encodeFactor(new Float64Array(2048).fill(1e-15), 1, 2 ** 30, plaintext);
    expect(plaintext.isZero()).toBe(false);
    const decoded = context.encoder.decodeFloat64(plaintext) as Float64Array;
    for (const value of decoded) expect(value).toBeCloseTo(2 ** -30, 15);
    encoder.encode(new Float64Array(2048), 1, 2 ** 30, plaintext);
    expect(plaintext.isZero()).toBe(true);
  });
});

test.each([
  ['a slot of 1e300', 1e300, 1, 2 ** 30],
  ['an infinite slot', Infinity, 1, 2 ** 30],
  ['a slot that is no number', NaN, 1, 2 ** 30],
  ['a scale of 1e300', 1, 1, 1e300],
  ['a scale that makes one of them too large', 2 ** 20, 0, 2 ** 30],
  ['a scale whose inverse is infinite', 0, 1, Number.MIN_VALUE],
  ['a scale of zero', 0, 1, 0],
])('%s is refused before SEAL sees it', (_, value, level, scale) => {
  const slots = new Float64Array(2048);
  slots[77] = value;
  for (const counts of [new Map<number, number>(), new Map([[0, 1000]])]) {
    const encoder = new LevelEncoder(context, counts);
    withHandles((handles) => {
      const plaintext = handles.own(new context.seal.Plaintext());
      expect(() => {
        encoder.encodeFactor(slots, level, scale, plaintext);
      }).toThrow(InternalError);
    });
  }
});

test('handles are counted, freed once, and freed on every way out', () => {
  const before = liveHandles();
  const handles = new Handles();
  const plaintext = handles.own(new context.seal.Plaintext());
  expect(liveHandles()).toBe(before + 1);
  handles.free(plaintext);
  expect(() => {
    handles.free(plaintext);
  }).toThrow(/another than its owner/);
  expect(() =>
    withHandles((temporary) => {
      temporary.own(new context.seal.Plaintext());
      throw new Error('in the middle');
    }),
  ).toThrow('in the middle');
  expect(liveHandles()).toBe(before);
});
