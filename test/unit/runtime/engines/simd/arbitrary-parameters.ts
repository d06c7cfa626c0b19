/** Parameters for the SIMD engine: secure or not, for SEAL is asked for none of it here. */
import { engineProfiles } from '../../../../../costs/profiles.ts';
import fc from 'fast-check';
import { nttPrimes } from '../../../../../compiler/parameters/primes.ts';
import type { Parameters, PolyModulusDegree } from '../../../../../ir/parameters.ts';

const { largestPrimeBits } = engineProfiles.simd.capabilities;

/** Of the operands, and of the keys, which are good for more. */
export interface OperandLevel {
  readonly level: number;
  readonly keyLevel: number;
}

export function parametersOf(n: PolyModulusDegree, bits: readonly number[], specialBits: number): Parameters {
  // Of equal bits the first gets the largest prime.
  const [specialPrime, ...primes] = nttPrimes([specialBits, ...bits], n) ?? [];
  if (specialPrime === undefined) throw new Error(`no primes of ${bits.join(', ')} bits for ${n}`);
  return { polyModulusDegree: n, primes, specialPrimes: [specialPrime] };
}

interface Drawn {
  readonly parameters: Parameters;
  readonly operands: OperandLevel;
}

/** Of `least` to `most` data primes of 25 bits or more. */
export function parametersWith(
  degrees: readonly PolyModulusDegree[],
  least: number,
  most: number,
): fc.Arbitrary<Drawn> {
  return fc
    .record({
      n: fc.constantFrom(...degrees),
      bits: fc.array(fc.integer({ min: 25, max: largestPrimeBits }), {
        minLength: least,
        maxLength: most,
        size: 'max',
      }),
      moreBits: fc.nat(largestPrimeBits),
      level: fc.nat(most),
      keyLevel: fc.nat(most),
    })
    .map(({ n, bits, moreBits, level, keyLevel }) => {
      const parameters = parametersOf(n, bits, Math.min(largestPrimeBits, Math.max(...bits) + moreBits));
      const operand = level % bits.length;
      return { parameters, operands: { level: operand, keyLevel: operand + (keyLevel % (bits.length - operand)) } };
    });
}

/** Of all degrees; the larger the degree the fewer the primes, so that no case takes much longer than the others. */
export const arbitraryParameters: fc.Arbitrary<Drawn> = fc.oneof(
  { arbitrary: parametersWith([4096], 1, 8), weight: 4 },
  { arbitrary: parametersWith([8192], 1, 5), weight: 3 },
  { arbitrary: parametersWith([16384], 1, 3), weight: 2 },
  { arbitrary: parametersWith([32768], 1, 2), weight: 1 },
);
