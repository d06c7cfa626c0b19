/** Measured times by layer, from the progress of an evaluation. */
import { expect, test } from 'vitest';
import { measuredByLayer } from '../../../../cli/report/figures/measured.ts';
import type { Timeline } from '../../../../cli/report/figures/timeline.ts';
import { programDigest } from '../../../../ir/plan/run-trace.ts';
import { compiledPlan } from './pruned-plan.ts';

const moments = 100;

/** One layer after another, by the parts of the modelled time that they take. */
function inTurn(parts: readonly number[]): Timeline {
  const shares = new Float32Array(parts.length * moments);
  let from = 0;
  for (const [layer, part] of parts.entries()) {
    shares.fill(1, layer * moments + from, layer * moments + from + part);
    from += part;
  }
  return { milliseconds: 10, moments, shares, liveBytes: new Float64Array(moments) };
}

const even = Array.from({ length: 20 }, (_, k) => [(k + 1) / 20, 2 * (k + 1)] as const);

test('an even run takes what the model says, and adds up to the median', () => {
  const times = measuredByLayer({ marks: even, evaluateMs: [90, 40, 50] }, inTurn([20, 50, 30]));
  expect(Array.from(times ?? [], (time) => Number(time.toFixed(6)))).toEqual([10, 25, 15]);
});

test('a layer that takes longer than modelled is seen', () => {
  // The second half of the modelled work takes three quarters of the time.
  const marks = even.map(([part]) => [part, part <= 0.5 ? 20 * part : 10 + 60 * (part - 0.5)] as const);
  const times = measuredByLayer({ marks, evaluateMs: [40] }, inTurn([50, 50]));
  expect(Array.from(times ?? [], (time) => Number(time.toFixed(6)))).toEqual([10, 30]);
});

test('layers that run at the same time share it as the model says', () => {
  const timeline = inTurn([100, 0]);
  timeline.shares.fill(0.25, 0, moments);
  timeline.shares.fill(0.75, moments);
  const times = measuredByLayer({ marks: even, evaluateMs: [40] }, timeline);
  expect(Array.from(times ?? [], (time) => Number(time.toFixed(6)))).toEqual([10, 30]);
});

test('too few marks tell nothing', () => {
  expect(measuredByLayer({ marks: even.slice(0, 5), evaluateMs: [40] }, inTurn([100]))).toBeUndefined();
  expect(measuredByLayer({ marks: [], evaluateMs: [40] }, inTurn([100]))).toBeUndefined();
});

test('a program is known by its operations, not by its weights', () => {
  const [plain, again, encrypted] = [compiledPlan(), compiledPlan(), compiledPlan('encrypted')];
  expect(programDigest(plain.program)).toBe(programDigest(again.program));
  expect(programDigest(plain.program)).not.toBe(programDigest(encrypted.program));
});
