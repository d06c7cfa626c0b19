import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Candidate, LinearProblem } from '../../../compiler/kernels/candidate.ts';
import { kernelsAtInput } from '../../../compiler/kernels/client-packing.ts';
import {
  contiguous,
  foldedDiagonals,
  powers,
  sparseDiagonals,
  stridedSums,
} from '../../../compiler/kernels/families.ts';
import type { HeModule } from '../../../ir/he/module.ts';
import { HE } from '../../../ir/he/ops.ts';
import { evaluateHe } from '../../../ir/interpret/he.ts';
import { applyMap, type LinearMap } from '../../../ir/tensor/linear-map.ts';
import { gap, Layout, tiled } from '../../../ir/tile/layout.ts';
import { fillSlots, readSlots } from '../../../ir/tile/packing.ts';
import { arbitraryMap, randomMap, randomVector } from '../../support/arbitrary-maps.ts';
import { runKernel } from '../../support/lower-linear.ts';

const slotShapes = fc.constantFrom(
  { virtualSlots: 64, batchTile: 1 },
  { virtualSlots: 32, batchTile: 2 },
  { virtualSlots: 16, batchTile: 4 },
  { virtualSlots: 1, batchTile: 8 },
);

function everyKernel(problem: LinearProblem, input: Layout): Candidate[] {
  const kernels = [stridedSums(problem, input, true), stridedSums(problem, input, false)];
  for (const fold of powers(1, 2 * problem.slots.virtualSlots)) kernels.push(foldedDiagonals(problem, input, fold));
  const found = kernels.filter((kernel) => kernel !== undefined);
  return [...found, sparseDiagonals(problem, input, contiguous(problem.map.rows, problem.slots))];
}

function expectExact(candidate: Candidate, map: LinearMap, seed: number): HeModule {
  const samples = Array.from({ length: candidate.input.batchTile }, (_, k) => randomVector(map.columns, seed + k));
  const { results, program } = runKernel(candidate, map, samples);
  for (const [k, sample] of samples.entries()) {
    const expected = applyMap(map, sample);
    const error = expected.reduce((worst, y, i) => Math.max(worst, Math.abs(y - (results[k]?.[i] ?? NaN))), 0);
    expect(error, `${candidate.kernel.family} ${candidate.input.toString()}`).toBeLessThan(1e-12);
  }
  return program;
}

describe('kernel families', () => {
  test('compute every matrix from every packing of the client', () => {
    fc.assert(
      fc.property(arbitraryMap(24), slotShapes, fc.nat(), (map, slots, seed) => {
        for (const candidate of kernelsAtInput({ map, slots })) expectExact(candidate, map, seed);
      }),
      { numRuns: 60 },
    );
  });

  test('compute every matrix from every layout that a kernel leaves', () => {
    fc.assert(
      fc.property(
        arbitraryMap(12),
        fc.integer({ min: 1, max: 20 }),
        slotShapes,
        fc.nat(),
        (first, rows, slots, seed) => {
          const second = randomMap({ rows, columns: first.rows, density: 1, seed });
          for (const { output } of kernelsAtInput({ map: first, slots })) {
            const packed = new Layout(output.dims, output.batchTile);
            for (const candidate of everyKernel({ map: second, slots }, packed)) expectExact(candidate, second, seed);
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  test('read nothing from slots that hold anything', () => {
    const slots = { virtualSlots: 64, batchTile: 1 };
    const map = randomMap({ rows: 5, columns: 9, density: 1, seed: 3 });
    const input = new Layout([tiled(9, 16), gap(4)], 1);
    const x = randomVector(9, 1);
    for (const candidate of everyKernel({ map, slots }, input)) {
      const { program } = runKernel(candidate, map, [x]);
      const [slotsOfX = new Float64Array()] = fillSlots(input, Int32Array.from(x.keys()), 1, [x]);
      const dirty = slotsOfX.map((value, s) => (input.elementMap()[s] === -1 ? 1e6 + s : value));
      const [result = new Float64Array()] = readSlots(candidate.output, 1, evaluateHe(program, [dirty]), 1);
      applyMap(map, x).forEach((y, i) => {
        expect(Math.abs(y - (result[i] ?? NaN))).toBeLessThan(1e-12);
      });
    }
  });

  test('cost what they say, for dense matrices', () => {
    const slots = { virtualSlots: 256, batchTile: 1 };
    for (const [rows, columns] of [
      [16, 100],
      [64, 32],
      [10, 128],
      [100, 30],
    ] as const) {
      const map = randomMap({ rows, columns, density: 1, seed: rows });
      for (const candidate of kernelsAtInput({ map, slots })) {
        const program = expectExact(candidate, map, 7);
        const count = (code: number): number => program.columns.op.filter((op) => op === code).length;
        const { babyRotations, lateRotations, products } = candidate.counts;
        expect(count(HE.rotate), candidate.input.toString()).toBe(babyRotations + lateRotations);
        expect(count(HE['multiply-plain'])).toBe(products);
      }
    }
  });
});
