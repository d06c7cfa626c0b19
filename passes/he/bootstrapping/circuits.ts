/**
 * The two halves of a bootstrap as unmanaged programs: what comes before the modulus is raised, with an input for each value, and what
 * comes after it, with an output for each. A bootstrap is of one real value or of two, the second as the imaginary part of the slots:
 * coefficients k and k + n/2 then hold what slot rev(k) of one and of the other has, and nothing between is done twice but EvalMod
 * and a matrix at either end.
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
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { HeBuilder, type HeModule } from '../../../ir/he/module.ts';
import { PlaintextBuilder } from '../../../ir/he/plaintexts.ts';
import { emitPolynomial, type PolynomialTarget } from '../../../ir/tensor/polynomial-evaluation.ts';
import { cosineCoefficients } from './sine-polynomial.ts';
import {
  forImaginaryParts,
  ofImaginaryParts,
  type StageMatrix,
  toCoefficientsStages,
  toSlotsStages,
} from './transform-stages.ts';

/** Real values that a bootstrap is of. */
export type ValueCount = 1 | 2;

/** StC. */
export function toCoefficientsCircuit(slots: number, { toCoefficients }: Bootstrapping, values: ValueCount): HeModule {
  const writer = new CircuitWriter(slots);
  const [first, ...stages] = toCoefficientsStages(slots, toCoefficients, 1);
  if (first === undefined) throw new InternalError('StC has no stages');
  let value = writer.matrix(writer.input(0), first);
  if (values === 2) value = writer.add(value, writer.matrix(writer.input(1), forImaginaryParts(first)));
  value = stages.reduce((operand, stage) => writer.matrix(operand, stage), value);
  return writer.finish('to-coefficients', [value]);
}

/**
 * CtS and EvalMod.
 * @param ratio the first prime over the scale of the input, as it was before the modulus was raised
 */
export function evaluationCircuit(
  slots: number,
  bootstrapping: Bootstrapping,
  ratio: number,
  values: ValueCount,
): HeModule {
  const { toSlots, mostWraps } = bootstrapping;
  const writer = new CircuitWriter(slots);
  // The half of the real part among it.
  const stages = toSlotsStages(slots, toSlots, 1 / (2 * ratio * mostWraps));
  const last = stages.at(-1);
  if (last === undefined) throw new InternalError('CtS has no stages');
  const value = stages.slice(0, -1).reduce((operand, stage) => writer.matrix(operand, stage), writer.input(0));
  const ends = values === 1 ? [last] : [last, ofImaginaryParts(last)];
  const sines = ends.map((stage) => sine(writer, writer.matrix(value, stage), bootstrapping));
  return writer.finish('evaluate-modulus', sines);
}

/** EvalMod of the real part of what CtS ends in. */
function sine(writer: CircuitWriter, coefficients: number, bootstrapping: Bootstrapping): number {
  const { mostWraps, degree, doubleAngles } = bootstrapping;
  const real = writer.add(coefficients, writer.conjugate(coefficients));
  const argument = writer.addTerm(real, Float64Array.of(-1 / (4 * mostWraps)));
  const angle = (2 * Math.PI * mostWraps) / 2 ** doubleAngles;
  const polynomial = new Constant([1, degree + 1], cosineCoefficients(angle, degree));
  let value = emitPolynomial(writer, argument, polynomial, 'chebyshev') ?? argument;
  for (let k = 0; k < doubleAngles; k++) {
    const square = writer.multiply(value, value);
    value = writer.addTerm(writer.add(square, square), Float64Array.of(-1));
  }
  return value;
}

class CircuitWriter implements PolynomialTarget<number> {
  private readonly slots: number;
  private readonly builder = new HeBuilder();
  private readonly plaintexts = new PlaintextBuilder();
  private readonly packed: Constant[] = [];
  private readonly uniforms = new Map<string, number>();

  constructor(slots: number) {
    this.slots = slots;
  }

  input(index: number): number {
    return this.builder.add('input', { imm: index });
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

  finish(name: string, results: readonly number[]): HeModule {
    for (const [index, a] of results.entries()) this.builder.add('output', { a, imm: index });
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

  /** The same for terms that are alike, as those of both halves of a pair. */
  private uniform(term: Float64Array): number {
    const name = term.join();
    const known = this.uniforms.get(name);
    if (known !== undefined) return known;
    const source = this.packed.push(new Constant([1, 1], term)) - 1;
    const plaintext = this.plaintexts.add({ source, tile: 0, shift: 0, inner: 1 });
    this.uniforms.set(name, plaintext);
    return plaintext;
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
