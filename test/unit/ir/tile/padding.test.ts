/** What stands beside the elements of tile values: what their types say of it, and what the slots hold. */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { kernelsAtInput } from '../../../../compiler/kernels/client-packing.ts';
import { kernelsFrom } from '../../../../compiler/kernels/kernels-from.ts';
import type { KernelOption } from '../../../../compiler/kernels/parts/kernel-option.ts';
import { lowerToHe } from '../../../../compiler/lowering/to-he.ts';
import { Constant, indexConstant } from '../../../../ir/constant.ts';
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { evaluateHe } from '../../../../ir/interpret/he.ts';
import type { AffineMap } from '../../../../ir/tensor/affine-map.ts';
import { Layout, tiled } from '../../../../ir/tile/layout.ts';
import { attributesOf } from '../../../../ir/tile/linear-attributes.ts';
import { TileBuilder, type TileModule } from '../../../../ir/tile/ops.ts';
import { fillSlots } from '../../../../ir/tile/packing.ts';
import { arbitraryMap, randomMap, randomVector } from '../../../support/arbitrary-maps.ts';
import { casesOf } from '../../../support/setup/suite.ts';

/** Every choice of a kernel with its marks of unknown slots taken away or set at random. */
function marked({ output }: KernelOption, marks: readonly boolean[]): Layout {
  const dims = output.dims.map((dim, d) => ({ ...dim, unknown: !dim.duplicated && (marks[d] ?? dim.unknown) }));
  return new Layout(dims, output.batchTile);
}

function addLinear(builder: TileBuilder, x: number, option: KernelOption, map: AffineMap, layout: Layout): number {
  const attrs = { ...attributesOf(map), kernel: option.kernel, layout };
  return builder.add('linear', [x], attrs, []);
}

/** The number of the value, or nothing where inference refuses it. */
function tryTo(add: () => number): number | undefined {
  try {
    return add();
  } catch (error) {
    if (error instanceof InternalError && error.message.startsWith('tile ')) return undefined;
    throw error;
  }
}

/** Holds the slots of every value to its type; slots of inputs that the type calls unknown hold anything. */
function expectTyped(module: TileModule, input: Layout, index: Int32Array): void {
  const unknown = input.unknownSlots();
  const inputs = fillSlots(input, index, 1, [randomVector(index.length, 1)]).map((slots, c) =>
    slots.map((value, s) => (unknown[c * input.virtualSlots + s] === 1 ? 1.5 + s : value)),
  );
  const { module: program, values } = lowerToHe(module, 'plain');
  const slotsOf = new Map<number, Float64Array>();
  evaluateHe(program, inputs, { observe: (id, slots) => slotsOf.set(id, slots.slice()) });
  for (const { id, op, type } of module.nodes) {
    if (op === 'unpack') continue;
    const free = type.unknownSlots();
    const ciphertexts = (values.get(id) ?? []).map((row) => slotsOf.get(row));
    for (const [place, element] of type.elementMap().entries()) {
      if (element !== -1 || free[place] === 1) continue;
      const value = ciphertexts[Math.floor(place / type.virtualSlots)]?.[place % type.virtualSlots];
      expect(value, `${op} ${type.toString()}`).toBeCloseTo(0, 9);
    }
  }
}

const coefficients = (degree: number): Constant =>
  new Constant(
    [1, degree + 1],
    Float64Array.from({ length: degree + 1 }, (_, k) => 1 / (k + 1)),
  );

test('every slot without an element is zero where the type says so, whatever kernels claim of it', () => {
  let accepted = 0;
  let refused = 0;
  fc.assert(
    fc.property(
      arbitraryMap(12),
      fc.constantFrom(8, 16, 32),
      fc.record({ rows: fc.integer({ min: 1, max: 12 }), seed: fc.nat() }),
      fc.array(fc.boolean(), { maxLength: 4 }),
      fc.nat(),
      (map, virtualSlots, next, marks, pick) => {
        const slots = { virtualSlots, batchTile: 1 };
        const first = kernelsAtInput({ map, slots });
        const option = first[pick % first.length];
        if (option === undefined) return;
        const { input, packing } = option;
        const index = packing?.index ?? Int32Array.from({ length: input.elements }, (_, e) => e);
        const builder = new TileBuilder();
        const packed = { name: 'x', shape: [map.columns], index: indexConstant([index.length], index), factor: 1 };
        const x = builder.add('pack', [], { ...packed, layout: input }, []);
        const y = tryTo(() => addLinear(builder, x, option, packing?.map ?? map, marked(option, marks)));
        if (y === undefined) refused++;
        else accepted++;
        const known = y ?? addLinear(builder, x, option, packing?.map ?? map, option.output);
        const square = builder.add('multiply', [known, known], {}, []);
        const sum = builder.add('add', [known, square], {}, []);
        for (const [degree, basis] of [
          [2, 'power'],
          [3, 'power'],
          [4, 'chebyshev'],
        ] as const) {
          const attrs = { basis, coefficients: coefficients(degree), set: indexConstant([1], [0]) };
          const added = tryTo(() => builder.add('polynomial', [sum], { ...attrs, center: 0.5, halfWidth: 4 }, []));
          expect(added !== undefined).toBe(degree <= 2 || builder.typeOf(sum).padding === 'zero');
        }
        const second = randomMap({ rows: next.rows, columns: map.rows, density: 0.7, seed: next.seed });
        const [after] = kernelsFrom({ map: second, slots }, builder.typeOf(sum));
        if (after !== undefined) {
          const z = tryTo(() => addLinear(builder, sum, after, second, marked(after, marks)));
          if (z === undefined) refused++;
        }
        builder.add('unpack', [sum], { name: 'y', shape: [map.rows], factor: 1 }, []);
        expectTyped(builder.build('padding'), input, index);
      },
    ),
    { numRuns: casesOf({ normal: 90, nightly: 300 }) },
  );
  expect(accepted).toBeGreaterThan(50);
  expect(refused).toBeGreaterThan(10);
});

test('sums keep zeros that all operands have, however their layouts are cut, and nothing else', () => {
  const dims = (unknown: boolean) => [{ ...tiled(3, 4), unknown }];
  const zero = new Layout(dims(false), 1);
  const same = new Layout([tiled(1, 1), ...dims(false)], 1);
  const unknown = new Layout(dims(true), 1);
  const add = (...layouts: readonly Layout[]): string => {
    const builder = new TileBuilder();
    const packed = { name: 'x', shape: [3], index: indexConstant([3], [0, 1, 2]), factor: 1 };
    const values = layouts.map((layout) => builder.add('pack', [], { ...packed, layout }, []));
    return builder.typeOf(builder.add('add', values, {}, [])).toString();
  };
  expect([add(zero, same), add(zero, unknown), add(unknown, zero)]).toEqual(['[3/4]', '[3?/4]', '[3?/4]']);
});
