/** Random polynomials as ciphertext operations: values, depth, products, scales. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { lowerToHe } from '../../../../compiler/lowering/to-he.ts';
import { type Chain, chainsFor } from '../../../../compiler/parameters/chains.ts';
import { manageProgram, optimiseProgram } from '../../../../compiler/parameters/pipelines.ts';
import { Constant, indexConstant } from '../../../../ir/constant.ts';
import type { HeModule } from '../../../../ir/he/module.ts';
import { evaluateHe } from '../../../../ir/interpret/he.ts';
import { evaluateTile } from '../../../../ir/interpret/tile.ts';
import { monicCoefficient, polynomialDepth, polynomialWork } from '../../../../ir/tensor/polynomial-evaluation.ts';
import { duplicated, Layout, tiled } from '../../../../ir/tile/layout.ts';
import { TileBuilder, type TileModule } from '../../../../ir/tile/ops.ts';
import { fillSlots, readSlots } from '../../../../ir/tile/packing.ts';
import { rescaleDepth } from '../../../../passes/he/scales/depth.ts';
import { placeRelinearizations } from '../../../../passes/he/relinearize-lazily.ts';
import { deadCiphertexts } from '../../../../passes/he/dead-ciphertexts.ts';
import { PassManager } from '../../../../passes/manager.ts';
import { randomVector } from '../../../support/arbitrary-maps.ts';
import { countOps } from '../../../support/arbitrary-programs.ts';
import { casesOf } from '../../../support/setup/suite.ts';

const elements = 6;
const degree = 32768;

interface Drawn {
  readonly basis: 'power' | 'chebyshev';
  readonly coefficients: Constant;
  readonly center: number;
  readonly halfWidth: number;
}

const coefficient = fc.oneof(
  { arbitrary: fc.double({ min: -1, max: 1, noNaN: true }), weight: 3 },
  { arbitrary: fc.constantFrom(0, 1, -1), weight: 1 },
);

const polynomial: fc.Arbitrary<Drawn> = fc
  .record({
    basis: fc.constantFrom('power' as const, 'chebyshev' as const),
    sets: fc.constantFrom(1, 1, 2, 3),
    terms: fc.integer({ min: 1, max: 16 }),
    center: fc.constantFrom(0, 0, 0.25),
    halfWidth: fc.constantFrom(1, 1, 1.5),
  })
  .chain(({ sets, terms, ...rest }) =>
    fc
      .array(coefficient, { minLength: sets * terms, maxLength: sets * terms, size: 'max' })
      .map((values) => ({ ...rest, coefficients: new Constant([sets, terms], Float64Array.from(values)) })),
  );

/** Two ciphertexts of four elements, repeated over the slots. */
function manage(program: HeModule, manager: PassManager, chain: Chain): HeModule {
  const managed = manageProgram(program, manager, chain);
  if ('needs' in managed) throw new Error('the chain does not carry the program');
  return managed;
}

function tileOf({ basis, coefficients, center, halfWidth }: Drawn, slots: number): TileModule {
  const sets = coefficients.shape[0] ?? 1;
  const layout = new Layout([duplicated(slots / 4), tiled(elements, 4)], 1);
  const builder = new TileBuilder();
  const index = indexConstant(
    [elements],
    Int32Array.from({ length: elements }, (_, e) => e),
  );
  const x = builder.add('pack', [], { name: 'x', shape: [elements], index, factor: 1, layout }, []);
  const set = sets === 1 ? [0] : Int32Array.from({ length: elements }, (_, e) => e % sets);
  const attrs = { basis, coefficients, set: indexConstant([set.length], set), center, halfWidth };
  const y = builder.add('polynomial', [x], attrs, []);
  builder.add('unpack', [y], { name: 'y', shape: [elements], factor: 1 }, []);
  return builder.build('polynomial');
}

function largestError(tile: TileModule, program: HeModule, x: Float64Array): number {
  const expected = evaluateTile(tile, new Map([['x', x]])).get('y') ?? new Float64Array();
  const { type } = tile.nodes.at(-1) ?? { type: new Layout([], 1) };
  const outputs = evaluateHe(program, fillSlots(type, Int32Array.from(x.keys()), 1, [x]));
  const [result = new Float64Array()] = readSlots(type, 1, outputs, 1);
  expect(result).toHaveLength(elements);
  return result.reduce((worst, y, e) => Math.max(worst, Math.abs(y - (expected[e] ?? NaN))), 0);
}

/** Depth without the products by 1 / halfWidth, and without what makes a polynomial monic. */
function expectedDepth({ coefficients, basis, halfWidth }: Drawn): number {
  const own = polynomialDepth(coefficients, basis);
  // A constant is added to a product with next to nothing.
  if (own === 0) return 1;
  return own + (halfWidth === 1 ? 0 : 1) + (lacksScaling(coefficients, basis) ? 1 : 0);
}

function lacksScaling(coefficients: Constant, basis: 'power' | 'chebyshev'): boolean {
  const leading = monicCoefficient(coefficients, basis);
  return leading !== undefined && leading !== 1;
}

describe('polynomials', () => {
  test('have their values at every element', () => {
    fc.assert(
      fc.property(polynomial, fc.nat(), (drawn, seed) => {
        const tile = tileOf(drawn, 16);
        expect(largestError(tile, lowerToHe(tile, 'plain').module, randomVector(elements, seed))).toBeLessThan(1e-9);
      }),
      { numRuns: casesOf({ normal: 120, nightly: 400 }) },
    );
  });

  test('leave the slots beside the elements zero where these were zero', () => {
    fc.assert(
      fc.property(polynomial, (drawn) => {
        const tile = tileOf(drawn, 16);
        const x = randomVector(elements, 1);
        const layout = tile.nodes[0]?.type ?? new Layout([], 1);
        const outputs = evaluateHe(
          lowerToHe(tile, 'plain').module,
          fillSlots(layout, Int32Array.from(x.keys()), 1, [x]),
        );
        const beside = [...layout.elementMap().entries()].filter(([, element]) => element === -1);
        expect(beside.length).toBeGreaterThan(0);
        for (const [place] of beside) expect(outputs[Math.floor(place / 16)]?.[place % 16]).toBeCloseTo(0, 12);
      }),
      { numRuns: casesOf({ normal: 60, nightly: 200 }) },
    );
  });

  test('take the levels and products that they promise, and never need a product with one', () => {
    fc.assert(
      fc.property(polynomial, fc.nat(), (drawn, seed) => {
        const tile = tileOf(drawn, degree / 2);
        const manager = new PassManager([]);
        const program = manager.run(deadCiphertexts, lowerToHe(tile, 'plain').module, {});
        const depth = expectedDepth(drawn);
        if (!lacksScaling(drawn.coefficients, drawn.basis)) {
          const { products, relinearisations } = polynomialWork(drawn.coefficients, drawn.basis);
          expect(countOps(program, 'multiply')).toBe(2 * products);
          expect(countOps(placeRelinearizations(program).module, 'relinearize')).toBe(2 * relinearisations);
        }
        const managed = manage(program, manager, chainOf(depth));
        const run = manager.runs.find(({ pass }) => pass === 'assign-levels');
        expect(run?.statistics).toMatchObject({ depth, aligned: 0 });
        expect(rescaleDepth(managed).depth).toBe(depth);
        expect(largestError(tile, managed, randomVector(elements, seed))).toBeLessThan(1e-9);
      }),
      { numRuns: casesOf({ normal: 18, nightly: 60 }) },
    );
  });

  test('of high degrees have scales on as many levels, whatever bits their range leaves at the end', () => {
    const high = fc.record({
      terms: fc.integer({ min: 33, max: 256 }),
      parity: fc.constantFrom('full', 'even', 'odd'),
      rangeBits: fc.integer({ min: 0, max: 12 }),
    });
    fc.assert(
      fc.property(high, ({ terms, parity, rangeBits }) => {
        const values = randomVector(terms, terms).map((c, k) =>
          (parity === 'even' && k % 2 === 1) || (parity === 'odd' && k % 2 === 0) ? 0 : c / (k + 1),
        );
        const coefficients = new Constant([1, terms], values);
        const tile = tileOf({ basis: 'chebyshev', coefficients, center: 0, halfWidth: 1 }, degree / 2);
        const depth = polynomialDepth(coefficients, 'chebyshev');
        const manager = new PassManager([]);
        const managed = manage(lowerToHe(tile, 'plain').module, manager, chainOf(depth, rangeBits));
        const run = manager.runs.find(({ pass }) => pass === 'assign-levels');
        expect(run?.statistics).toMatchObject({ depth, aligned: 0 });
        expect(largestError(tile, managed, randomVector(elements, terms))).toBeLessThan(1e-9);
      }),
      { numRuns: casesOf({ normal: 8, nightly: 60 }) },
    );
  });

  test.each([1, 2, 3, 4])('monic of degree 2^%i take so many levels, whatever the lower terms are', (levels) => {
    const coefficients = new Constant([1, 2 ** levels + 1], randomVector(2 ** levels + 1, 7));
    coefficients.values[2 ** levels] = 1;
    expect(polynomialDepth(coefficients, 'power')).toBe(levels);
    const tile = tileOf({ basis: 'power', coefficients, center: 0, halfWidth: 1 }, degree / 2);
    const managed = manage(lowerToHe(tile, 'plain').module, new PassManager([]), chainOf(levels));
    expect(rescaleDepth(managed).depth).toBe(levels);
    expect(largestError(tile, managed, randomVector(elements, 3))).toBeLessThan(1e-9);
  });

  test('take no more levels where equal summands were merged, which want different scales', () => {
    fc.assert(
      fc.property(polynomial, (drawn) => {
        const manager = new PassManager([]);
        const program = optimiseProgram(lowerToHe(tileOf(drawn, degree / 2), 'plain').module, manager);
        const depth = expectedDepth(drawn);
        expect(rescaleDepth(manage(program, manager, chainOf(depth))).depth).toBeLessThanOrEqual(depth);
      }),
      { numRuns: casesOf({ normal: 18, nightly: 60 }) },
    );
  });
});

function chainOf(depth: number, rangeBits = 4): Chain {
  const kinds = Array.from({ length: depth }, () => 'cipher' as const);
  const [chain] = chainsFor(degree, { last: 'rescaled', defer: 0, late: false, kinds }, rangeBits);
  if (chain === undefined) throw new Error(`no chain of depth ${depth}`);
  return chain;
}
