/** Which encrypted weights stay in memory, and how the others pass through it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HeColumns } from '../../../../../ir/he/module.ts';
import { divideProgram } from '../../../../../runtime/engines/seal-wasm/tasks/divide-program.ts';
import { planWeights, type WeightPlan } from '../../../../../runtime/engines/exchange/weight-plan.ts';
import { weightRows } from '../../../../../runtime/seal/weight-rows.ts';
import { weightSizes } from '../../../../../runtime/seal/weight-source.ts';
import { manyWeights } from './weight-plans.ts';

interface Case {
  readonly columns: HeColumns;
  readonly workerOf: Uint8Array;
  readonly sizes: readonly number[];
  readonly indexOf: (row: number) => number;
  readonly planned: WeightPlan;
}

function planFor(weights: number, workers: number, budgetBytes: number): Case {
  const { program, schedule } = manyWeights(weights);
  const sizes = weightSizes(program);
  const { columns, workerOf, planRow } = divideProgram(program.columns, schedule.group, workers);
  const indices = new Map(weightRows(program.columns).map((row, index) => [row, index]));
  const indexOf = (row: number): number => indices.get(planRow[row] ?? -1) ?? -1;
  const planned = planWeights(
    { rows: columns.op.length, weights: weightRows(columns) },
    indexOf,
    sizes,
    workers,
    budgetBytes,
  );
  return { columns, workerOf, sizes, indexOf, planned };
}

test('weights that fit are all kept', () => {
  const { sizes, planned } = planFor(5, 2, 1e9);
  expect(planned.resident).toEqual([...sizes.keys()]);
  expect(planned.weightOf.length).toBe(0);
  expect(planned.stream.totalBytes).toBe(0);
});

test('every row finds its weight, within the budget', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 3 }),
      fc.double({ min: 0, max: 1.2, noNaN: true }),
      (weights, workers, part) => {
        const total = weightSizes(manyWeights(weights).program).reduce((sum, size) => sum + size, 0);
        const { columns, sizes, indexOf, planned } = planFor(weights, workers, part * total);
        const { resident, stream, weightOf } = planned;
        const kept = new Set(resident);
        const reads = new Int32Array(weightOf.length);
        for (const row of weightRows(columns)) {
          const load = stream.transferOf[row] ?? -1;
          expect(kept.has(indexOf(row))).toBe(load === -1);
          if (load === -1) continue;
          expect(weightOf[load]).toBe(indexOf(row));
          expect(stream.size[load]).toBe(sizes[indexOf(row)]);
          reads[load] = (reads[load] ?? 0) + 1;
        }
        expect(reads).toEqual(stream.readers);
        const inMemory = resident.reduce((sum, index) => sum + (sizes[index] ?? 0), 0) + stream.totalBytes;
        const least = 2 * workers * Math.max(...sizes);
        expect(inMemory).toBeLessThanOrEqual(Math.max(part * total, least) + 1e-6);
      },
    ),
    { numRuns: 60 },
  );
});

test('a region is taken again only after every row that reads what is there', () => {
  fc.assert(
    fc.property(fc.integer({ min: 5, max: 20 }), fc.integer({ min: 1, max: 3 }), (weights, workers) => {
      const { columns, planned } = planFor(weights, workers, 0);
      const { transferOf, offset, size, previous } = planned.stream;
      const rowsOf = new Map<number, number[]>();
      for (const row of weightRows(columns)) {
        const load = transferOf[row] ?? -1;
        rowsOf.set(load, [...(rowsOf.get(load) ?? []), row]);
      }
      /** By region: the load that is there. */
      const there = new Map<number, number>();
      for (let load = 0; load < size.length; load++) {
        const at = offset[load] ?? 0;
        expect(previous[load]).toBe(there.get(at) ?? -1);
        const before = rowsOf.get(previous[load] ?? -1) ?? [];
        expect(Math.max(-1, ...before)).toBeLessThan(Math.min(...(rowsOf.get(load) ?? [])));
        there.set(at, load);
      }
    }),
    { numRuns: 40 },
  );
});

test('those that are kept lie evenly among the others', () => {
  const total = weightSizes(manyWeights(40).program).reduce((sum, size) => sum + size, 0);
  const { planned } = planFor(40, 1, total / 2);
  const gaps = planned.resident.slice(1).map((index, i) => index - (planned.resident[i] ?? 0));
  expect(planned.resident.length).toBeGreaterThan(10);
  expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1);
});
