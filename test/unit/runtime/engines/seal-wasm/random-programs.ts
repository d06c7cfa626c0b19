/** Random managed programs: every op, on values that fit; with bounds of values and of errors. */
import fc from 'fast-check';
import type { Parameters } from '../../../../../ir/parameters.ts';
import type { Plan } from '../../../../../ir/plan/plan.ts';
import { ProgramWriter } from './programs.ts';

const kinds = ['sum', 'addPlain', 'multiplyPlain', 'multiply', 'square', 'modSwitch', 'rotate', 'conjugate'] as const;

export interface Action {
  readonly kind: (typeof kinds)[number];
  readonly a: number;
  readonly b: number;
  /** One period of a plaintext; a power of two, at most 1 in size. */
  readonly row: readonly number[];
  readonly step: number;
}

const element = fc.double({ min: -1, max: 1, noNaN: true });

const actionArbitrary: fc.Arbitrary<Action> = fc.record({
  kind: fc.constantFrom(...kinds),
  a: fc.nat(50),
  b: fc.nat(50),
  row: fc.constantFrom(1, 2, 8).chain((length) => fc.array(element, { minLength: length, maxLength: length })),
  step: fc.constantFrom(1, 2, 5, 64, 1000),
});

export const programArbitrary = fc.array(actionArbitrary, { minLength: 1, maxLength: 12 });

interface Bound {
  /** Largest possible value over the slots. */
  readonly value: number;
  readonly error: number;
}

const maxValue = 8;

/**
 * The program of `actions`: each takes earlier values, modulo their number; those that do not fit (no level left,
 * unequal scales, values too large) are left out. Whatever nobody reads becomes an output.
 */
export function writeProgram(
  parameters: Parameters,
  scale: number,
  actions: readonly Action[],
  rowsPerGroup: number,
): { plan: Plan; errorBound: number } {
  const writer = new ProgramWriter(parameters, scale);
  const bounds = new Map<number, Bound>();
  const unread = new Set<number>();
  /**
   * The error of one op on slot values: rounding and key switching move coefficients by up to some √N·N/10 all told at
   * the slots near one, see ir/interpret/noise.ts; a bound with room, over the smallest scale that occurs.
   */
  const fresh = 2 ** 20 / scale;
  const define = (id: number, reads: readonly number[], value: number, error: number): number => {
    for (const read of reads) unread.delete(read);
    unread.add(id);
    bounds.set(id, { value, error });
    return id;
  };
  const boundOf = (id: number): Bound => bounds.get(id) ?? { value: 1, error: fresh };
  const usable: number[] = [];
  for (let i = 0; i < 2; i++) usable.push(define(writer.input(), [], 1, fresh));

  const pick = (n: number): number => usable[n % usable.length] ?? 0;
  for (const { kind, a: first, b: second, row, step } of actions) {
    const a = pick(first);
    const b = pick(second);
    const { level, scale: scaleA } = writer.of(a);
    const x = boundOf(a);
    const y = boundOf(b);
    switch (kind) {
      case 'sum': {
        const same = writer.of(b).level === level && writer.of(b).scale === scaleA;
        if (!same || x.value + y.value > maxValue) break;
        usable.push(define(writer.sum(a, b), [a, b], x.value + y.value, x.error + y.error));
        break;
      }
      case 'addPlain':
        if (x.value + 1 > maxValue) break;
        usable.push(define(writer.addPlain(a, writer.plaintext(row)), [a], x.value + 1, x.error + fresh));
        break;
      case 'multiplyPlain': {
        // The verifier refuses products with zero.
        if (level === 0 || row.every((value) => value === 0)) break;
        const product = writer.multiplyPlain(a, writer.plaintext(row));
        usable.push(define(writer.rescale(product), [a], x.value, x.error + (x.value + 1) * fresh));
        break;
      }
      case 'multiply':
      case 'square': {
        const other = kind === 'square' ? a : b;
        const z = boundOf(other);
        if (level === 0 || writer.of(other).level !== level || x.value * z.value > maxValue) break;
        // A quotient of scales below the first one would leave no precision.
        if ((scaleA * writer.of(other).scale) / writer.prime(a) < scale / 4) break;
        const product = writer.relinearize(writer.multiply(a, other));
        const error = x.value * z.error + z.value * x.error + 8 * fresh;
        usable.push(define(writer.rescale(product), [a, other], x.value * z.value, error));
        break;
      }
      case 'modSwitch':
        if (level === 0) break;
        usable.push(define(writer.modSwitch(a), [a], x.value, x.error));
        break;
      case 'rotate':
        usable.push(define(writer.rotate(a, step), [a], x.value, x.error + fresh));
        break;
      case 'conjugate':
        usable.push(define(writer.conjugate(a), [a], x.value, x.error + fresh));
        break;
    }
  }
  let errorBound = 0;
  for (const id of unread) {
    errorBound = Math.max(errorBound, boundOf(id).error);
    writer.output(id);
  }
  return { plan: writer.plan(rowsPerGroup), errorBound };
}
