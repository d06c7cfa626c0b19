import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HeModule } from '../../../../../ir/he/module.ts';
import { HeBuilder, heOpsOf } from '../../../../../ir/he/module.ts';
import { PlaintextBuilder } from '../../../../../ir/he/plaintexts.ts';
import { Constant } from '../../../../../ir/constant.ts';
import { evaluateHe } from '../../../../../ir/interpret/he.ts';
import { NoiseModel } from '../../../../../ir/interpret/noise.ts';
import { seededRandom } from '../../../../../ir/random.ts';
import { isBootstrap } from '../../../../../ir/he/traits.ts';
import { verify } from '../../../../../ir/verify.ts';
import { assignLevels } from '../../../../../passes/he/assign-levels.ts';
import { bootstrapPairs } from '../../../../../passes/he/bootstrapping/bootstrap-pairs.ts';
import { withoutBootstraps } from '../../../../../passes/he/bootstrapping/expand-bootstraps.ts';
import { besselFunctions } from '../../../../../passes/he/bootstrapping/sine-polynomial.ts';
import { placeRelinearizations } from '../../../../../passes/he/relinearize-lazily.ts';
import { placeRescales } from '../../../../../passes/he/rescale-lazily.ts';
import { preciseEffect, preciseParameters } from '../../../../support/bootstraps.ts';

const parameters = preciseParameters(4096);
const slots = 2048;

/** Blocks of a product with a plaintext and a square, two of them from one bootstrap to the next; in a residual one what a block begins with is added. */
function managed(blocks: number, isResidual: boolean): HeModule {
  const builder = new HeBuilder();
  const plaintexts = new PlaintextBuilder();
  const plaintext = plaintexts.add({ source: 0, tile: 0, shift: 0, inner: 1 });
  const half = plaintexts.add({ source: 1, tile: 0, shift: 0, inner: 1 });
  let x = builder.add('input', { imm: 0 });
  for (let block = 0; block < blocks; block++) {
    const first = x;
    if (block > 0) x = builder.add('bootstrap', { a: x });
    const fresh = block > 0 ? x : first;
    for (let k = 0; k < 2; k++) {
      x = builder.add('multiply-plain', { a: x, b: plaintext });
      if (k === 0) x = builder.add('multiply', { a: x, b: x });
    }
    if (isResidual) x = builder.add('add', { a: x, b: builder.add('multiply-plain', { a: fresh, b: half }) });
  }
  builder.add('output', { a: x, imm: 0 });
  const module: HeModule = {
    level: 'he',
    name: 'blocks',
    slots,
    columns: builder.build(),
    plaintexts: plaintexts.build(),
    packed: [new Constant([1, 2], Float64Array.of(0.9, -0.8)), new Constant([1, 1], Float64Array.of(0.5))],
    origins: [[]],
    bootstrapping: preciseEffect(parameters),
  };
  const problems: string[] = [];
  const result = assignLevels.run(
    placeRelinearizations(placeRescales(module, { last: 'rescaled', defer: 0, late: false }).module).module,
    { parameters, rangeBits: 0, floor: preciseEffect(parameters).level },
    { samples: [], report: ({ message }) => problems.push(message) },
  );
  expect(problems).toEqual([]);
  return result.module;
}

function difference(x: Float64Array | undefined, y: Float64Array | undefined): number {
  return (x ?? new Float64Array()).reduce((most, value, s) => Math.max(most, Math.abs(value - (y?.[s] ?? NaN))), 0);
}

describe.each([false, true])('a network with shortcuts: %s', (isResidual) => {
  const module = managed(3, isResidual);
  const expanded = withoutBootstraps(module);
  const random = seededRandom(5);
  const x = Float64Array.from({ length: slots }, () => 2 * random.uniform() - 1);

  test('both programs are sound, and one has no bootstraps', () => {
    expect(verify(module)).toEqual([]);
    expect(verify(expanded)).toEqual([]);
    expect([...heOpsOf(module)].filter(({ op }) => op === 'bootstrap')).toHaveLength(2);
    expect([...heOpsOf(expanded)].filter(({ op }) => op === 'bootstrap')).toHaveLength(0);
    expect([...heOpsOf(expanded)].filter(({ op }) => op === 'mod-raise')).toHaveLength(2);
  });

  test('operations of a bootstrap come to what it is said to be', () => {
    const one = managed(2, isResidual);
    const [said] = evaluateHe(one, [x]);
    const [done] = evaluateHe(withoutBootstraps(one), [x]);
    const { circuit, angle } = preciseEffect(parameters);
    const { degree, mostWraps, doubleAngles } = circuit;
    // What the polynomial lacks of the cosine: terms beyond its degree. A double angle makes four times as much of it at most, and
    // the block that follows, whose operands are below 1.3, less than three times.
    const omitted = besselFunctions((2 * Math.PI * mostWraps) / 2 ** doubleAngles, degree + 8).slice(degree + 1);
    const lacking = 2 * omitted.reduce((sum, value) => sum + Math.abs(value), 0);
    expect(difference(said, done)).toBeLessThan((3 * lacking * 4 ** doubleAngles) / angle);
  });

  test('noise is what it is said to be, within a factor of two', () => {
    const noiseOf = (program: HeModule): number => {
      const noise = new NoiseModel(parameters, 3);
      const [exact = new Float64Array()] = evaluateHe(program, [x]);
      const [noisy = new Float64Array()] = evaluateHe(program, [x], { noise });
      return Math.sqrt(noisy.reduce((sum, value, s) => sum + (value - (exact[s] ?? 0)) ** 2, 0) / slots);
    };
    const ratio = noiseOf(module) / noiseOf(expanded);
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  });

  test('all bootstraps share their plaintexts', () => {
    const once = withoutBootstraps(managed(2, isResidual));
    expect(expanded.packed).toHaveLength(once.packed.length);
    expect(expanded.plaintexts.source).toHaveLength(once.plaintexts.source.length);
  });
});

/**
 * Values that begin as inputs, and steps that each bootstrap a value and add another to it, as a program with levels: everything else
 * happens at the level of the results.
 */
function branches(inputs: number, steps: readonly (readonly [number, number])[]): HeModule {
  const effect = preciseEffect(parameters);
  const builder = new HeBuilder();
  const plaintexts = new PlaintextBuilder();
  const half = plaintexts.add({ source: 0, tile: 0, shift: 0, inner: 1 });
  const { level, scale, outputLevel, outputScale } = effect;
  const high = { level: outputLevel, scale: outputScale };
  const down = (value: number): number => {
    let at: { level: number; scale: number } = high;
    let x = value;
    while (at.level > level) {
      const last = at.level === level + 1;
      const q = parameters.primes[at.level] ?? 1;
      const plainScale = last ? (scale * q) / at.scale : q;
      x = builder.add('multiply-plain', { a: x, b: half, ...at, scale: at.scale * plainScale, plainScale });
      at = { level: at.level - 1, scale: last ? scale : at.scale };
      x = builder.add('rescale', { a: x, ...at });
    }
    return x;
  };
  const values = Array.from({ length: inputs }, (_, imm) => builder.add('input', { imm, ...high }));
  for (const [a, b] of steps) {
    const fresh = builder.add('bootstrap', { a: down(values[a % values.length] ?? -1), ...high });
    values.push(builder.add('add', { a: fresh, b: values[b % values.length] ?? -1, ...high }));
  }
  builder.add('output', { a: values.at(-1) ?? -1, ...high });
  return {
    level: 'he',
    name: 'branches',
    slots,
    parameters,
    columns: builder.build(),
    plaintexts: plaintexts.build(),
    packed: [new Constant([1, 1], Float64Array.of(0.5))],
    origins: [[]],
    bootstrapping: effect,
  };
}

describe('two values at once', () => {
  const { angle } = preciseEffect(parameters);
  const raises = (module: HeModule): number => [...heOpsOf(module)].filter(({ op }) => op === 'mod-raise').length;

  test('of branches of any shape come to what they come to one by one', () => {
    const step = fc.tuple(fc.nat(20), fc.nat(20));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.array(step, { minLength: 1, maxLength: 7 }), (inputs, steps) => {
        const module = branches(inputs, steps);
        expect(verify(module)).toEqual([]);
        const expanded = withoutBootstraps(module);
        expect(verify(expanded)).toEqual([]);
        const pairs = bootstrapPairs(module).size / 2;
        expect(raises(expanded)).toBe(steps.length - pairs);
        const random = seededRandom(inputs);
        const xs = Array.from({ length: inputs }, () =>
          Float64Array.from({ length: slots }, () => (2 * random.uniform() - 1) / 16),
        );
        // What a polynomial lacks, of which sums collect that of all steps.
        const [said] = evaluateHe(module, xs);
        const [done] = evaluateHe(expanded, xs);
        expect(difference(said, done)).toBeLessThan((steps.length * 1e-10) / angle);
      }),
      { numRuns: 12 },
    );
  });

  test('bootstraps that lie behind as many others are pairs, whatever their order', () => {
    // Two branches of two bootstraps each, one after the other, and their sum.
    const module = branches(2, [
      [0, 0],
      [2, 2],
      [1, 1],
      [4, 3],
    ]);
    const rows = [...module.columns.op.entries()].filter(([, code]) => isBootstrap(code)).map(([row]) => row);
    const [first = -1, second = -1, third = -1, fourth = -1] = rows;
    expect(bootstrapPairs(module)).toEqual(
      new Map([
        [first, third],
        [third, first],
        [second, fourth],
        [fourth, second],
      ]),
    );
    expect(raises(withoutBootstraps(module))).toBe(2);
  });
});
