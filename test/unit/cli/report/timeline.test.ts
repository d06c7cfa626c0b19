/** The timeline of a schedule, and the tallies of operations, agree with what is counted elsewhere. */
import { expect, test } from 'vitest';
import { layersOf } from '../../../../ir/he/layers.ts';
import { opFamilies, familyOfOp, sum, tally } from '../../../../cli/report/figures/tally.ts';
import { timelineOf } from '../../../../cli/report/figures/timeline.ts';
import { evaluationMilliseconds } from '../../../../costs/plan-statistics.ts';
import { programCost } from '../../../../costs/program-cost.ts';
import { peakCiphertextBytes } from '../../../../costs/seal-memory.ts';
import { compiledPlan } from './pruned-plan.ts';

const plan = compiledPlan();
const layers = layersOf(plan.program);

test('every moment is shared out, and the peak is that of the statistics', () => {
  const { milliseconds, moments, shares, liveBytes } = timelineOf(plan, layers, 40);
  expect(milliseconds).toBeCloseTo(evaluationMilliseconds(plan), 6);
  for (let moment = 0; moment < moments; moment++) {
    expect(layers.names.reduce((total, _, layer) => total + (shares[layer * moments + moment] ?? 0), 0)).toBeCloseTo(
      1,
      3,
    );
  }
  expect(Math.max(...liveBytes)).toBe(peakCiphertextBytes(plan.program));
});

test('tallies count every operation once, and every operation has a family', () => {
  const tallies = tally(plan, layers.names.length, (row) => layers.ofRow[row] ?? 0);
  expect(tallies.reduce((total, { counts }) => total + sum(counts), 0)).toBe(plan.program.columns.op.length);
  expect(tallies.reduce((total, { milliseconds }) => total + sum(milliseconds), 0)).toBeCloseTo(
    programCost(plan.program),
    6,
  );
  expect(familyOfOp.every((family) => family >= 0 && family < opFamilies.length)).toBe(true);
});
