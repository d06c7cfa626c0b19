/**
 * Operations of the SIMD engine against node-seal, residue by residue, alone and in teams. What rotates by a
 * decomposition is in `key-switching.test.ts`, and larger parameters and teams are in the nightly suite, the largest in
 * `test/nightly/simd-operations.nightly.test.ts`.
 */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { seededRandom } from '../../../../../../ir/random.ts';
import { instantiateSeal, type Seal } from '../../../../../../runtime/seal/library/module.ts';
import { arbitraryParameters, parametersOf } from '../arbitrary-parameters.ts';
import { OperationBench } from './operation-bench.ts';
import { checkOperations } from './operation-scenario.ts';
import { SealReference } from '../seal-reference.ts';
import { casesOf, isNightly } from '../../../../../support/setup/suite.ts';

let seal: Seal;

beforeAll(async () => {
  seal = await instantiateSeal();
});

test('operations give the residues of SEAL on random parameters', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryParameters, fc.integer(), async ({ parameters, operands }, seed) => {
      await checkOperations(seal, parameters, operands, seed);
    }),
    { numRuns: casesOf({ normal: 1, nightly: 10 }) },
  );
});

test('more products than one sweep takes', async () => {
  const parameters = parametersOf(4096, [48], 48);
  const scale = 2 ** 10;
  const reference = new SealReference(seal, parameters, [1]);
  try {
    const bench = await OperationBench.open(parameters, 2 ** 20);
    const [q = 0] = parameters.primes;
    const random = seededRandom(6);
    const plaintext = reference.encode(new Float64Array(2048).fill(0.7), scale, 0);
    const plaintextAt = bench.put(reference.plaintextResidues(plaintext));
    const kinds = [0, 1].map(() => {
      const x = reference.scramble(reference.encrypt(new Float64Array(2048), scale, 0), random);
      const product = reference.ciphertext((target) => {
        reference.evaluator.multiplyPlain(x, plaintext, target);
      });
      return { x: bench.put(reference.residuesOf(x)), product: reference.residuesOf(product).residues };
    });
    const sizes = [1500, 800];
    const terms = kinds.flatMap(({ x: value }, kind) =>
      Array.from({ length: sizes[kind] ?? 0 }, () => ({ value, plaintext: plaintextAt })),
    );
    const target = bench.value(0, 2);
    bench.run([['multiplyAccumulate', terms, target]]);
    const expected = bench.get(target).map((_, k) => {
      const sum = kinds.reduce((total, { product }, kind) => total + BigInt(sizes[kind] ?? 0) * (product[k] ?? 0n), 0n);
      return sum % BigInt(q);
    });
    expect(bench.get(target)).toEqual(expected);
  } finally {
    reference.close();
  }
});

const small = [
  { what: 'a single prime', n: 4096, bits: [48], level: 0, terms: 25 },
  { what: 'primes far apart', n: 4096, bits: [25, 48, 25], level: 2, terms: 8 },
] as const;
const large = [
  { what: 'the largest primes', n: 16384, bits: [48, 48, 48, 48, 48, 48], level: 5, terms: 8 },
  { what: 'primes far apart, and many products', n: 8192, bits: [25, 48, 25], level: 2, terms: 25 },
  { what: 'a long chain', n: 4096, bits: Array<number>(16).fill(30), level: 12, terms: 3 },
  { what: 'the largest degree', n: 32768, bits: [48], level: 0, terms: 3 },
] as const;

test.each([...small, ...(isNightly ? large : [])])('$what', async ({ n, bits, level, terms }) => {
  await checkOperations(seal, parametersOf(n, bits, 48), { level, keyLevel: level }, level, { terms });
});

test('teams of any size give the same', async () => {
  const teams = isNightly ? [2, 3] : [3];
  if (isNightly)
    await checkOperations(seal, parametersOf(4096, [40, 30, 35], 45), { level: 2, keyLevel: 2 }, 4, { teams });
  await checkOperations(seal, parametersOf(4096, [40, 30, 35, 31], 45), { level: 1, keyLevel: 3 }, 5, {
    teams,
    terms: 8,
  });
});
