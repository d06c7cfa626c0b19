import fc from 'fast-check';
import { expect, test } from 'vitest';

import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import type { InputEncoding, OutputEncoding } from '../../../../ir/plan/plan.ts';
import { type Dim, duplicated, gap, interleaved, Layout, tiled } from '../../../../ir/tile/layout.ts';
import { pickedCiphertexts } from '../../../../ir/tile/packing.ts';
import { checkInputRange, packInput, unpackOutput } from '../../../../runtime/base/codec.ts';

const powers = fc.constantFrom(1, 2, 4);
const dim: fc.Arbitrary<Dim> = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 7 }), powers).map(([n, t]) => tiled(n, t)),
  fc.tuple(fc.integer({ min: 1, max: 7 }), powers).map(([n, t]) => interleaved(n, t)),
  powers.map((t) => duplicated(t)),
  powers.map((t) => gap(t)),
);
const layouts = fc.tuple(fc.array(dim, { minLength: 1, maxLength: 3 }), powers).map(([dims, b]) => new Layout(dims, b));

function inputFor(layout: Layout, index: Int32Array, elements: number, factor: number): InputEncoding {
  const used = Array.from({ length: layout.ciphertexts }, () => true);
  const rest = { firstCiphertext: 0, used, level: 1, scale: 1, maxAbs: 2 };
  return { name: 'x', shape: [elements], hasBatchAxis: true, index, factor, layout, ...rest };
}

function outputFor(layout: Layout, factor: number): OutputEncoding {
  const used = Array.from({ length: layout.ciphertexts }, () => true);
  const rest = { firstCiphertext: 0, used, level: 0, scale: 1 };
  return { name: 'y', shape: [layout.elements], hasBatchAxis: true, factor, layout, ...rest };
}

function samplesOf(count: number, elements: number): Float64Array[] {
  return Array.from({ length: count }, (_, k) => Float64Array.from({ length: elements }, (_, i) => 1 + i + 100 * k));
}

test('what is packed is unpacked, for every layout and batch', () => {
  fc.assert(
    fc.property(layouts, fc.nat(3), (layout, missing) => {
      const count = Math.max(1, layout.batchTile - missing);
      const samples = samplesOf(count, layout.elements);
      const index = Int32Array.from({ length: layout.elements }, (_, i) => i);
      const packed = packInput(inputFor(layout, index, layout.elements, 4), samples);
      expect(packed).toHaveLength(layout.ciphertexts);
      expect(unpackOutput(outputFor(layout, 0.25), packed, count)).toEqual(samples);
    }),
  );
});

test('a batch that is not full repeats its samples', () => {
  const layout = new Layout([tiled(2, 2)], 8);
  const samples = [1, 10, 100].map((scale) => Float64Array.of(scale, 2 * scale));
  const [packed = []] = packInput(inputFor(layout, Int32Array.of(0, 1), 2, 1), samples);
  expect([...packed]).toEqual([1, 10, 100, 1, 10, 100, 1, 10, 2, 20, 200, 2, 20, 200, 2, 20]);
});

test('samples at a place leave zeros to all others, and are read from there; files of disjoint places add up', () => {
  fc.assert(
    fc.property(layouts, fc.nat(), fc.nat(), (layout, a, b) => {
      const place = a % layout.batchTile;
      const count = 1 + (b % (layout.batchTile - place));
      const all = samplesOf(layout.batchTile, layout.elements);
      const index = Int32Array.from({ length: layout.elements }, (_, i) => i);
      const input = inputFor(layout, index, layout.elements, 4);
      const own = packInput(input, all.slice(place, place + count), place);
      expect(unpackOutput(outputFor(layout, 0.25), own, count, place)).toEqual(all.slice(place, place + count));
      const rest = all.flatMap((sample, k) => (k >= place && k < place + count ? [] : [packInput(input, [sample], k)]));
      const sum = rest.reduce((x, y) => x.map((slots, c) => slots.map((v, s) => v + (y[c]?.[s] ?? Number.NaN))), own);
      expect(sum).toEqual(packInput(input, all));
    }),
  );
});

test('what an index picks is read of the ciphertexts that are sent, and constants of none', () => {
  fc.assert(
    fc.property(layouts, fc.array(fc.nat(), { minLength: 1, maxLength: 9 }), (layout, seeds) => {
      const samples = samplesOf(layout.batchTile, layout.elements);
      const identity = Int32Array.from({ length: layout.elements }, (_, i) => i);
      const packed = packInput(inputFor(layout, identity, layout.elements, 4), samples);
      const index = Int32Array.from(seeds, (seed) => (seed % (layout.elements + 1)) - 1);
      const constants = Float64Array.from(seeds, (_, i) => 1000 + i);
      const used = pickedCiphertexts(layout, { index });
      const output = { ...outputFor(layout, 0.25), shape: [index.length], index, used };
      const sent = packed.filter((_, c) => used[c]);
      const expected = (otherwise: (i: number) => number): Float64Array[] =>
        samples.map((sample) =>
          Float64Array.from(index, (from, i) => (from < 0 ? otherwise(i) : (sample[from] ?? NaN))),
        );
      expect(unpackOutput({ ...output, constants }, sent, samples.length)).toEqual(expected((i) => 1000 + i));
      expect(unpackOutput(output, sent, samples.length)).toEqual(expected(() => 0));
    }),
  );
});

test('every place of an element holds it, every other slot zero, and only what is used is packed', () => {
  fc.assert(
    fc.property(
      layouts,
      fc.infiniteStream(fc.tuple(fc.integer({ min: -1, max: 4 }), fc.boolean())),
      (layout, stream) => {
        const choices = [...stream.take(Math.max(layout.elements, layout.ciphertexts))];
        const index = Int32Array.from({ length: layout.elements }, (_, e) => choices[e]?.[0] ?? 0);
        const used = Array.from({ length: layout.ciphertexts }, (_, c) => choices[c]?.[1] ?? false);
        const samples = samplesOf(layout.batchTile, 5);
        const packed = packInput({ ...inputFor(layout, index, 5, -0.5), used }, samples);
        expect(packed).toHaveLength(used.filter(Boolean).length);
        const elements = layout.elementMap();
        const sent = used.flatMap((is, c) => (is ? [c] : []));
        packed.forEach((slots, position) => {
          expect(slots).toHaveLength(layout.slots);
          slots.forEach((value, s) => {
            const v = Math.floor(s / layout.batchTile);
            const element = elements[(sent[position] ?? 0) * layout.virtualSlots + v] ?? -1;
            const from = index[element] ?? -1;
            expect(value).toBe(from === -1 ? 0 : -0.5 * (samples[s % layout.batchTile]?.[from] ?? NaN));
          });
        });
      },
    ),
  );
});

test('a known example: a duplicated vector of two samples', () => {
  const layout = new Layout([tiled(3, 2), duplicated(2)], 2);
  const samples = [Float64Array.of(1, 2, 3), Float64Array.of(10, 20, 30)];
  expect(packInput(inputFor(layout, Int32Array.of(0, 1, 2), 3, 1), samples).map((c) => [...c])).toEqual([
    [1, 10, 1, 10, 2, 20, 2, 20],
    [3, 30, 3, 30, 0, 0, 0, 0],
  ]);
});

test('too many samples, samples and ciphertexts of the wrong size', () => {
  const layout = new Layout([tiled(3, 4)], 1);
  const input = inputFor(layout, Int32Array.of(0, 1, 2), 3, 1);
  expect(() => packInput(input, samplesOf(2, 3))).toThrow(InternalError);
  expect(() => packInput(input, samplesOf(1, 4))).toThrow(InternalError);
  expect(() => unpackOutput(outputFor(layout, 1), [new Float64Array(3)], 1)).toThrow(InternalError);
  expect(() => unpackOutput(outputFor(layout, 1), [], 1)).toThrow(InternalError);
});

test('values out of range are named, the largest first', () => {
  const input = inputFor(new Layout([tiled(3, 4)], 4), Int32Array.of(0, 1, 2), 3, 1);
  expect(checkInputRange(input, [Float64Array.of(2, -2, 0)])).toEqual([]);
  const [found, ...rest] = checkInputRange(input, [Float64Array.of(2.5, 0, 0), Float64Array.of(0, -3, 0)]);
  expect(rest).toEqual([]);
  expect(found?.code).toBe('H510');
  expect(found?.message).toMatch(/element 1 of sample 1 is -3, .* ±2; 1 other/);
  expect(checkInputRange(input, [Float64Array.of(NaN, 0, 0)])[0]?.message).toMatch(/is NaN/);
  expect(checkInputRange(input, [Float64Array.of(9, Infinity, 3)])[0]?.message).toMatch(/is Infinity.* 2 other/);
});

test('values that are clipped are packed as the ends of their group', () => {
  const range = [0, 2] as const;
  const groups = {
    groups: [
      { calibrated: range, together: range, alone: range, clips: true },
      { calibrated: [-9, 9], together: [-9, 9], alone: [-9, 9] },
    ],
    groupOf: Int32Array.of(0, 0, 1),
  } as const;
  const input = { ...inputFor(new Layout([tiled(3, 4)], 4), Int32Array.of(0, 1, 2), 3, 1), maxAbs: 9, groups };
  const samples = [Float64Array.of(7, -7, 7), Float64Array.of(1, 2.5, -9)];
  expect(checkInputRange(input, samples)).toEqual([]);
  const ends = [Float64Array.of(2, 0, 7), Float64Array.of(1, 2, -9)];
  expect(packInput(input, samples)).toEqual(packInput(input, ends));
  expect(packInput(input, samples, 1)).toEqual(packInput(input, ends, 1));
});

test('values out of the range of their group are named with it, and beside what', () => {
  const groups = {
    groups: [
      { calibrated: [0, 0.1], together: [0, 0.125], alone: [-0.05, 0.3] },
      { calibrated: [-4000, 4000], together: [-4000, 4000], alone: [-8000, 8000] },
    ],
    groupOf: Int32Array.of(0, 1, 1),
  } as const;
  const input = { ...inputFor(new Layout([tiled(3, 4)], 4), Int32Array.of(0, 1, -1), 3, 1), maxAbs: 8000, groups };
  const messages = (...values: number[]): string[] =>
    checkInputRange(input, [Float64Array.from(values)], 7).map(({ message }) => message);
  expect(messages(0.3, 4000, 0)).toEqual([]);
  expect(messages(10, 3000, 0)).toEqual([
    'input "x": element 0 of sample 7 is 10, the plan was compiled for -0.05 to 0.3',
  ]);
  expect(messages(-0.06, 9000, 0)).toEqual([
    'input "x": element 1 of sample 7 is 9000, the plan was compiled for ±8000; 1 other values are out of range too',
  ]);
  expect(messages(0.3, 6000, 0)).toEqual([
    'input "x": element 0 of sample 7 is 0.3, the plan was compiled for -0.025 to 0.2 beside the other values of this sample; ' +
      '1 other values are out of range too',
  ]);
  // What is not encrypted may be anything.
  expect(messages(0, 0, 1e9)).toEqual([]);
});
