/** Programs as steps, run on slot vectors in the clear, against the reference semantics of their rows. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluateHe } from '../../../../../../ir/interpret/he.ts';
import { programInputs } from '../../../../../support/arbitrary-programs.ts';
import { exampleModels, mnistImages, modelBytes } from '../../../../../support/mnist.ts';
import { compileBytes } from '../../../../../support/run-plans.ts';
import { type ManagedProgram, managedProgram } from '../random-programs.ts';
import { runOnSlots, type SlotRunOptions } from './slot-machine.ts';
import { casesOf, isNightly } from '../../../../../support/setup/suite.ts';

function expectSameOutputs(program: ManagedProgram, seed: number, options: SlotRunOptions = {}): void {
  const inputs = programInputs(program, seed);
  const actual = runOnSlots(program, inputs, options);
  const wanted = evaluateHe(program, inputs);
  expect(actual.length).toBe(wanted.length);
  for (const [k, output] of wanted.entries()) {
    const largest = output.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const error = output.reduce((most, x, s) => Math.max(most, Math.abs(x - (actual[k]?.[s] ?? NaN))), 0);
    expect(error).toBeLessThanOrEqual(1e-9 * largest);
  }
}

describe('random programs', () => {
  const numRuns = casesOf({ normal: 150, nightly: 500 });

  test('give what their rows give', () => {
    fc.assert(
      fc.property(managedProgram, fc.nat(), (program, seed) => {
        expectSameOutputs(program, seed);
      }),
      { numRuns },
    );
  });

  test('with few values held, few decompositions and few plaintexts kept', () => {
    const options = fc.record({
      heldValues: fc.nat(4),
      decompositions: fc.nat(2),
      doubleHoisting: fc.boolean(),
      budgetBytes: fc.nat(20_000),
    });
    fc.assert(fc.property(managedProgram, fc.nat(), options, expectSameOutputs), { numRuns });
  });
});

const programs = new Map<string, ManagedProgram>();

/** Of an example model, compiled once. */
function programOf(name: string, maxError: number): ManagedProgram {
  const program =
    programs.get(name) ?? compileBytes(modelBytes(name), { samples: mnistImages().slice(128), maxError }).plan.program;
  programs.set(name, program);
  return program;
}

test.each(exampleModels.slice(0, 3).filter(({ name }) => isNightly || name === 'cryptonets'))(
  '$name gives what its rows give',
  ({ name, maxError }) => {
    const program = programOf(name, maxError);
    expectSameOutputs(program, 1);
    expectSameOutputs(program, 2, { budgetBytes: 0 });
  },
);

test('a sweep over more plaintexts than there are places goes in pieces, and progress ends at one', () => {
  const program = programOf('cryptonets', 0.01);
  const fractions: number[] = [];
  runOnSlots(program, programInputs(program, 1), { budgetBytes: 0, onStep: (fraction) => fractions.push(fraction) });
  expect(fractions.at(-1)).toBeCloseTo(1);
  expect(fractions.every((fraction, k) => fraction >= (fractions[k - 1] ?? 0))).toBe(true);
});
