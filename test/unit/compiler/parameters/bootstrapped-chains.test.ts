import { describe, expect, test } from 'vitest';
import { bootstrappedChain } from '../../../../compiler/parameters/bootstrapped-chains.ts';
import { bootstrapSetNames, throughSine } from '../../../../ir/ckks/bootstrapping.ts';
import { parametersSchema } from '../../../../ir/ckks/parameters-schema.ts';
import { maxModulusBits } from '../../../../ir/ckks/security.ts';
import { encapsulationPrimes, keyDigits } from '../../../../ir/ckks/switching-keys.ts';
import { allPrimes, bitLength, modulusBits } from '../../../../ir/parameters.ts';
import { sparseWeight } from '../../../../runtime/cipher/randomness/sparse-secret.ts';

describe.each(bootstrapSetNames)('%s', (name) => {
  const { parameters, effect } = bootstrappedChain(name);

  test('has 128 bits of security, with primes that kernels take', () => {
    expect(parametersSchema.safeParse(parameters).success).toBe(true);
    expect(modulusBits(parameters)).toBeLessThanOrEqual(maxModulusBits[32768]);
    expect(Math.max(...allPrimes(parameters).map(bitLength))).toBe(48);
  });

  test('has nothing under the sparse secret but what its estimate is of', () => {
    // The estimate of 150 bits is of 16 ones, 16 minus ones and a modulus of 88 bits at N = 32768 (bench/security.md).
    const { toSparse } = encapsulationPrimes(parameters);
    const primes = allPrimes(parameters);
    const bits = toSparse.reduce((sum, k) => sum + Math.log2(primes[k] ?? Infinity), 0);
    expect(bits).toBeLessThanOrEqual(88);
    expect(sparseWeight).toBe(32);
  });

  test('has as few digits as its special primes allow, and levels between two bootstraps', () => {
    expect(keyDigits(parameters).length).toBeLessThanOrEqual(7);
    expect(effect.outputLevel - effect.level).toBe(effect.circuit.residual);
  });

  test('gives values at a scale that products keep, where that is said', () => {
    const { circuit, outputLevel, outputScale } = effect;
    const prime = parameters.primes[outputLevel] ?? 0;
    if (circuit.outputBits === undefined) expect(outputScale).toBeGreaterThan(16 * prime);
    else expect(Math.abs(Math.log2(outputScale / prime))).toBeLessThan(0.1);
  });

  test('errs by its sine and by its noise alike, within a factor of eight', () => {
    const cubic = 1 - throughSine(1, effect.angle);
    expect(cubic).toBeGreaterThan(0);
    expect(Math.abs(Math.log2(cubic / effect.deviation))).toBeLessThan(3);
  });
});
