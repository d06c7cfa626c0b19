import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { crc32 } from '../../../../runtime/format/crc32.ts';

it('agrees with zlib', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), fc.nat(8), (bytes, skipped) => {
      const view = bytes.subarray(skipped);
      expect(crc32(view)).toBe(zlibCrc32(view));
    }),
    { numRuns: 500 },
  );
});
