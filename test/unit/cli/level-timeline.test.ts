/** Levels over time: they add up to the estimate of the plan, and say what is refreshed where. */
import { describe, expect, test } from 'vitest';
import { renderLevels } from '../../../cli/render/level-chart.ts';
import { levelsByMoment, type LevelTimeline, levelTimelineOf } from '../../../cli/render/level-timeline.ts';
import { describePlan, summarisePlan } from '../../../cli/render/plan-summary.ts';
import { formatMilliseconds } from '../../../cli/render/units.ts';
import { evaluationMilliseconds } from '../../../costs/plan-statistics.ts';
import type { HeModule } from '../../../ir/he/module.ts';
import type { Parameters } from '../../../ir/parameters.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import { scheduleProgram } from '../../../passes/he/scheduling/schedule.ts';
import { bootstrappedNetwork } from '../../support/bootstraps.ts';
import { stagedPlan } from '../../support/staged-plan.ts';
import { planOf } from '../runtime/engines/seal-wasm/programs.ts';
import { compiledPlan } from './report/pruned-plan.ts';

const network: HeModule & { readonly parameters: Parameters } = bootstrappedNetwork();
const plans: Readonly<Record<string, Plan>> = {
  'without refreshes': compiledPlan(),
  'that its client refreshes': stagedPlan(),
  'with bootstraps': planOf(network),
  'with bootstraps, in the order of a plan': planOf({ ...network, ...scheduleProgram(network), level: 'he' }),
};

/** All that a timeline says is taken. */
function taken({ stretches }: LevelTimeline): number {
  return stretches.reduce((sum, { milliseconds, refresh }) => sum + milliseconds + (refresh?.milliseconds ?? 0), 0);
}

describe.each(Object.entries(plans))('a plan %s', (_, plan) => {
  const timeline = levelTimelineOf(plan);

  test('takes what is estimated, stretch by stretch', () => {
    expect(taken(timeline) / evaluationMilliseconds(plan)).toBeCloseTo(1, 12);
    expect(timeline.milliseconds / evaluationMilliseconds(plan)).toBeCloseTo(1, 12);
    let before = 0;
    for (const { startMilliseconds, milliseconds, refresh } of timeline.stretches) {
      expect(startMilliseconds).toBeCloseTo(before, 6);
      before += milliseconds + (refresh?.milliseconds ?? 0);
    }
  });

  test('has the estimate, and a chart, in its summary', () => {
    const [, chart = ''] = summarisePlan(plan).split('\nLevel over time, ');
    expect(chart).toMatch(/^[\d.]+ m?s on one thread by the cost model\n\n( {2}.*\n)* {2} *0-\d {2}[▁▂▃▄▅▆▇█]{70}\n/);
    expect(chart.startsWith(`${formatMilliseconds(evaluationMilliseconds(plan))} `)).toBe(true);
  });

  test('is there for programs as well', () => {
    const { milliseconds, stretches } = timeline;
    expect(describePlan(plan)['levelsOverTime']).toEqual({
      milliseconds,
      levels: Array.from(levelsByMoment(timeline, 70)),
      stretches,
    });
  });
});

/** What is to be known of each stretch, but for times. */
function shapeOf(plan: Plan | undefined) {
  return (
    plan &&
    levelTimelineOf(plan).stretches.map(({ highestLevel, lowestLevel, layers, refresh }) => ({
      levels: [highestLevel, lowestLevel],
      layers: layers.map((name) => name.replace(' (Test)', '')),
      ...(refresh && { refresh: { ...refresh, milliseconds: refresh.milliseconds > 0 } }),
    }))
  );
}

test('without refreshes there is one stretch, of all layers and levels, and no table', () => {
  const plan = plans['without refreshes'];
  const [input] = plan?.client.inputs ?? [];
  expect(shapeOf(plan)).toEqual([
    { levels: [input?.level, 0], layers: ['dense0 (Gemm)', 'square1 (Mul)', 'dense2 (Gemm)'] },
  ]);
  expect(plan && summarisePlan(plan)).not.toMatch(/begins +takes/);
});

test('round trips end stretches; they take no time of the server', () => {
  const refresh = { by: 'client', milliseconds: false, fromLevel: 1 };
  expect(shapeOf(plans['that its client refreshes'])).toMatchObject([
    { levels: [2, 1], refresh: { ...refresh, ciphertexts: 2, toLevel: 2 } },
    { levels: [2, 1], refresh: { ...refresh, ciphertexts: 1, toLevel: 1 } },
    { levels: [1, 1] },
  ]);
});

test('bootstraps in a row are together', () => {
  const refresh = { by: 'server', milliseconds: true, fromLevel: 2, toLevel: 6 };
  const [inRow, last] = [
    { ...refresh, ciphertexts: 2 },
    { ...refresh, ciphertexts: 1 },
  ];
  expect(shapeOf(plans['with bootstraps'])).toEqual([
    { levels: [2, 2], layers: ['turn'], refresh: inRow },
    { levels: [6, 2], layers: ['sum'], refresh: last },
    { levels: [5, 5], layers: expect.arrayContaining(['bootstrap 2', 'shortcut']) as string[] },
  ]);
  // There one value of a pair is summed before the other is there.
  expect(shapeOf(plans['with bootstraps, in the order of a plan'])).toMatchObject([
    { levels: [6, 2], layers: ['turn', 'sum'], refresh: inRow },
    { levels: [6, 2], layers: ['sum'], refresh: last },
    { levels: [5, 5] },
  ]);
});

const uneven = {
  milliseconds: 8,
  rows: { level: Uint8Array.of(3, 17, 9, 8, 0), milliseconds: Float64Array.of(1.5, 2.5, 0, 2, 2) },
};

test('the level of a moment is that at which most of it is spent', () => {
  expect([...levelsByMoment(uneven, 4)]).toEqual([3, 17, 8, 0]);
  expect([...levelsByMoment(uneven, 2)]).toEqual([17, 8]);
  expect([...levelsByMoment(uneven, 1)]).toEqual([17]);
});

test('a chart has an eighth of a block for each level, and a table all stretches', () => {
  const text = renderLevels({
    ...uneven,
    refreshedAt: [1.5],
    stretches: [
      {
        startMilliseconds: 0,
        milliseconds: 1.5,
        highestLevel: 3,
        lowestLevel: 2,
        layers: ['a', 'b', 'c'],
        refresh: { by: 'server', ciphertexts: 1, milliseconds: 2.5, fromLevel: 2, toLevel: 9 },
      },
      { startMilliseconds: 4, milliseconds: 4, highestLevel: 9, lowestLevel: 0, layers: ['d'] },
    ],
  });
  const line = (...runs: readonly (readonly [block: string, columns: number])[]) =>
    runs.map(([block, columns]) => block.repeat(columns)).join('');
  expect(text).toBe(`
Level over time, 8.0 ms on one thread by the cost model

  16-17  ${line([' ', 13], ['▂', 22])}
   8-15  ${line([' ', 13], ['█', 22], ['▁', 18])}
    0-7  ${line(['▄', 13], ['█', 40], ['▁', 17])}
         ${line([' ', 13], ['^', 1])}

  A column is 0.1 ms and has the level at which most of it is spent, an eighth
  of a block for each, and ^ where ciphertexts are refreshed.

  begins   takes  levels  bootstraps    take  levels  layers
  ------  ------  ------  ----------  ------  ------  ----------------
  0.0 ms  1.5 ms   3 → 2           1  2.5 ms   2 → 9  a to c, 3 layers
  4.0 ms  4.0 ms   9 → 0                              d
     all  5.5 ms                   1  2.5 ms
`);
});
