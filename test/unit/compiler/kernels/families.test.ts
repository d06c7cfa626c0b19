import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { KernelOption, LinearProblem } from '../../../../compiler/kernels/parts/kernel-option.ts';
import { kernelsAtInput } from '../../../../compiler/kernels/client-packing.ts';
import { foldedDiagonals } from '../../../../compiler/kernels/families/folded-diagonals.ts';
import { kernelsFrom } from '../../../../compiler/kernels/kernels-from.ts';
import { repackings } from '../../../../compiler/kernels/families/repack.ts';
import { contiguous, powers } from '../../../../compiler/kernels/parts/result-layouts.ts';
import { sparseDiagonals } from '../../../../compiler/kernels/families/sparse-diagonals.ts';
import { stridedSums } from '../../../../compiler/kernels/families/strided-sums.ts';
import { evaluateHe } from '../../../../ir/interpret/he.ts';
import { applyMap, identityMap } from '../../../../ir/tensor/linear-map.ts';
import { gap, Layout, tiled } from '../../../../ir/tile/layout.ts';
import { fillSlots, readSlots } from '../../../../ir/tile/packing.ts';
import { arbitraryMap, randomMap, randomVector } from '../../../support/arbitrary-maps.ts';
import { runKernel } from '../../../support/lower-linear.ts';
import { expectExact } from './expect-exact.ts';
import { casesOf } from '../../../support/setup/suite.ts';

const slotShapes = fc.constantFrom(
  { virtualSlots: 64, batchTile: 1 },
  { virtualSlots: 32, batchTile: 2 },
  { virtualSlots: 16, batchTile: 4 },
  { virtualSlots: 1, batchTile: 8 },
);

function everyKernel(problem: LinearProblem, input: Layout): KernelOption[] {
  const found = [...stridedSums(problem, input)];
  for (const stride of powers(1, 2 * problem.slots.virtualSlots))
    found.push(...foldedDiagonals(problem, input, stride));
  return [...found, sparseDiagonals(problem, input, contiguous(problem.map.rows, problem.slots))];
}

describe('kernel families', () => {
  test('compute every matrix from every packing of the client', () => {
    fc.assert(
      fc.property(arbitraryMap(24), slotShapes, fc.nat(), (map, slots, seed) => {
        for (const option of kernelsAtInput({ map, slots })) expectExact(option, map, seed);
      }),
      { numRuns: casesOf({ normal: 30, nightly: 100 }) },
    );
  });

  test('tell clients nothing of a structure that was learned', () => {
    fc.assert(
      fc.property(arbitraryMap(24), slotShapes, (map, slots) => {
        for (const { packing } of kernelsAtInput({ map, slots, learnedStructure: true })) {
          // Elements in their order, filled up at the end: no index that the rows decide.
          const index = packing === undefined ? [] : Array.from(packing.index);
          expect(index).toEqual(index.map((_, i) => (i < map.columns ? i : -1)));
        }
      }),
    );
  });

  test('compute every matrix from every layout that a kernel leaves', () => {
    fc.assert(
      fc.property(
        arbitraryMap(12),
        fc.integer({ min: 1, max: 20 }),
        slotShapes,
        fc.constantFrom(1, 0.3),
        fc.nat(),
        (first, rows, slots, density, seed) => {
          const second = randomMap({ rows, columns: first.rows, density, seed });
          for (const { output } of kernelsAtInput({ map: first, slots })) {
            const packed = new Layout(output.dims, output.batchTile);
            const kernels = everyKernel({ map: second, slots }, packed);
            for (const option of kernels) expectExact(option, second, seed);
            const map = identityMap(first.rows);
            for (const option of repackings(packed, slots)) expectExact(option, map, seed);
            const other = kernels.at(seed % kernels.length)?.output ?? contiguous(rows, slots);
            expectExact(sparseDiagonals({ map: second, slots }, packed, other), second, seed);
          }
        },
      ),
      { numRuns: casesOf({ normal: 18, nightly: 60 }) },
    );
  });

  test('read nothing from slots that hold anything', () => {
    const slots = { virtualSlots: 64, batchTile: 1 };
    const map = randomMap({ rows: 5, columns: 9, density: 1, seed: 3 });
    const input = new Layout([tiled(9, 16), gap(4)], 1);
    const x = randomVector(9, 1);
    for (const option of everyKernel({ map, slots }, input)) {
      const { program } = runKernel(option, map, [x]);
      const [slotsOfX = new Float64Array()] = fillSlots(input, Int32Array.from(x.keys()), 1, [x]);
      const dirty = slotsOfX.map((value, s) => (input.elementMap()[s] === -1 ? 1e6 + s : value));
      const [result = new Float64Array()] = readSlots(option.output, 1, evaluateHe(program, [dirty]), 1);
      applyMap(map, x).forEach((y, i) => {
        expect(Math.abs(y - (result[i] ?? NaN))).toBeLessThan(1e-12);
      });
    }
  });

  test('compute and cost what they say for larger matrices', () => {
    const slots = { virtualSlots: 256, batchTile: 1 };
    for (const [rows, columns] of [
      [16, 100],
      [64, 32],
      [10, 128],
      [100, 30],
      [300, 20],
      [20, 300],
    ] as const) {
      const map = randomMap({ rows, columns, density: 1, seed: rows });
      for (const option of kernelsAtInput({ map, slots })) expectExact(option, map, 7);
      for (const input of [contiguous(columns, slots), new Layout([tiled(columns, 64), gap(4)], 1)]) {
        for (const option of everyKernel({ map, slots }, input)) expectExact(option, map, 7);
      }
    }
  });

  // Rotations of published layouts at 4096 slots, and the products that they take.
  test.each([
    ['rotate-and-sum, copies by the client', 13, 6, 13],
    ['half as many ciphertexts', 7, 7, 14],
    ['a quarter', 4, 9, 16],
    ['two', 2, 11, 16],
    ['one', 1, 12, 16],
  ])('784 → 64 from the client: %s', (_, inputs, rotations, products) => {
    const map = randomMap({ rows: 64, columns: 784, density: 1, seed: 1 });
    const found = kernelsAtInput({ map, slots: { virtualSlots: 4096, batchTile: 1 } });
    const [best] = found.filter(({ input }) => input.ciphertexts === inputs);
    expect(best?.output.toString()).toBe('[*/64, 64/64]');
    expect(best && rotationsOf(best)).toBe(rotations);
    expect(best?.counts.products).toBe(products);
  });

  test.each([
    ['hybrid: 128 → 32, duplicated', 8192, 128, 32, '[*/256, 32/32]', 12],
    ['inner folds: 32 → 128', 8192, 32, 128, '[*/2, 128/128, 1?/32]', 5],
    ['inner folds: 128 → 128', 4096, 128, 128, '[128/128, 1?/32]', 7],
    ['inner folds: 64 → 784', 4096, 64, 784, '[784/1024, 1?/4]', 8],
    ['spread: 64 → 784, contiguous', 4096, 64, 784, '[1?/4, 784?/1024]', 8],
  ])('%s', (_, virtualSlots, columns, rows, output, rotations) => {
    const slots = { virtualSlots, batchTile: 1 };
    const map = randomMap({ rows, columns, density: 1, seed: 1 });
    const found = kernelsFrom({ map, slots }, contiguous(columns, slots));
    const best = found.find((option) => option.output.toString() === output);
    expect(best && rotationsOf(best)).toBe(rotations);
    if (best !== undefined) expectExact(best, map, 5);
  });

  test('an operand with gaps costs no more than a contiguous one of as many slots', () => {
    const map = randomMap({ rows: 10, columns: 32, density: 1, seed: 4 });
    const rotations = (input: Layout, virtualSlots: number): number =>
      Math.min(...kernelsFrom({ map, slots: { virtualSlots, batchTile: 1 } }, input).map(rotationsOf));
    const apart = rotations(new Layout([tiled(32, 64), gap(8)], 1), 512);
    expect(apart).toBeLessThanOrEqual(rotations(new Layout([tiled(32, 64)], 1), 64));
  });

  test('repacking fills gaps with copies by folds alone', () => {
    const slots = { virtualSlots: 64, batchTile: 1 };
    const found = repackings(new Layout([gap(8), tiled(5, 8)], 1), slots);
    const copies = found.find(({ output }) => output.toString() === '[*/8, 5/8]');
    expect(copies?.counts).toEqual({ babyRotations: 0, lateRotations: 3, foldRotations: 3, products: 1, rescales: 1 });
  });
});

function rotationsOf({ counts }: KernelOption): number {
  return counts.babyRotations + counts.lateRotations;
}
