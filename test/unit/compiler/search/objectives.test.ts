/** What the search makes small is small, limits are kept, and the report says so; of more networks at night. */
import { describe, expect, test } from 'vitest';
import { compileGraph } from '../../../../compiler/compile.ts';
import type { CompileOptions } from '../../../../compiler/settings.ts';
import { scoreOf } from '../../../../compiler/search/objective.ts';
import type { Plan } from '../../../../ir/plan/plan.ts';
import { type Objective, objectives, type PlanMeasures, type SearchReport } from '../../../../ir/plan/search-report.ts';
import type { TensorModule } from '../../../../ir/tensor/ops.ts';
import { refusalOf } from '../../../support/codes.ts';
import { isNightly } from '../../../support/setup/suite.ts';
import { denseChain, graphOf, residual, samplesOf } from '../../../support/tiny-networks.ts';

function compile(module: TensorModule, options: CompileOptions = {}): Plan {
  return compileGraph(graphOf(module), { samples: samplesOf(module, 16), maxError: 0.01, ...options }).plan;
}

function reportOf({ search }: Plan): SearchReport {
  if (search === undefined) throw new Error('the plan has no report');
  return search;
}

function measuresOf(plan: Plan): PlanMeasures {
  const chosen = reportOf(plan).candidates.filter(({ verdict }) => verdict === 'chosen');
  expect(chosen).toHaveLength(1);
  const [measures] = chosen.map((candidate) => candidate.measures);
  if (measures === undefined) throw new Error('the chosen plan was not measured');
  return measures;
}

const networks = [
  ['three dense layers', denseChain([60, 40, 24, 10])],
  ['a residual sum', residual(40, 16, 5)],
  ['a wide layer', denseChain([120, 60, 3])],
] as const;

/** By what the objective makes small; ties count as equal. */
function costBy(objective: Objective, plan: Plan, bandwidthMbit: number): number {
  return scoreOf(measuresOf(plan), { objective, bandwidthMbit, limits: {}, batch: 1 })[0];
}

describe.each(isNightly ? networks : networks.slice(1, 2))('%s', (_, module) => {
  test('no plan is better in an objective than the one made for it', () => {
    const bandwidthMbit = 50;
    const plans = objectives.map((optimize) => compile(module, { optimize, bandwidthMbit }));
    for (const [k, objective] of objectives.entries()) {
      const own = plans[k];
      if (own === undefined) throw new Error('every objective has a plan');
      for (const other of plans) {
        // What is sent and held grows with the samples; the objectives of one sample are compared for one.
        if (objective !== 'throughput' && measuresOf(other).samples > 1) continue;
        expect(costBy(objective, own, bandwidthMbit), objective).toBeLessThanOrEqual(
          costBy(objective, other, bandwidthMbit) * (1 + 1e-9),
        );
      }
      expect(reportOf(own)).toMatchObject({ objective, bandwidthMbit });
    }
  });
});

test('the report is of the plan', () => {
  const plan = compile(denseChain([60, 40, 24, 10]));
  const { peakBytes, galoisKeys, rotations, uploadBytes } = measuresOf(plan);
  expect({ peakBytes, galoisKeys, rotations }).toEqual({
    peakBytes: plan.statistics.peakBytes,
    galoisKeys: plan.statistics.galoisKeys,
    rotations: plan.statistics.rotations,
  });
  expect(uploadBytes).toBeGreaterThan(0);
  const { layers, configurations } = reportOf(plan);
  expect(layers.map(({ op }) => op)).toEqual(['dense', 'multiply', 'dense', 'multiply', 'dense', 'output']);
  expect(configurations.map(({ polyModulusDegree }) => polyModulusDegree)).toEqual([4096, 8192, 16384, 32768, 65536]);
  expect(configurations.every(({ exact }) => exact)).toBe(true);
});

test('the same network and options give the same report', () => {
  const module = residual(20, 8, 3);
  expect(JSON.stringify(reportOf(compile(module)))).toBe(JSON.stringify(reportOf(compile(module))));
});

describe('limits', () => {
  const module = denseChain([300, 100, 50, 10]);
  const free = compile(module);

  test('fewer Galois keys, by other layouts or by composed rotations', () => {
    const { galoisKeys } = measuresOf(free);
    const most = Math.ceil(galoisKeys / 2);
    const plan = compile(module, { limits: { galoisKeys: most } });
    expect(plan.statistics.galoisKeys).toBeLessThanOrEqual(most);
    expect(plan.client.rotationSteps).toHaveLength(plan.statistics.galoisKeys);
    expect(measuresOf(plan).milliseconds).toBeGreaterThanOrEqual(measuresOf(free).milliseconds);
  });

  test('less memory', () => {
    const most = Math.floor(measuresOf(free).peakBytes * 0.8);
    const plan = compile(module, { limits: { memoryBytes: most } });
    expect(plan.statistics.peakBytes).toBeLessThanOrEqual(most);
  });

  test('less to send', () => {
    const most = measuresOf(compile(module, { optimize: 'upload' })).uploadBytes;
    expect(measuresOf(free).uploadBytes).toBeGreaterThan(most);
    expect(measuresOf(compile(module, { limits: { uploadBytes: most } })).uploadBytes).toBeLessThanOrEqual(most);
  });

  test('that nothing meets name the nearest plan, and by how much it fails', () => {
    const text = refusalOf(() => compile(module, { limits: { memoryBytes: 2 ** 20, galoisKeys: 500 } }));
    expect(text).toMatch(
      /H340[^]*the nearest plan, at N = \d+, needs \d+MiB where --max-memory allows 1MiB \(\d+ times as much\)/,
    );
    expect(text).toMatch(/help: allow it with --max-memory \d+MiB/);
    expect(text).not.toMatch(/--max-keys/);
  });
});

describe('batches', () => {
  const module = denseChain([30, 20, 5]);

  test('throughput packs samples side by side, as many as make each of them cheapest', () => {
    const one = measuresOf(compile(module));
    // At 1 % the cheapest is not accurate enough, which would be no matter of samples.
    const many = compile(module, { optimize: 'throughput', maxError: 0.02 });
    const { samples, runs, milliseconds } = measuresOf(many);
    // All 2048 slots: batches of every power of two are tried.
    expect({ samples, runs, batch: many.client.batch }).toEqual({ samples: 2048, runs: 1, batch: 2048 });
    const { unit, candidates } = reportOf(many);
    expect(unit).toBe('ms per sample');
    const costs = candidates.flatMap(({ cost }) => (cost === undefined ? [] : [cost]));
    expect(Math.min(...costs)).toBe(milliseconds / samples);
    expect(candidates.find(({ verdict }) => verdict === 'chosen')?.cost).toBe(milliseconds / samples);
    expect(milliseconds / samples).toBeLessThan(one.milliseconds / one.samples);
  });

  test('a batch is served in the runs that take the least time together', () => {
    const batch = 24;
    const plan = compile(module, { batch });
    const { samples, runs, milliseconds } = measuresOf(plan);
    expect(samples * runs).toBeGreaterThanOrEqual(batch);
    expect(plan.client.batch).toBe(samples);
    expect(runs * milliseconds).toBeLessThanOrEqual(batch * measuresOf(compile(module)).milliseconds);
    const tiles = reportOf(plan).configurations.map(({ batchTile }) => batchTile);
    expect(Math.max(...tiles)).toBe(32);
  });
});

test('options that are out of range are refused, all at once', () => {
  const text = refusalOf(() =>
    compile(denseChain([2, 2]), {
      bandwidthMbit: 0,
      maxError: NaN,
      limits: { memoryBytes: -1, galoisKeys: -1 },
      tile: { rows: 32768, columns: 2 },
    }),
  );
  expect(text).toMatch(/H341.*maxError is NaN[^]*bandwidthMbit is 0[^]*memoryBytes is -1[^]*galoisKeys is -1/);
  expect(text).toContain('tile.rows · tile.columns is 65536');
});
