import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { LinearProblem } from '../../../../compiler/kernels/parts/kernel-option.ts';
import { kernelsAtInput } from '../../../../compiler/kernels/client-packing.ts';
import { convolutionLayouts, geometryOf } from '../../../../compiler/kernels/parts/convolution-layouts.ts';
import { kernelsFrom } from '../../../../compiler/kernels/kernels-from.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { type LinearMap, RowWriter } from '../../../../ir/tensor/csr.ts';
import { gap, interleaved, Layout, multiplexed, tiled } from '../../../../ir/tile/layout.ts';
import { randomVector } from '../../../support/arbitrary-maps.ts';
import { expectExact } from './expect-exact.ts';
import { casesOf } from '../../../support/setup/suite.ts';

interface Window {
  readonly channels: readonly [number, number];
  readonly size: number;
  readonly kernel: number;
  /** Above one it skips positions, below one it enlarges. */
  readonly stride: number;
  readonly seed: number;
}

/** A map whose rows read a window around their own place, with random weights. */
function convolution({ channels: [C, O], size, kernel, stride, seed }: Window): Omit<LinearProblem, 'slots'> {
  const side = Math.max(1, Math.floor(size / stride));
  const random = seededRandom(seed);
  const writer = new RowWriter(O * side * side, C * size * size);
  for (let row = 0; row < O * side * side; row++) {
    const y = Math.floor((Math.floor(row / side) % side) * stride);
    const x = Math.floor((row % side) * stride);
    for (let c = 0; c < C; c++) {
      for (let i = y; i < Math.min(size, y + kernel); i++) {
        for (let j = x; j < Math.min(size, x + kernel); j++)
          writer.push((c * size + i) * size + j, random.uniform() + 1);
      }
    }
    writer.endRow();
  }
  const map: LinearMap = writer.finish(randomVector(O * side * side, seed));
  return { map, convolution: { input: [C, size, size], output: [O, side, side], strides: [stride, stride] } };
}

const windows: fc.Arbitrary<Window> = fc.record({
  channels: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
  size: fc.integer({ min: 1, max: 7 }),
  kernel: fc.integer({ min: 1, max: 3 }),
  stride: fc.constantFrom(0.5, 1, 2),
  seed: fc.nat(),
});

const slotShapes = fc.constantFrom({ virtualSlots: 256, batchTile: 1 }, { virtualSlots: 64, batchTile: 2 });

describe('convolutions', () => {
  test('are computed from every packing of the client', () => {
    fc.assert(
      fc.property(windows, slotShapes, (window, slots) => {
        const problem = { ...convolution(window), slots };
        for (const option of kernelsAtInput(problem)) expectExact(option, problem.map, window.seed);
      }),
      { numRuns: casesOf({ normal: 15, nightly: 40 }) },
    );
  });

  test('are computed from every layout that one before leaves', () => {
    fc.assert(
      fc.property(windows, windows, slotShapes, (window, next, slots) => {
        const first = { ...convolution(window), slots };
        const [O = 1, side = 1] = first.convolution?.output ?? [];
        const second = { ...convolution({ ...next, channels: [O, next.channels[1]], size: side }), slots };
        const outputs = new Map(kernelsAtInput(first).map(({ output }) => [output.toString(), output]));
        for (const output of [...outputs.values()].slice(0, 4)) {
          for (const option of kernelsFrom(second, output)) expectExact(option, second.map, next.seed);
        }
      }),
      { numRuns: casesOf({ normal: 6, nightly: 25 }) },
    );
  });

  test('are computed from and to layouts with channels in the gaps of strides', () => {
    const even = windows.map((window) => ({ ...window, channels: window.channels.map((each) => 4 * each), stride: 2 }));
    let multiplexings = 0;
    fc.assert(
      fc.property(even, windows, fc.constantFrom(64, 256), (window, next, virtualSlots) => {
        const slots = { virtualSlots, batchTile: 1 };
        const [C = 1, O = 1] = window.channels;
        const first = { ...convolution({ ...window, channels: [C, O] }), slots };
        const [, side = 1] = first.convolution?.output ?? [];
        const second = { ...convolution({ ...next, channels: [O, 2 * next.channels[1]], size: side }), slots };
        const outputs = new Map(kernelsAtInput(first).map(({ output }) => [output.toString(), output]));
        const [between] = [...outputs.values()].filter(({ dims }) => dims.some((dim) => dim.multiplexed));
        if (between === undefined) return;
        multiplexings++;
        for (const option of kernelsFrom(second, between)) expectExact(option, second.map, next.seed);
      }),
      { numRuns: casesOf({ normal: 10, nightly: 40 }) },
    );
    expect(multiplexings).toBeGreaterThan(0);
  });

  test('keep the tiles of the image however many ciphertexts all of their channels take', () => {
    const window = { channels: [1, 32], size: 16, kernel: 2, stride: 2, seed: 1 } as const;
    const problem = { ...convolution(window), slots: { virtualSlots: 16, batchTile: 1 } };
    const onTiles = kernelsAtInput(problem).filter(({ input }) => input.dims.some((dim) => dim.interleaved));
    expect(onTiles.map(({ output }) => output.ciphertexts)).toContain(128);
    for (const option of onTiles) expectExact(option, problem.map, window.seed);
  });

  test('keep their geometry', () => {
    const layouts = (window: Partial<Window>, dims: Layout['dims']): string[] => {
      const problem = convolution({ channels: [4, 4], size: 8, kernel: 3, stride: 1, seed: 1, ...window });
      return convolutionLayouts({ ...problem, slots: { virtualSlots: 1, batchTile: 1 } }, new Layout(dims, 1)).map(
        String,
      );
    };
    const image = [tiled(8, 8), tiled(8, 8)];
    expect(layouts({}, [tiled(4, 4), ...image])).toEqual(['[4/4, 8/8, 8/8]']);
    expect(layouts({ stride: 2 }, [tiled(4, 4), ...image])).toEqual([
      '[4/4, 4/4, 1/2, 4/4, 1/2]',
      '[*/4, 1, 4/4, 2^/2, 4/4, 2^/2]',
    ]);
    expect(layouts({ stride: 2, channels: [4, 6] }, [tiled(4, 4), ...image])).toEqual([
      '[6/4, 4/4, 1/2, 4/4, 1/2]',
      '[3/4, 4/4, 2^/2, 4/4, 1/2]',
    ]);
    expect(layouts({ channels: [4, 4] }, [tiled(2, 2), tiled(8, 8), multiplexed(2, 2), tiled(8, 8)])).toEqual([
      '[4/2, 8/8, 1/2, 8/8]',
      '[2/2, 8/8, 2^/2, 8/8]',
    ]);
    expect(layouts({ channels: [3, 4] }, [tiled(2, 2), tiled(8, 8), multiplexed(2, 2), tiled(8, 8)])).toEqual([]);
    expect(layouts({ stride: 0.5 }, [tiled(4, 4), ...image])).toEqual(['[4/4, 16~/8, 16~/8]']);
    expect(layouts({ channels: [4, 1] }, [tiled(4, 4), ...image])).toEqual(['[1/4, 8/8, 8/8]', '[*/4, 1, 8/8, 8/8]']);
    const halves = [interleaved(8, 4), interleaved(8, 4)];
    expect(layouts({ stride: 2 }, [tiled(4, 4), ...halves])).toEqual(['[4/4, 4~/4, 4~/4]']);
    expect(layouts({}, [tiled(256, 256), gap(2)])).toEqual([]);
  });

  test('have a geometry wherever shapes have common axes', () => {
    expect(geometryOf([3, 28, 28], [8, 13, 14])?.strides).toEqual([2, 2]);
    expect(geometryOf([3, 14], [8, 28])?.strides).toEqual([0.5]);
    expect(geometryOf([3, 14, 14], [8, 28])).toBeUndefined();
    expect(geometryOf([784], [10])).toBeUndefined();
  });
});
