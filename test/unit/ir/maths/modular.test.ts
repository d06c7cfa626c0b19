/** Inverses modulo primes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { balancedInverse } from '../../../../ir/maths/modular.ts';

test('x times its inverse is one more than a multiple of the prime, and the inverse is balanced', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(3, 65537, 1073692673, 281474976546817),
      fc.integer({ min: 1, max: 2 ** 48 }),
      (q, x) => {
        fc.pre(x % q !== 0);
        const inverse = balancedInverse(x, q);
        expect((BigInt(inverse) * BigInt(x) - 1n) % BigInt(q)).toBe(0n);
        expect(Math.abs(inverse)).toBeLessThanOrEqual((q - 1) / 2);
      },
    ),
  );
});
