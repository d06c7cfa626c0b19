import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  engineBudget,
  leastMemory,
  type PlanMemory,
  planMemory,
  processBytes,
  shareOf,
} from '../../../../service/evaluation/plan-memory.ts';
import { smallPlan } from '../../../support/job-service.ts';

const bytes = fc.integer({ min: 0, max: 2 ** 32 });
const memory = fc.record({ fixed: bytes, keys: bytes, weights: bytes });

test('shares hold what a plan cannot do without, and together no more than the budget where all fit', () => {
  fc.assert(
    fc.property(fc.array(memory, { minLength: 1, maxLength: 5 }), bytes, (plans, more) => {
      const comfortable = ({ fixed, keys, weights }: PlanMemory): number => fixed + keys + weights;
      const budget = processBytes + plans.reduce((sum, plan) => sum + comfortable(plan), more);
      const shares = plans.map((plan) =>
        shareOf(
          plan,
          plans.filter((other) => other !== plan),
          budget,
        ),
      );
      expect(shares.reduce((sum, share) => sum + share, processBytes)).toBeLessThanOrEqual(budget + 1);
      for (const [k, plan] of plans.entries()) {
        expect(shares[k]).toBeGreaterThanOrEqual(comfortable(plan));
        // The engine keeps all weights, and has a place for keys.
        expect(engineBudget(plan, shares[k] ?? 0)).toBeGreaterThanOrEqual(plan.weights + plan.keys);
      }
    }),
  );
});

test('a plan alone in a budget that is short gives up encoded weights, and no more than there is', () => {
  fc.assert(
    fc.property(memory, fc.double({ min: 0, max: 1, noNaN: true }), (plan, part) => {
      const budget = processBytes + plan.fixed + plan.keys + Math.floor(part * plan.weights);
      const share = shareOf(plan, [], budget);
      expect(share + processBytes).toBeLessThanOrEqual(budget);
      const engine = engineBudget(plan, share);
      const kept = Math.min(engine, plan.weights);
      const places = plan.keys === 0 ? 0 : Math.max(1, Math.floor((engine - kept) / plan.keys));
      expect(plan.fixed + kept + places * plan.keys).toBeLessThanOrEqual(share);
    }),
  );
});

test('more threads take more, and the least is less than all', () => {
  const plan = smallPlan();
  expect(leastMemory(plan, 4)).toBeGreaterThan(leastMemory(plan, 1));
  const { fixed, keys, weights } = planMemory(plan, 1);
  expect(weights).toBeGreaterThan(0);
  expect(leastMemory(plan, 1)).toBe(processBytes + fixed + keys);
});
