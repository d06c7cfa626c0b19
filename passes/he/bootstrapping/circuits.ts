/**
 * The two halves of a bootstrap as unmanaged programs of one input and one output: what comes before the modulus is raised, and what
 * comes after it.
 *
 *   StC       v, real, in slots ─► coefficients: slot j is coefficient rev(j)
 *   EvalMod   coefficients c + q₀ I, in slots after CtS ─► sin(2π c / q₀), in slots
 *
 * After the modulus was raised the slots are those of the polynomial of c + q₀ I, in units of the scale. CtS and a conjugation bring its coefficients
 * to the slots: t / K in [−1, 1], for t = I + c / q₀. The cosine of 2π (t − 1/4) / 2^d is a polynomial, and d times 2 cos² − 1
 * give the sine of 2π t, which does not know I (Han and Ki, CT-RSA 2020).
 */
import { Constant } from '../../../ir/constant.ts';
import type { Bootstrapping } from '../../../ir/ckks/bootstrapping.ts';
import { HeBuilder, type HeModule } from '../../../ir/he/module.ts';
import { PlaintextBuilder } from '../../../ir/he/plaintexts.ts';
import { emitPolynomial, type PolynomialTarget } from '../../../ir/tensor/polynomial-evaluation.ts';
import { cosineCoefficients } from './sine-polynomial.ts';
import { type StageMatrix, toCoefficientsStages, toSlotsStages } from './transform-stages.ts';

/** StC. */
export function toCoefficientsCircuit(slots: number, { toCoefficients }: Bootstrapping): HeModule {
  const writer = new CircuitWriter(slots);
  const stages = toCoefficientsStages(slots, toCoefficients, 1);
  return writer.finish(
    'to-coefficients',
    stages.reduce((value, stage) => writer.matrix(value, stage), writer.input()),
  );
}

/**
 * CtS and EvalMod.
 * @param ratio the first prime over the scale of the input, as it was before the modulus was raised
 */
export function evaluationCircuit(slots: number, bootstrapping: Bootstrapping, ratio: number): HeModule {
  const { toSlots, mostWraps, degree, doubleAngles } = bootstrapping;
  const writer = new CircuitWriter(slots);
  // The half of the real part among it.
  const stages = toSlotsStages(slots, toSlots, 1 / (2 * ratio * mostWraps));
  const coefficients = stages.reduce((value, stage) => writer.matrix(value, stage), writer.input());
  const real = writer.add(coefficients, writer.conjugate(coefficients));
  const argument = writer.addTerm(real, Float64Array.of(-1 / (4 * mostWraps)));
  const angle = (2 * Math.PI * mostWraps) / 2 ** doubleAngles;
  const polynomial = new Constant([1, degree + 1], cosineCoefficients(angle, degree));
  let value = emitPolynomial(writer, argument, polynomial, 'chebyshev') ?? argument;
  for (let k = 0; k < doubleAngles; k++) {
    const square = writer.multiply(value, value);
    value = writer.addTerm(writer.add(square, square), Float64Array.of(-1));
  }
  return writer.finish('evaluate-modulus', value);
}

class CircuitWriter implements PolynomialTarget<number> {
  private readonly slots: number;
  private readonly builder = new HeBuilder();
  private readonly plaintexts = new PlaintextBuilder();
  private readonly packed: Constant[] = [];

  constructor(slots: number) {
    this.slots = slots;
  }

  input(): number {
    return this.builder.add('input', { imm: 0 });
  }

  add(a: number, b: number): number {
    return this.builder.add('add', { a, b });
  }

  multiply(a: number, b: number): number {
    return this.builder.add('multiply', { a, b });
  }

  conjugate(a: number): number {
    return this.builder.add('conjugate', { a });
  }

  multiplyTerm(a: number, term: Float64Array): number {
    return this.builder.add('multiply-plain', { a, b: this.uniform(term) });
  }

  addTerm(a: number, term: Float64Array): number {
    return this.builder.add('add-plain', { a, b: this.uniform(term) });
  }

  /**
   * A product with a matrix by baby steps and giant steps: for t = B g + b, diagonal t is rotated by b, multiplied, summed, and
   * rotated by B g, before which its plaintext is shifted back.
   */
  matrix(x: number, { step, period, diagonals }: StageMatrix): number {
    const babies = babySteps(diagonals.size);
    const source = this.packed.push(packDiagonals(diagonals.values(), period)) - 1;
    const tiles = new Map([...diagonals.keys()].map((offset, tile) => [offset, tile]));
    const rotated = new Map<number, number>();
    const sums = new Map<number, number>();
    for (const offset of [...diagonals.keys()].sort((k, l) => k - l)) {
      const t = offset / step;
      const baby = (t % babies) * step;
      const giant = offset - baby;
      const operand = rotated.get(baby) ?? this.rotate(x, baby);
      rotated.set(baby, operand);
      const tile = tiles.get(offset) ?? -1;
      const b = this.plaintexts.add({ source, tile, shift: (this.slots - giant) % this.slots, inner: 1 });
      const product = this.builder.add('multiply-plain', { a: operand, b });
      const sum = sums.get(giant);
      sums.set(giant, sum === undefined ? product : this.add(sum, product));
    }
    return [...sums].map(([giant, sum]) => this.rotate(sum, giant)).reduce((a, b) => this.add(a, b));
  }

  finish(name: string, value: number): HeModule {
    this.builder.add('output', { a: value, imm: 0 });
    return {
      level: 'he',
      name,
      slots: this.slots,
      columns: this.builder.build(),
      plaintexts: this.plaintexts.build(),
      packed: this.packed,
      origins: [[]],
    };
  }

  private rotate(a: number, step: number): number {
    return step === 0 ? a : this.builder.add('rotate', { a, imm: step });
  }

  private uniform(term: Float64Array): number {
    const source = this.packed.push(new Constant([1, 1], term)) - 1;
    return this.plaintexts.add({ source, tile: 0, shift: 0, inner: 1 });
  }
}

/** A row for each diagonal, one period of it. */
function packDiagonals(diagonals: Iterable<Float64Array>, period: number): Constant {
  const rows = [...diagonals].map((diagonal) => diagonal.subarray(0, 2 * period));
  const values = new Float64Array(rows.length * 2 * period);
  for (const [row, entries] of rows.entries()) values.set(entries, row * 2 * period);
  return new Constant([rows.length, period, 2], values);
}

/** Baby steps for so many diagonals: a hoisted rotation takes a third of a giant step, so that four to five times as many pay. */
function babySteps(diagonals: number): number {
  return 2 ** Math.max(0, Math.round(Math.log2(diagonals + 1) / 2 + 0.5));
}
