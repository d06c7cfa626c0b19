/** From managed programs to plans. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HE } from '../../../../ir/he/ops.ts';
import { evaluateHe } from '../../../../ir/interpret/he.ts';
import { verify } from '../../../../ir/verify.ts';
import { scheduleProgram } from '../../../../passes/he/scheduling/schedule.ts';
import { countOps, programInputs } from '../../../support/arbitrary-programs.ts';
import { deepParameters, ProgramWriter, smallParameters } from '../../runtime/engines/seal-wasm/programs.ts';
import { programArbitrary, writeProgram } from '../../runtime/engines/seal-wasm/random-programs.ts';

function largestDifference(a: readonly Float64Array[], b: readonly Float64Array[]): number {
  expect(a.length).toBe(b.length);
  const differences = a.flatMap((slots, i) => Array.from(slots, (x, s) => Math.abs(x - (b[i]?.[s] ?? Number.NaN))));
  return differences.reduce((most, x) => Math.max(most, x), 0);
}

test('plans are sound and compute what the program does', () => {
  fc.assert(
    fc.property(programArbitrary, fc.nat(), (actions, seed) => {
      const { program } = writeProgram(smallParameters, 2 ** 28, actions, 1).plan;
      const inputs = programInputs(program, seed);
      const expected = evaluateHe(program, inputs);
      const plan = scheduleProgram(program);
      expect(verify(plan)).toEqual([]);
      // Sums are added in another order.
      expect(largestDifference(evaluateHe(plan, inputs), expected)).toBeLessThan(1e-12);
      for (const op of ['rotate', 'add', 'multiply', 'multiply-plain', 'rescale'] as const)
        expect(countOps(plan, op)).toBe(countOps(program, op));
    }),
    { numRuns: 50 },
  );
});

test('a long sum of products becomes groups that can be computed at once', () => {
  const writer = new ProgramWriter(deepParameters, 2 ** 36);
  const products = Array.from({ length: 7 }, (_, i) => writer.multiplyPlain(writer.input(), writer.plaintext([1, i])));
  writer.output(writer.rotate(writer.rescale(products.reduce((a, b) => writer.sum(a, b))), 1));
  const { columns, schedule } = scheduleProgram(writer.plan().program);
  const groupsOf = (code: number): Set<number> => new Set(schedule.group.filter((_, row) => columns.op[row] === code));
  expect(groupsOf(HE['multiply-plain']).size).toBe(4);
  // What follows the sum is one piece of work up to the key switch.
  expect(groupsOf(HE.rescale)).toEqual(groupsOf(HE.rotate));
});
