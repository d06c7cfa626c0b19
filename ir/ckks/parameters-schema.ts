/**
 * Parameters from outside, within the limits of `security.ts`: the former ones where they are read, today's where they are
 * chosen.
 */
import { z } from 'zod';
import { isPrime } from '../maths/modular.ts';
import {
  allPrimes,
  maxDataPrimes,
  maxSpecialPrimes,
  modulusBits,
  type Parameters,
  polyModulusDegrees,
  productOf,
} from '../parameters.ts';
import { mostReadBits } from './security.ts';

const primeSchema = z.int().min(3);

export const parametersSchema = z
  .strictObject({
    polyModulusDegree: z.literal(polyModulusDegrees),
    /** Data primes: first (level 0) to last (the top level). */
    primes: z.array(primeSchema).min(1).max(maxDataPrimes),
    /** The key switching primes, whose product P is at least as large as every data prime. */
    specialPrimes: z.array(primeSchema).min(1).max(maxSpecialPrimes),
  })
  .superRefine((parameters, context) => {
    const { polyModulusDegree, primes, specialPrimes } = parameters;
    const all = allPrimes(parameters);
    const refuse = (message: string) => {
      context.addIssue({ code: 'custom', message });
    };
    if (new Set(all).size !== all.length) refuse('the primes are not distinct');
    if (all.some((p) => p % (2 * polyModulusDegree) !== 1)) refuse('a prime is not 1 modulo twice the degree');
    if (all.some((p) => !isPrime(BigInt(p)))) refuse('a prime is a composite number');
    const product = productOf(specialPrimes);
    if (primes.some((p) => BigInt(p) > product)) refuse('the special primes are smaller than a data prime');
    const limit = mostReadBits(polyModulusDegree);
    if (modulusBits(parameters) > limit)
      refuse(`the modulus has more than ${limit} bits: not secure at N = ${polyModulusDegree}`);
  }) satisfies z.ZodType<Parameters>;
