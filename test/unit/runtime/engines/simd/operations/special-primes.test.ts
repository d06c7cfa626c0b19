/**
 * Key switching with several special primes, by decryption: every operation has the value that it should have, within
 * its noise, and those that are done in two ways have the same residues.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nttPrimes } from '../../../../../../compiler/parameters/primes.ts';
import { type Parameters, productOf } from '../../../../../../ir/parameters.ts';
import { keyDigitsAt } from '../../../../../../ir/ckks/switching-keys.ts';
import { decompositionBytes } from '../../../../../../runtime/engines/simd/operations/operations.ts';
import { extendedBytes, type ExtendedValue } from '../../../../../../runtime/rns/memory/extended-layout.ts';
import { keyBytes, type Value, valueBytes } from '../../../../../../runtime/rns/memory/layout.ts';
import { casesOf, isNightly } from '../../../../../support/setup/suite.ts';
import { limbView } from '../../../../../support/simd.ts';
import { OperationBench } from './operation-bench.ts';
import type { Step } from './operation-steps.ts';
import { errorDeviation, type Polynomial, SecretParty } from './secret-party.ts';

interface Setting {
  readonly parameters: Parameters;
  readonly level: number;
  readonly keyLevel: number;
}

const settings: fc.Arbitrary<Setting> = fc
  .record({
    n: fc.constantFrom(4096 as const, 8192 as const),
    bits: fc.array(fc.integer({ min: 25, max: 48 }), { minLength: 2, maxLength: 8, size: 'max' }),
    specialBits: fc.array(fc.integer({ min: 40, max: 48 }), { minLength: 2, maxLength: 8, size: 'max' }),
    level: fc.nat(7),
    keyLevel: fc.nat(7),
  })
  .map(({ n, bits, specialBits, level: drawn, keyLevel }) => {
    const level = 1 + (drawn % (bits.length - 1));
    const parameters = parametersOf(n, bits, specialBits);
    return { parameters, level, keyLevel: level + (keyLevel % (bits.length - level)) };
  });

function parametersOf(n: 4096 | 8192, bits: readonly number[], specialBits: readonly number[]): Parameters {
  const primes = nttPrimes([...specialBits, ...bits], n) ?? [];
  const specials = specialBits.length;
  return { polyModulusDegree: n, primes: primes.slice(specials), specialPrimes: primes.slice(0, specials) };
}

/**
 * Eight deviations of a coefficient of a key switch: n products of a digit, uniform within D/2, and a key's error for each
 * digit, over P; and a rounding of both polynomials, the second times the secret (`ir/interpret/noise.ts`).
 */
function noiseBound({ parameters, level }: Setting): number {
  const { polyModulusDegree: n, primes, specialPrimes } = parameters;
  const special = Number(productOf(specialPrimes));
  const squares = keyDigitsAt(parameters, level).reduce(
    (sum, { from, to }) => sum + (Number(productOf(primes.slice(from, to))) / special) ** 2,
    0,
  );
  return 8 * Math.sqrt((n * errorDeviation ** 2 * squares) / 12 + (1 + (2 * n) / 3) / 12);
}

/** What an operation gives, and what it should be. */
interface Expected {
  readonly target: Value;
  readonly message: Polynomial;
}

/** All operations with a key at one level. */
class Scenario {
  readonly steps: Step[] = [];
  readonly expected: Expected[] = [];
  /** Targets with the same residues. */
  readonly equal: (readonly [Value, Value])[] = [];
  private readonly bench: OperationBench;
  private readonly setting: Setting;

  constructor(bench: OperationBench, party: SecretParty, setting: Setting) {
    this.bench = bench;
    this.setting = setting;
    const { level, keyLevel } = setting;
    const message = party.polynomial(2 ** 20);
    const x = party.encrypt(message, level, 2);
    const three = party.encrypt(message, level, 3);
    const [key, other] = [5, 64].map((step) => party.rotationKey(step, keyLevel));
    if (key === undefined || other === undefined) throw new Error('two keys are none');
    const rotated = party.automorphism(message, party.element(5));
    const otherRotated = party.automorphism(message, party.element(64));

    const relinearized = this.expect(message, level, (target) => [
      'relinearize',
      three,
      party.relinearizationKey(keyLevel),
      target,
    ]);
    const [, , relinKey] = this.steps.at(-1) as ['relinearize', Value, RelinKey, Value];
    const [rescaled, together] = [this.value(level - 1), this.value(level - 1)];
    this.steps.push(['rescale', relinearized, rescaled], ['relinearizeRescale', three, relinKey, together]);
    this.equal.push([rescaled, together]);

    const alone = this.expect(rotated, level, (target) => ['rotate', x, key, target]);
    const extended = this.extended();
    const divided = this.value(level);
    this.steps.push(['rotateAloneExtended', x, key, extended], ['divideExtended', extended, divided]);
    this.equal.push([alone, divided]);

    const digits = bench.take(decompositionBytes(setting.parameters, level));
    this.steps.push(['decompose', x, digits]);
    this.expect(rotated, level, (target) => ['rotateDecomposed', x, digits, key, target]);
    const [hoisted, second, unrotated, sum, sumAtOnce] = [1, 2, 3, 4, 5].map(() => this.extended()) as [
      ExtendedValue,
      ExtendedValue,
      ExtendedValue,
      ExtendedValue,
      ExtendedValue,
    ];
    this.steps.push(
      ['rotateExtended', x, digits, key, hoisted],
      ['rotateExtended', x, digits, other, second],
      ['extend', x, unrotated],
      ['addExtended', [hoisted, second], sum],
      ['addExtended', [sum, unrotated], sum],
      ['addExtended', [hoisted, second, unrotated], sumAtOnce],
    );
    const total = message.map((own, i) => own + (rotated[i] ?? NaN) + (otherRotated[i] ?? NaN));
    const inTurn = this.expect(total, level, (target) => ['divideExtended', sum, target]);
    const atOnce = this.expect(total, level, (target) => ['divideExtended', sumAtOnce, target]);
    this.equal.push([inTurn, atOnce]);
    const withAddend = message.map((own, i) => own + (total[i] ?? NaN));
    const added = this.expect(withAddend, level, (target) => ['divideExtended', sum, target, x]);
    const [first, last] = [this.value(level - 1), this.value(level - 1)];
    this.steps.push(['rescale', added, first], ['divideExtendedRescale', sum, last, x]);
    this.equal.push([first, last]);
  }

  private expect(message: Polynomial, level: number, step: (target: Value) => Step): Value {
    const target = this.value(level);
    this.steps.push(step(target));
    this.expected.push({ target, message });
    return target;
  }

  private value(level: number): Value {
    const value = this.bench.value(level, 2);
    limbView(this.bench.context.memory, value.address, this.bench.context.n).fill(12345);
    return value;
  }

  private extended(): ExtendedValue {
    const { parameters, level } = this.setting;
    return { address: this.bench.take(extendedBytes(parameters, level)), level };
  }
}

type RelinKey = Extract<Step, readonly ['relinearize', ...unknown[]]>[2];

async function check(setting: Setting, seed: number, teams: readonly number[]): Promise<void> {
  const { parameters, level, keyLevel } = setting;
  const { polyModulusDegree: n } = parameters;
  const bytes =
    4 * keyBytes(parameters, keyLevel) +
    decompositionBytes(parameters, level) +
    6 * extendedBytes(parameters, level) +
    20 * valueBytes(n, level, 3) +
    2 ** 20;
  const bench = await OperationBench.open(parameters, bytes);
  const party = new SecretParty(bench, seed);
  const { steps, expected, equal } = new Scenario(bench, party, setting);
  bench.run(steps);
  const bound = noiseBound(setting);
  // Sums have the errors of three terms and one division.
  for (const { target, message } of expected) expect(party.error(target, message)).toBeLessThan(3 * bound);
  for (const [one, other] of equal) expect(bench.get(one)).toEqual(bench.get(other));
  const targets = [...expected.map(({ target }) => target), ...equal.flat()];
  const alone = targets.map((target) => bench.get(target));
  for (const team of teams) {
    for (const target of targets) limbView(bench.context.memory, target.address, n).fill(0);
    await bench.runTeam(team, steps);
    for (const [k, target] of targets.entries()) expect(bench.get(target)).toEqual(alone[k]);
  }
}

test('operations on random parameters have their values', async () => {
  await fc.assert(
    fc.asyncProperty(settings, fc.integer(), async (setting, seed) => {
      await check(setting, seed, []);
    }),
    { numRuns: casesOf({ normal: 4, nightly: 40 }) },
  );
});

test('teams of any size give the same residues', async () => {
  const setting = { parameters: parametersOf(4096, [45, 40, 40, 40, 30], [48, 48]), level: 3, keyLevel: 4 };
  await check(setting, 1, isNightly ? [2, 3] : [3]);
});
