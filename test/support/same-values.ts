/** Compares what programs compute in the clear, apart from the 2^−60 that stands for a zero. */
import { expect } from 'vitest';

import type { HeModule } from '../../ir/he/module.ts';
import { evaluateHe } from '../../ir/interpret/he.ts';
import type { PlanModule } from '../../ir/plan/plan.ts';
import { programInputs } from './arbitrary-programs.ts';

const tolerance = 1e-12;

/** `after`, a program or the outputs of one, has the outputs of `before` on seeded inputs. */
export function expectSameValues(
  after: HeModule | PlanModule | readonly Float64Array[],
  before: HeModule,
  seed: number,
): void {
  const inputs = programInputs(before, seed);
  const expected = evaluateHe(before, inputs);
  const largest = Math.max(1, ...expected.map((slots) => slots.reduce((most, x) => Math.max(most, Math.abs(x)), 0)));
  const results = 'columns' in after ? evaluateHe(after, inputs) : after;
  expect(results).toHaveLength(expected.length);
  for (const [k, slots] of expected.entries()) {
    const error = slots.reduce((worst, x, s) => Math.max(worst, Math.abs(x - (results[k]?.[s] ?? NaN))), 0);
    expect(error / largest, `output ${k}`).toBeLessThan(tolerance);
  }
}
