/** Parameters for the SIMD engine: secure or not, for SEAL is asked for none of it here. */
import fc from 'fast-check';
import { nttPrimes } from '../../../compiler/parameters/primes.ts';
import { maxPrimeBits, type Parameters, type PolyModulusDegree } from '../../../ir/parameters.ts';

/** Of the operands, and of the keys, which are good for more. */
export interface OperandLevel {
  readonly level: number;
  readonly keyLevel: number;
}

export function parametersOf(n: PolyModulusDegree, bits: readonly number[], specialBits: number): Parameters {
  // Of equal bits the first gets the largest prime.
  const [specialPrime, ...primes] = nttPrimes([specialBits, ...bits], n) ?? [];
  if (specialPrime === undefined) throw new Error(`no primes of ${bits.join(', ')} bits for ${n}`);
  return { polyModulusDegree: n, primes, specialPrime };
}

export const arbitraryParameters: fc.Arbitrary<{ parameters: Parameters; operands: OperandLevel }> = fc
  .record({
    n: fc.constantFrom<PolyModulusDegree>(4096, 8192),
    bits: fc.array(fc.integer({ min: 25, max: maxPrimeBits }), { minLength: 1, maxLength: 6 }),
    moreBits: fc.nat(maxPrimeBits),
    level: fc.nat(5),
    keyLevel: fc.nat(5),
  })
  .map(({ n, bits, moreBits, level, keyLevel }) => {
    const parameters = parametersOf(n, bits, Math.min(maxPrimeBits, Math.max(...bits) + moreBits));
    const operand = level % bits.length;
    return { parameters, operands: { level: operand, keyLevel: operand + (keyLevel % (bits.length - operand)) } };
  });
