import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { inflate, InflateError } from '../../../../runtime/format/inflate.ts';
import { damaged } from './mutations.ts';
import { casesOf } from '../../../support/setup/suite.ts';

/** Bytes with many repetitions, near and far. */
const repetitive = fc
  .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 2000 })), { maxLength: 8 })
  .map((runs) => Buffer.concat(runs.map(([bytes, times]) => Buffer.alloc(bytes.length * times, bytes))));

const options = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  strategy: fc.constantFrom(constants.Z_DEFAULT_STRATEGY, constants.Z_HUFFMAN_ONLY, constants.Z_RLE, constants.Z_FIXED),
  memLevel: fc.integer({ min: 1, max: 9 }),
});

describe('inflate', () => {
  it('undoes zlib at every level and strategy', () => {
    fc.assert(
      fc.property(fc.oneof(repetitive, fc.uint8Array({ maxLength: 5000 })), options, (bytes, deflateOptions) => {
        expect(Buffer.compare(inflate(deflateRawSync(bytes, deflateOptions), bytes.length), bytes)).toBe(0);
      }),
      { numRuns: casesOf({ normal: 90, nightly: 300 }) },
    );
  });

  it('refuses what zlib refuses, and otherwise gives the same bytes', () => {
    const size = 700;
    const original = Buffer.from(Array.from({ length: size }, (_, i) => (i * i) % 61));
    const streams = [1, 9].flatMap((level) => [
      deflateRawSync(original, { level }),
      deflateRawSync(original, { level, strategy: constants.Z_FIXED }),
    ]);
    fc.assert(
      fc.property(damaged(streams), (stream) => {
        const expected = zlibInflate(stream, size);
        let got: Uint8Array | undefined;
        try {
          got = inflate(stream, size);
        } catch (error) {
          expect(error).toBeInstanceOf(InflateError);
        }
        expect(got === undefined ? undefined : Buffer.from(got)).toEqual(expected);
      }),
      { numRuns: casesOf({ normal: 900, nightly: 3000 }) },
    );
  });

  it.each([-1, 1])('refuses a size that is off by %i', (off) => {
    const bytes = Buffer.from('the quick brown fox jumps over the lazy dog, the quick brown fox');
    expect(() => inflate(deflateRawSync(bytes), bytes.length + off)).toThrow(InflateError);
  });

  it('allocates nothing for a size that the stream is too short for', () => {
    expect(() => inflate(Uint8Array.of(3, 0), 2 ** 40)).toThrow('too short');
  });
});

/** What zlib returns for `info: true`. */
const inflateInfo = z.object({ buffer: z.instanceof(Buffer), engine: z.object({ bytesWritten: z.number() }) });

/** What zlib makes of `stream`, if it is exactly one stream of exactly `size` bytes. */
function zlibInflate(stream: Uint8Array, size: number): Buffer | undefined {
  try {
    const { buffer, engine } = inflateInfo.parse(inflateRawSync(stream, { info: true, maxOutputLength: size }));
    return buffer.length === size && engine.bytesWritten === stream.length ? buffer : undefined;
  } catch {
    return undefined;
  }
}
