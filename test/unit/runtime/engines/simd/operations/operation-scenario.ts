/** Every operation of the SIMD engine against node-seal, residue by residue. */
import type { Ciphertext } from 'node-seal';
import { expect } from 'vitest';
import type { Parameters } from '../../../../../../ir/parameters.ts';
import { type SeededRandom, seededRandom } from '../../../../../../ir/random.ts';
import { keyBytes, limbStride, type Value } from '../../../../../../runtime/rns/memory/layout.ts';
import { liveHandles } from '../../../../../../runtime/seal/library/handles.ts';
import type { Seal } from '../../../../../../runtime/seal/library/module.ts';
import type { OperandLevel } from '../arbitrary-parameters.ts';
import { OperationBench } from './operation-bench.ts';
import type { Step } from './operation-steps.ts';
import { SealReference } from '../seal-reference.ts';

/** Small enough for a product in a single prime of 25 bits. */
const scale = 2 ** 10;
const rotation = 5;

/** An operation, where its result goes, and what SEAL has there. */
interface Case {
  readonly step: Step;
  readonly target: Value;
  readonly expected: BigUint64Array;
}

/** Every operation on random residues of a level, in place too where that is allowed. */
class Scenario {
  readonly cases: Case[] = [];
  private readonly reference: SealReference;
  private readonly bench: OperationBench;
  private readonly random: SeededRandom;
  private readonly level: number;

  constructor(
    reference: SealReference,
    bench: OperationBench,
    { level, keyLevel }: OperandLevel,
    seed: number,
    terms: number,
  ) {
    this.reference = reference;
    this.bench = bench;
    this.random = seededRandom(seed);
    this.level = level;
    this.build(keyLevel, terms);
  }

  private build(keyLevel: number, terms: number): void {
    const { bench, reference, level } = this;
    const { evaluator } = reference;
    const top = bench.context.parameters.primes.length - 1;
    const [x, y, three, other] = [this.fresh(2), this.fresh(2), this.fresh(3), this.fresh(3)];
    const [xAt, yAt, threeAt, otherAt] = [this.put(x), this.put(y), this.put(three), this.put(other)];
    const slots = this.slots();
    const plaintext = reference.encode(slots, scale, level);
    // Of the top level, of which an operation takes the first limbs.
    const plaintextAt = bench.put(reference.plaintextResidues(reference.encode(slots, scale, top)));
    const relinKey = bench.putKey(reference.relinKeyDigits(), keyLevel);
    const rotationKey = bench.rotationKey(reference.galoisKeyDigits(rotation), rotation, keyLevel);

    for (const [a, b, aAt, bAt] of [
      [x, y, xAt, yAt],
      [three, other, threeAt, otherAt],
      [x, three, xAt, threeAt],
      [three, x, threeAt, xAt],
    ] as const) {
      const sum = (target: Ciphertext): void => {
        evaluator.add(a, b, target);
      };
      this.expect(sum, (target) => ['add', [aAt, bAt], target]);
      if (a.size() >= b.size()) this.expect(sum, (target) => ['add', [target, bAt], target], a);
    }
    const sumOfMany = (target: Ciphertext): void => {
      evaluator.add(three, x, target);
      for (const summand of [y, y, other]) evaluator.addInplace(target, summand);
    };
    this.expect(sumOfMany, (target) => ['add', [xAt, threeAt, yAt, yAt, otherAt], target]);
    this.expect(sumOfMany, (target) => ['add', [xAt, yAt, target, yAt, otherAt], target], three);
    // More than are read in a sweep.
    const repeats = 30;
    const longSum = (target: Ciphertext): void => {
      evaluator.add(x, y, target);
      for (let k = 0; k < repeats; k++) evaluator.addInplace(target, y);
    };
    const repeated = Array.from({ length: repeats }, () => yAt);
    this.expect(longSum, (target) => ['add', [xAt, yAt, ...repeated], target]);
    this.expect(longSum, (target) => ['add', [...repeated, target, yAt], target], x);
    for (const a of [x, three]) {
      const at = this.put(a);
      const sum = (target: Ciphertext): void => {
        evaluator.addPlain(a, plaintext, target);
      };
      const product = (target: Ciphertext): void => {
        evaluator.multiplyPlain(a, plaintext, target);
      };
      this.expect(sum, (target) => ['addPlain', at, plaintextAt, target]);
      this.expect(sum, (target) => ['addPlain', target, plaintextAt, target], a);
      this.expect(product, (target) => ['multiplyPlain', at, plaintextAt, target]);
      this.expect(product, (target) => ['multiplyPlain', target, plaintextAt, target], a);
    }
    this.sumOfProducts(terms, 2);
    this.sumOfProducts(3, 3);
    this.expect(
      (target) => {
        evaluator.multiply(x, y, target);
      },
      (target) => ['multiply', xAt, yAt, target],
    );
    this.expect(
      (target) => {
        evaluator.square(x, target);
      },
      (target) => ['multiply', xAt, xAt, target],
    );
    const relinearized = (target: Ciphertext): void => {
      evaluator.relinearize(three, reference.relinKeys, target);
    };
    this.expect(relinearized, (target) => ['relinearize', threeAt, relinKey, target]);
    this.expect(relinearized, (target) => ['relinearize', { ...target, size: 3 }, relinKey, target], three);
    const rotated = (target: Ciphertext): void => {
      evaluator.rotateVector(x, rotation, reference.galoisKeys, target);
    };
    this.expect(rotated, (target) => ['rotate', xAt, rotationKey, target]);
    this.expect(rotated, (target) => ['rotate', target, rotationKey, target], x);
    if (level === 0) return;
    for (const [a, at] of [
      [x, xAt],
      [three, threeAt],
    ] as const) {
      this.expect(
        (target) => {
          evaluator.rescaleToNext(a, target);
        },
        (target) => ['rescale', at, target],
      );
      this.expect(
        (target) => {
          evaluator.cipherModSwitchToNext(a, target);
        },
        (target) => ['modSwitch', at, target],
      );
    }
    this.expect(
      (target) => {
        evaluator.rescaleToNext(reference.ciphertext(relinearized), target);
      },
      (target) => ['relinearizeRescale', threeAt, relinKey, target],
    );
  }

  private sumOfProducts(count: number, size: number): void {
    const { bench, reference, level } = this;
    const { evaluator } = reference;
    const terms = Array.from({ length: count }, () => {
      const value = this.fresh(size);
      const plaintext = reference.encode(this.slots(), scale, level);
      const product = reference.ciphertext((target) => {
        evaluator.multiplyPlain(value, plaintext, target);
      });
      return { product, at: { value: this.put(value), plaintext: bench.put(reference.plaintextResidues(plaintext)) } };
    });
    this.expect(
      (target) => {
        for (const [k, { product }] of terms.entries()) {
          if (k === 0) target.assign(product);
          else evaluator.addInplace(target, product);
        }
      },
      (target) => ['multiplyAccumulate', terms.map(({ at }) => at), target],
    );
  }

  /** @param initial what the target holds before the operation, if it is an operand */
  private expect(compute: (target: Ciphertext) => void, step: (target: Value) => Step, initial?: Ciphertext): void {
    const { bench, reference } = this;
    const result = reference.residuesOf(reference.ciphertext(compute));
    const { level, size } = result;
    const place = initial === undefined ? bench.value(level, size) : this.put(initial);
    const target = { ...place, size };
    this.cases.push({ step: step(target), target, expected: result.residues });
  }

  private fresh(size: number): Ciphertext {
    const { reference, level } = this;
    const encrypted = reference.encrypt(this.slots(), scale, level);
    const square = (target: Ciphertext): void => {
      reference.evaluator.square(encrypted, target);
      target.setScale(scale);
    };
    return reference.scramble(size === 2 ? encrypted : reference.ciphertext(square), this.random);
  }

  private put(ciphertext: Ciphertext): Value {
    return this.bench.put(this.reference.residuesOf(ciphertext));
  }

  private slots(): Float64Array {
    return Float64Array.from({ length: this.bench.context.n / 2 }, () => 2 * this.random.uniform() - 1);
  }
}

function compare(bench: OperationBench, cases: readonly Case[], what: string): void {
  for (const { step, target, expected } of cases) {
    const [operation] = step;
    const got = bench.get(target);
    const wrong = got.findIndex((residue, k) => residue !== expected[k]);
    expect(wrong, `${what}: ${operation} of size ${target.size} at level ${target.level}`).toBe(-1);
    expect(got.length).toBe(expected.length);
  }
}

/**
 * Every operation on random residues, by teams of these sizes. On return SEAL has nothing left of it.
 * @param terms of the longer sum of products, which takes most of the memory
 */
export async function checkOperations(
  seal: Seal,
  parameters: Parameters,
  operands: OperandLevel,
  seed: number,
  { teams = [1], terms = 25 }: { readonly teams?: readonly number[]; readonly terms?: number } = {},
): Promise<void> {
  const reference = new SealReference(seal, parameters, [rotation]);
  try {
    const { polyModulusDegree: n, primes } = parameters;
    // 110 besides the sum, about.
    const polynomials = 130 + 3 * terms;
    const values = polynomials * limbStride(n) * primes.length;
    for (const team of teams) {
      const bench = await OperationBench.open(
        parameters,
        values + 2 * keyBytes(parameters, operands.keyLevel) + 2 ** 20,
      );
      const { cases } = new Scenario(reference, bench, operands, seed, terms);
      const steps = cases.map(({ step }) => step);
      if (team === 1) bench.run(steps);
      else await bench.runTeam(team, steps);
      compare(bench, cases, `team of ${team}`);
    }
  } finally {
    reference.close();
  }
  expect(liveHandles()).toBe(0);
}
