/** Scale targets against sums done by hand, and what rescales divide. */
import { expect, test } from 'vitest';

import { nttPrimes } from '../../../../compiler/parameters/primes.ts';
import { rescaleKinds } from '../../../../compiler/parameters/rescale-kinds.ts';
import { Constant } from '../../../../ir/constant.ts';
import { HeBuilder, type HeModule } from '../../../../ir/he/module.ts';
import { PlaintextBuilder } from '../../../../ir/he/plaintexts.ts';
import type { Parameters } from '../../../../ir/parameters.ts';
import { placeRescales } from '../../../../passes/he/rescale-lazily.ts';
import { rescaleDepth } from '../../../../passes/he/scales/depth.ts';
import { scaleKeepers, scaleTargets } from '../../../../passes/he/scales/scale-targets.ts';

const polyModulusDegree = 8192;
const slots = polyModulusDegree / 2;

/** input · w + rotations, squared, · w: a dense layer, a square, and a dense layer. */
function twoLayers(): HeModule {
  const builder = new HeBuilder(16);
  const plaintexts = new PlaintextBuilder();
  const b = plaintexts.add({ source: 0, tile: 0, shift: 0, inner: 1 });
  const x = builder.add('input', { imm: 0 });
  const sum = builder.add('multiply-plain', { a: x, b });
  const folded = builder.add('add', { a: sum, b: builder.add('rotate', { a: sum, imm: 1 }) });
  const square = builder.add('multiply', { a: folded, b: folded });
  const product = builder.add('multiply-plain', { a: square, b });
  builder.add('output', { a: product, imm: 0 });
  return {
    level: 'he',
    name: 'two layers',
    slots,
    columns: builder.build(),
    plaintexts: plaintexts.build(),
    packed: [new Constant([1, 1], Float64Array.of(0.5))],
    origins: [[]],
  };
}

function targetsOf(module: HeModule, bits: readonly number[], roomBits: number): number[] {
  const { levels } = rescaleDepth(module);
  const columns = { ...module.columns, level: Uint8Array.from(levels) };
  const primes = nttPrimes(bits, polyModulusDegree) ?? [];
  const parameters: Parameters = { polyModulusDegree, primes, specialPrimes: [0] };
  return [...scaleTargets(columns, scaleKeepers(columns), parameters, { roomBits })];
}

test('a square that waits: its bits and those of the weights go into one prime', () => {
  const { module } = placeRescales(twoLayers(), { last: 'rescaled', defer: 1, late: true });
  // input, multiply-plain, rotate, add, rescale, multiply, multiply-plain, rescale, output
  const [input = 0, first = 0, rotated = 0, sum = 0, settled = 0, square = 0, product = 0, last = 0] = targetsOf(
    module,
    [40, 40, 40],
    4,
  );
  const gamma = Math.log2(8192 / 6) - Math.log2(Math.sqrt(8192 / 12));
  expect(last).toBeCloseTo(36, 1);
  expect(product).toBeCloseTo(76, 1);
  // One rounding in the value that is squared: δ + 2 (δ + γ − 1.5 + 1) = 76.
  const weights = (76 - 2 * (gamma - 0.5)) / 3;
  expect(square).toBeCloseTo(76 - weights, 1);
  expect(settled).toBeCloseTo((76 - weights) / 2, 1);
  expect([first, rotated, sum]).toEqual([sum, sum, sum]);
  expect(sum).toBeCloseTo(settled + 40, 1);
  expect(input).toBeCloseTo((sum + gamma - 1.5) / 2, 1);
});

test('a square that is rescaled by itself keeps the bits of its prime', () => {
  const { module } = placeRescales(twoLayers(), { last: 'rescaled', defer: 0, late: false });
  // input, multiply-plain, rescale, rotate, add, multiply, rescale, multiply-plain, rescale, output
  const targets = targetsOf(module, [40, 30, 40, 30], 4);
  const gamma = Math.log2(8192 / 6) - Math.log2(Math.sqrt(8192 / 12));
  const ofSquare = (36 + 30 + gamma - 1.5) / 2;
  expect(targets[6]).toBeCloseTo(ofSquare, 1);
  expect(targets[5]).toBeCloseTo(ofSquare + 40, 1);
  expect(targets[4]).toBeCloseTo((ofSquare + 40) / 2, 1);
});

test('powers of what a dense layer gives keep the bits of their primes where they are multiplied by what is free', () => {
  const builder = new HeBuilder(16);
  const plaintexts = new PlaintextBuilder();
  const b = plaintexts.add({ source: 0, tile: 0, shift: 0, inner: 1 });
  const x = builder.add('multiply-plain', { a: builder.add('input', { imm: 0 }), b });
  const square = builder.add('multiply', { a: x, b: x });
  const leaf = builder.add('multiply-plain', { a: x, b });
  builder.add('output', { a: builder.add('multiply', { a: leaf, b: square }), imm: 0 });
  const { module } = placeRescales(
    { ...twoLayers(), columns: builder.build() },
    { last: 'rescaled', defer: 0, late: false },
  );
  // input, multiply-plain, rescale, multiply, multiply-plain, rescale, rescale, multiply, rescale, output
  const targets = targetsOf(module, [30, 40, 40, 40], 4);
  expect(targets[7]).toBeCloseTo(26 + 40, 1);
  // What is left to the other operand is 30 bits: half of them each would take three bits from the square and from x.
  const squares = [5, 6].map((id) => targets[id]);
  expect(squares.some((bits = 0) => Math.abs(bits - 36) < 0.1)).toBe(true);
});

test('the kinds of rescales say where squares are divided', () => {
  const kinds = (defer: number, last: 'rescaled' | 'unrescaled' = 'rescaled') =>
    rescaleKinds(placeRescales(twoLayers(), { last, defer, late: false }).module);
  expect(kinds(1)).toEqual(['cipher', 'plain']);
  expect(kinds(0)).toEqual(['plain', 'cipher', 'plain']);
  expect(kinds(0, 'unrescaled')).toEqual(['cipher', 'plain']);
});
