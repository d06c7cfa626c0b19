import { describe, expect, test } from 'vitest';

import type { HeOp } from '../../../../ir/he/module.ts';
import { HeBuilder } from '../../../../ir/he/module.ts';
import { ImaginaryParts, needsImaginaryParts } from '../../../../ir/interpret/imaginary-parts.ts';

/** x, and then squares of it one after another. */
function squares(count: number) {
  const builder = new HeBuilder(8);
  let x = builder.add('input', { imm: 0 });
  for (let k = 0; k < count; k++) x = builder.add('multiply', { a: x, b: x });
  return builder.build();
}

describe('imaginary parts', () => {
  test('are kept where polynomials of degrees beyond eight may be evaluated', () => {
    expect([0, 1, 2, 3, 4, 7].map((count) => needsImaginaryParts(squares(count)))).toEqual([
      false,
      false,
      false,
      false,
      true,
      true,
    ]);
  });

  test('of T_32 grow with the hyperbolic cosine of 32 times those of the operand', () => {
    const parts = new ImaginaryParts(1);
    const values: Float64Array[] = [Float64Array.of(0)];
    const real = {
      value: (id: number) => values[id] ?? new Float64Array(1),
      timesPlaintext: (_: number, __: number, x: Float64Array, target: Float64Array) => {
        target.set(x);
      },
    };
    const rowOf = (op: HeOp['op'], a: number, b: number): HeOp => ({
      ...{ id: 0, op, a, b, imm: 0, origin: 0, level: 0, size: 2, scale: 1, plainScale: 1 },
    });
    const u = 0.1;
    parts.step(0, rowOf('input', -1, -1), real, values[0] ?? new Float64Array(1)).set([u]);
    // T_2m = 2 T_m² − 1 at i u, where T_n(i u) is cosh(n arsinh(u)) for n a multiple of four.
    let id = 0;
    for (let k = 0; k < 5; k++) {
      const [x = 0] = values[id] ?? [];
      const square = Float64Array.of(x * x);
      values.push(square);
      parts.step(id + 1, rowOf('multiply', id, id), real, square);
      const twice = Float64Array.of(2 * (square[0] ?? 0));
      values.push(twice);
      parts.step(id + 2, rowOf('add', id + 1, id + 1), real, twice);
      values.push(Float64Array.of((twice[0] ?? 0) - 1));
      parts.step(id + 3, rowOf('add-plain', id + 2, 0), real, values[id + 3] ?? new Float64Array(1));
      id += 3;
    }
    expect(values[id]?.[0]).toBeCloseTo(Math.cosh(32 * Math.asinh(u)), 9);
  });
});
