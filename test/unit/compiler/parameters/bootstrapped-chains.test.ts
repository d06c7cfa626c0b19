import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bootstrappedChain } from '../../../../compiler/parameters/bootstrapped-chains.ts';
import { bootstrapSetNames, throughSine } from '../../../../ir/ckks/bootstrapping.ts';
import { parametersSchema } from '../../../../ir/ckks/parameters-schema.ts';
import { maxModulusBits } from '../../../../ir/ckks/security.ts';
import { encapsulationPrimes, keyDigits } from '../../../../ir/ckks/switching-keys.ts';
import { allPrimes, bitLength, modulusBits } from '../../../../ir/parameters.ts';
import { sparseWeight } from '../../../../runtime/cipher/randomness/sparse-secret.ts';

/** The cells of all tables of the document that has the argument for the security of each set. */
const documented = readFileSync(join(import.meta.dirname, '../../../../bench/security.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

/** What each attack on the sparse secret takes by the document, as a power of two; some attacks need blocks that are beyond all costs. */
function sparseEstimates(degree: number, bits: number): readonly number[] {
  return documented
    .filter((cells) => cells.length === 5 && Number(cells[0]) === degree && Number(cells[1]) === bits)
    .map(([, , , operations = '']) => (operations === 'none' ? Infinity : Number(operations)));
}

/** Bits of primes as the document has them: 40 + 2 × 24. */
function listed(primes: readonly number[]): string {
  const runs: { readonly bits: number; count: number }[] = [];
  for (const bits of primes.map(bitLength)) {
    const last = runs.at(-1);
    if (last?.bits === bits) last.count++;
    else runs.push({ bits, count: 1 });
  }
  return runs.map(({ bits, count }) => (count === 1 ? String(bits) : `${String(count)} × ${String(bits)}`)).join(' + ');
}

/**
 * At most how likely a coefficient has more than `most` multiples of the first prime: that a sum of `weight` + 1 uniforms on
 * [−1/2, 1/2] is beyond `most` (`tools/estimate-wraps.py`).
 */
function wrapBound(weight: number, most: number): number {
  const count = weight + 1;
  let sum = 0;
  let binomial = 1;
  for (let j = 0; j < count / 2 - most; j++) {
    sum += (-1) ** j * binomial * (count / 2 - most - j) ** count;
    binomial *= (count - j) / (j + 1);
  }
  const factorial = Array.from({ length: count }, (_, k) => k + 1).reduce((product, k) => product * k, 1);
  return (2 * sum) / factorial;
}

const digits = { precise: 6, middle: 6, deep: 6, wide: 5 } as const;

describe.each(bootstrapSetNames)('%s', (name) => {
  const { parameters, effect } = bootstrappedChain(name);
  const { polyModulusDegree: degree, primes, specialPrimes } = parameters;

  test('has 128 bits of security, with primes that kernels take', () => {
    expect(parametersSchema.safeParse(parameters).success).toBe(true);
    expect(modulusBits(parameters)).toBeLessThanOrEqual(maxModulusBits[degree]);
    expect(Math.max(...allPrimes(parameters).map(bitLength))).toBe(48);
  });

  test('has nothing under the sparse secret but what its estimate is of, and that has 128 bits of security', () => {
    const { toSparse } = encapsulationPrimes(parameters);
    const all = allPrimes(parameters);
    const bits = toSparse.reduce((sum, k) => sum + Math.log2(all[k] ?? Infinity), 0);
    const estimates = sparseEstimates(degree, Math.ceil(bits));
    // Seven attacks, the last of them once more at the guess that is cheapest.
    expect(estimates).toHaveLength(8);
    expect(Math.min(...estimates)).toBeGreaterThanOrEqual(128);
    expect(sparseWeight).toBe(32);
  });

  test('is documented as it is, with the least of its estimates', () => {
    const sparse = encapsulationPrimes(parameters).toSparse.map((k) => bitLength(allPrimes(parameters)[k] ?? 0));
    const sparseBits = sparse.reduce((sum, bits) => sum + bits, 0);
    expect(documented).toContainEqual([
      name,
      String(degree),
      listed(primes),
      listed(specialPrimes),
      String(modulusBits(parameters)),
      String(maxModulusBits[degree]),
      `${sparse.join(' + ')} = ${String(sparseBits)}`,
      Math.min(...sparseEstimates(degree, sparseBits)).toFixed(1),
    ]);
  });

  test('fails once in 2^62 bootstraps at most, for its K and for values in all coefficients', () => {
    const { mostWraps, ratioBits } = effect.circuit;
    // The largest message of the exact estimate, which is below the bound, is 2^-8 of the first prime.
    expect(ratioBits).toBeGreaterThanOrEqual(8);
    const chance = Math.log2(wrapBound(sparseWeight, mostWraps) * degree);
    expect(chance).toBeLessThan(-62);
    const row = documented.find((cells) => cells.length === 9 && Number(cells[0]) === mostWraps);
    expect(row?.[degree === 65536 ? 8 : 7]).toBe(`2^${chance.toFixed(1)}`);
  });

  test('has as few digits as its special primes allow, and levels between two bootstraps', () => {
    expect(keyDigits(parameters)).toHaveLength(digits[name]);
    expect(effect.outputLevel - effect.level).toBe(effect.circuit.residual);
  });

  test('gives values at a scale that products keep, where that is said', () => {
    const { circuit, outputLevel, outputScale } = effect;
    const prime = primes[outputLevel] ?? 0;
    if (circuit.outputBits === undefined) expect(outputScale).toBeGreaterThan(16 * prime);
    else expect(Math.abs(Math.log2(outputScale / prime))).toBeLessThan(0.1);
  });

  test('errs by its sine and by its noise alike, within a factor of eight', () => {
    const cubic = 1 - throughSine(1, effect.angle);
    expect(cubic).toBeGreaterThan(0);
    expect(Math.abs(Math.log2(cubic / effect.deviation))).toBeLessThan(3);
  });
});
