/** Operations of the SIMD engine against node-seal for the largest degrees and longest chains. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { instantiateSeal } from '../../runtime/seal/library/module.ts';
import { parametersOf, parametersWith } from '../unit/runtime/engines/simd/arbitrary-parameters.ts';
import { checkOperations } from '../unit/runtime/engines/simd/operations/operation-scenario.ts';

const terms = 3;

test.each([
  { degrees: [4096, 8192], least: 9, most: 29 },
  { degrees: [16384, 32768], least: 4, most: 16 },
] as const)('random parameters: n in $degrees, $least to $most primes', async ({ degrees, least, most }) => {
  await fc.assert(
    fc.asyncProperty(parametersWith(degrees, least, most), fc.integer(), async ({ parameters, operands }, seed) => {
      // The heap of SEAL never shrinks.
      await checkOperations(await instantiateSeal(), parameters, operands, seed, { terms });
    }),
    { numRuns: 6, endOnFailure: true },
  );
});

test.each([
  { count: 17, bits: 48 },
  { count: 23, bits: 37 },
  { count: 29, bits: 30 },
])('n = 32768 with $count primes of $bits bits', async ({ count, bits }) => {
  const parameters = parametersOf(32768, Array<number>(count).fill(bits), Math.min(48, bits + 1));
  expect(parameters.primes).toHaveLength(count);
  const top = count - 1;
  await checkOperations(await instantiateSeal(), parameters, { level: top, keyLevel: top }, count, { terms });
});
