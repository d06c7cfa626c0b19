/**
 * Rotations from a decomposition, by decryption: their noise is other than SEAL's, and no larger. Also that teams agree
 * on every residue.
 */
import fc from 'fast-check';
import type { Ciphertext } from 'node-seal';
import { beforeAll, expect, test } from 'vitest';
import type { Parameters } from '../../../../../../ir/parameters.ts';
import { seededRandom } from '../../../../../../ir/random.ts';
import {
  type ExtendedPlaintext,
  extendedBytes,
  extendedPlaintextBytes,
  type ExtendedValue,
} from '../../../../../../runtime/rns/memory/extended-layout.ts';
import { keyBytes, limbStride, type Value } from '../../../../../../runtime/rns/memory/layout.ts';
import { decompositionBytes } from '../../../../../../runtime/engines/simd/operations/operations.ts';
import { instantiateSeal, type Seal } from '../../../../../../runtime/seal/library/module.ts';
import { limbView } from '../../../../../support/simd.ts';
import { parametersOf } from '../arbitrary-parameters.ts';
import { OperationBench } from './operation-bench.ts';
import type { Step } from './operation-steps.ts';
import { SealReference } from '../seal-reference.ts';
import { casesOf, isNightly } from '../../../../../support/setup/suite.ts';

let seal: Seal;

beforeAll(async () => {
  seal = await instantiateSeal();
});

const rotations = [1, 7, 100];
const scale = 2 ** 36;
const plaintextScale = 2 ** 20;

/**
 * Slots of a rotation are off by a sum of n coefficients' errors: each digit brings n products of a key's error
 * (deviation 3.2) and a digit over P, uniform and below one, and each division a rounding. Ten deviations, twice for two
 * rotations that are compared.
 */
function noiseBound(n: number, level: number): number {
  return (2 * 10 * 3.2 * n * Math.sqrt(level + 2)) / scale;
}

/** A vector and rotations of it, once by SEAL, and once from one decomposition. */
class Hoisting {
  readonly steps: Step[] = [];
  readonly rotated: { readonly target: Value; readonly expected: Float64Array }[] = [];
  /** Σ rotation·plaintext: x itself too, which is extended without a rotation. */
  readonly sum: { readonly target: Value; readonly expected: Float64Array };
  readonly like: Ciphertext;

  constructor(reference: SealReference, bench: OperationBench, level: number, keyLevel: number, seed: number) {
    const random = seededRandom(seed);
    const { n } = bench.context;
    const slots = (): Float64Array => Float64Array.from({ length: n / 2 }, () => 2 * random.uniform() - 1);
    const values = slots();
    const x = reference.encrypt(values, scale, level);
    this.like = x;
    const xAt = bench.put(reference.residuesOf(x));
    const digits = bench.take(decompositionBytes(bench.context.parameters, level));
    this.steps.push(['decompose', xAt, digits]);
    const extended = (): ExtendedValue => {
      const bytes = extendedBytes(bench.context.parameters, level);
      const address = bench.take(bytes);
      // What an operation leaves as it was would be seen.
      limbView(bench.context.memory, address, bytes / 8).fill(12345);
      return { address, level };
    };

    const unrotated = extended();
    this.steps.push(['extend', xAt, unrotated]);
    const factors = [slots()];
    const terms = [{ value: unrotated, plaintext: putPlaintext(reference, bench, factors[0] ?? slots(), keyLevel) }];
    for (const step of rotations) {
      const key = bench.rotationKey(reference.galoisKeyDigits(step), step, keyLevel);
      const target = bench.value(level, 2);
      this.steps.push(['rotateDecomposed', xAt, digits, key, target]);
      const expected = reference.ciphertext((result) => {
        reference.evaluator.rotateVector(x, step, reference.galoisKeys, result);
      });
      this.rotated.push({ target, expected: reference.decrypt(expected) });
      const value = extended();
      this.steps.push(['rotateExtended', xAt, digits, key, value]);
      const factor = slots();
      factors.push(factor);
      terms.push({ value, plaintext: putPlaintext(reference, bench, factor, keyLevel) });
    }
    const [sum, target] = [extended(), bench.value(level, 2)];
    this.steps.push(['multiplyAccumulateExtended', terms, sum], ['divideExtended', sum, target]);
    const expected = Float64Array.from({ length: n / 2 }, (_, k) =>
      [0, ...rotations].reduce((total, step, term) => {
        return total + (factors[term]?.[k] ?? 0) * (values[(k + step) % (n / 2)] ?? 0);
      }, 0),
    );
    this.sum = { target, expected };
  }
}

/** A plaintext modulo the primes up to a level and the special one: SEAL's, whose coefficients are small, once more. */
function putPlaintext(
  reference: SealReference,
  bench: OperationBench,
  slots: Float64Array,
  level: number,
): ExtendedPlaintext {
  const { kernels, memory, n, primes } = bench.context;
  const plaintext = bench.put(reference.plaintextResidues(reference.encode(slots, plaintextScale, level)));
  const address = bench.take(extendedPlaintextBytes(bench.context.parameters, level));
  const stride = limbStride(n);
  const all = new Float64Array(memory.buffer);
  all.copyWithin(address / 8, plaintext.address / 8, plaintext.address / 8 + ((level + 1) * stride) / 8);
  const special = address + (level + 1) * stride;
  // Coefficients are below half of the first prime, so that its limb has them all.
  kernels.inverseFrom(address, special, primes[0] ?? 0);
  expect(limbView(memory, special, n).some((x) => Math.abs(x) > 2 ** 30)).toBe(false);
  kernels.forward(special, primes[primes.length - 1] ?? 0);
  return { address, level };
}

function farthest(got: Float64Array, expected: Float64Array): number {
  return got.reduce((worst, x, k) => Math.max(worst, Math.abs(x - (expected[k] ?? Infinity))), 0);
}

async function check(
  parameters: Parameters,
  level: number,
  keyLevel: number,
  seed: number,
  teams: readonly number[],
): Promise<void> {
  const reference = new SealReference(seal, parameters, rotations);
  const { polyModulusDegree: n } = parameters;
  const bytes =
    4 * keyBytes(parameters, keyLevel) +
    decompositionBytes(parameters, level) +
    50 * extendedPlaintextBytes(parameters, keyLevel) +
    2 ** 20;
  const bench = await OperationBench.open(parameters, bytes);
  try {
    const { steps, rotated, sum, like } = new Hoisting(reference, bench, level, keyLevel, seed);
    bench.run(steps);
    const targets = [...rotated.map(({ target }) => target), sum.target];
    const alone = targets.map((target) => bench.get(target));
    const decrypt = (target: Value, resultScale: number): Float64Array => {
      const ciphertext = reference.withResidues(like, bench.get(target));
      ciphertext.setScale(resultScale);
      return reference.decrypt(ciphertext);
    };
    const bound = noiseBound(n, level);
    for (const { target, expected } of rotated) expect(farthest(decrypt(target, scale), expected)).toBeLessThan(bound);
    // Fresh noise comes in once more, for what is expected is not encrypted, and the plaintexts are rounded.
    const terms = rotations.length + 1;
    const rounding = (10 * Math.sqrt(n) + 1) / plaintextScale;
    expect(farthest(decrypt(sum.target, scale * plaintextScale), sum.expected)).toBeLessThan(
      terms * (3 * bound + rounding),
    );
    for (const team of teams) {
      for (const target of targets) limbView(bench.context.memory, target.address, n).fill(0);
      await bench.runTeam(team, steps);
      for (const [k, target] of targets.entries()) expect(bench.get(target)).toEqual(alone[k]);
    }
  } finally {
    reference.close();
  }
}

test('rotations from one decomposition have the values of SEAL on random parameters', async () => {
  const chains = fc
    .record({
      n: fc.constantFrom(4096, 8192),
      first: fc.integer({ min: 44, max: 48 }),
      rest: fc.array(fc.integer({ min: 30, max: 48 }), { minLength: 1, maxLength: 4 }),
      dropped: fc.nat(2),
      keyDropped: fc.nat(2),
    })
    .map(({ n, first, rest, dropped, keyDropped }) => {
      const level = Math.max(1, rest.length - dropped);
      const keyLevel = Math.max(level, rest.length - keyDropped);
      return { parameters: parametersOf(n, [first, ...rest], 48), level, keyLevel };
    });
  await fc.assert(
    fc.asyncProperty(chains, fc.integer(), async ({ parameters, level, keyLevel }, seed) => {
      await check(parameters, level, keyLevel, seed, []);
    }),
    { numRuns: casesOf({ normal: 1, nightly: 6 }) },
  );
});

test('teams of any size give the same residues', async () => {
  const teams = isNightly ? [2, 3] : [3];
  await check(parametersOf(4096, [45, 40, 40, 40], 48), 2, 3, 1, teams);
  if (isNightly) await check(parametersOf(4096, [45, 40, 40, 40], 48), 3, 3, 2, teams);
});
