/** Random networks from tensor ops to programs: the same values on the way, whatever the slots and the batch. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { chooseLayouts } from '../../../../compiler/layouts/choose-layouts.ts';
import { defaultCosts } from '../../../../compiler/layouts/cost.ts';
import { lowerToHe, type Lowered } from '../../../../compiler/lowering/to-he.ts';
import { lowerToTile } from '../../../../compiler/lowering/to-tile.ts';
import { optimiseProgram } from '../../../../compiler/parameters/pipelines.ts';
import { measureRanges } from '../../../../compiler/parameters/simulate.ts';
import { Constant, vector } from '../../../../ir/constant.ts';
import type { HeModule } from '../../../../ir/he/module.ts';
import { evaluateHe } from '../../../../ir/interpret/he.ts';
import { evaluateTensor } from '../../../../ir/interpret/tensor.ts';
import { evaluateTile } from '../../../../ir/interpret/tile.ts';
import { TensorBuilder, type TensorModule } from '../../../../ir/tensor/ops.ts';
import type { Layout } from '../../../../ir/tile/layout.ts';
import type { TileModule } from '../../../../ir/tile/ops.ts';
import { fillSlots, readSlots } from '../../../../ir/tile/packing.ts';
import { sentOutputs } from '../../../../ir/tile/sent-outputs.ts';
import { verify } from '../../../../ir/verify.ts';
import { deadElements } from '../../../../passes/tensor/dead-elements.ts';
import { equaliseRanges } from '../../../../passes/tile/equalise-ranges.ts';
import { PassManager } from '../../../../passes/manager.ts';
import { randomVector } from '../../../support/arbitrary-maps.ts';
import { arbitraryNetwork, networkSamples } from '../../../support/arbitrary-networks.ts';
import { withDeadNeurons } from '../../../support/dead-neurons.ts';
import { casesOf } from '../../../support/setup/suite.ts';

/** Fewer slots than elements, too. */
const shapes = fc.record({
  batchTile: fc.constantFrom(1, 2, 4),
  virtualSlots: fc.constantFrom(1, 2, 8, 16, 64, 64, 256, 1024),
});

/** As they are, or with dead neurons dropped, which leaves gathers of inputs, and outputs of picked and constant elements. */
const networks = fc
  .tuple(arbitraryNetwork, fc.constantFrom(undefined, 0, 0.5), fc.nat())
  .map(([network, share, seed]) =>
    share === undefined ? network : new PassManager([]).run(deadElements, withDeadNeurons(network, share, seed), {}),
  );

type Outputs = ReadonlyMap<string, Float64Array>;

function expectClose(actual: Outputs | undefined, expected: Outputs, tolerance = 1e-9): void {
  const largest = Math.max(1, ...[...expected.values()].flatMap((values) => Array.from(values, Math.abs)));
  expect([...(actual?.keys() ?? [])].sort()).toEqual([...expected.keys()].sort());
  for (const [name, values] of expected) {
    const others = actual?.get(name);
    expect(others).toHaveLength(values.length);
    const error = values.reduce((worst, x, i) => Math.max(worst, Math.abs(x - (others?.[i] ?? NaN))), 0);
    expect(error / largest, name).toBeLessThan(tolerance);
  }
}

/** The slots of all input ciphertexts, as the client packs them. */
function packAll(tile: TileModule, samples: readonly Outputs[]): Float64Array[] {
  return tile.nodes.flatMap((node) => {
    if (node.op !== 'pack') return [];
    const { name, index, factor } = node.attrs;
    const values = samples.map((sample) => sample.get(name) ?? new Float64Array());
    return fillSlots(node.type, index.indices, factor, values);
  });
}

/** Runs the program in the clear, and reads the outputs as the client does. */
function run(tile: TileModule, program: HeModule, samples: readonly Outputs[]): Map<string, Float64Array>[] {
  const outputs = evaluateHe(program, packAll(tile, samples));
  const results = samples.map(() => new Map<string, Float64Array>());
  const sent = sentOutputs(tile);
  let first = 0;
  for (const node of tile.nodes) {
    if (node.op !== 'unpack') continue;
    const own = sent.get(node.id)?.map((is) => (is ? outputs[first++] : undefined)) ?? [];
    const { name, factor, index, constants } = node.attrs;
    const picks = { index: index?.indices, constants: constants?.values };
    readSlots(node.type, factor, own, samples.length, picks).forEach((values, k) => results[k]?.set(name, values));
  }
  expect(first).toBe(outputs.length);
  return results;
}

describe('random networks', () => {
  test('keep their values from tensors to tiles to programs, optimised or not', () => {
    fc.assert(
      fc.property(networks, shapes, fc.nat(), (tensor, slots, seed) => {
        const { tile, lowered } = pack(tensor, slots);
        const samples = networkSamples(tensor, slots.batchTile, seed);
        const expected = samples.map((sample) => evaluateTensor(tensor, sample));
        const raw = run(tile, lowered.module, samples);
        const optimised = run(tile, optimiseProgram(lowered.module, new PassManager([])), samples);
        for (const [k, sample] of samples.entries()) {
          expectClose(evaluateTile(tile, sample), expected[k] ?? new Map());
          expectClose(raw[k], expected[k] ?? new Map());
          expectClose(optimised[k], expected[k] ?? new Map());
        }
      }),
      { numRuns: casesOf({ normal: 45, nightly: 150 }) },
    );
  });

  test('hold zero beside the elements, where their layout does not say unknown', () => {
    fc.assert(
      fc.property(networks, shapes, fc.nat(), (tensor, slots, seed) => {
        const { tile, lowered } = pack(tensor, slots);
        const samples = networkSamples(tensor, slots.batchTile, seed);
        const slotsOf = new Map<number, Float64Array>();
        evaluateHe(lowered.module, packAll(tile, samples), {
          observe: (id, values) => slotsOf.set(id, values.slice()),
        });
        for (const node of tile.nodes) {
          const { id, op, type } = node;
          if (op !== 'unpack') expectZeroBeside(type, lowered.values.get(id) ?? [], slotsOf);
        }
      }),
      { numRuns: casesOf({ normal: 30, nightly: 100 }) },
    );
  });

  test('keep their values where ranges are equalised', () => {
    fc.assert(
      fc.property(networks, shapes, fc.nat(), (tensor, slots, seed) => {
        const { tile } = pack(tensor, slots);
        const samples = networkSamples(tensor, 4, seed);
        const ranges = measureRanges(tile, samples);
        const equalised = new PassManager([]).run(equaliseRanges, tile, { ranges });
        const program = lowerToHe(equalised, 'plain').module;
        for (const sample of samples.slice(0, 2)) {
          const expected = evaluateTensor(tensor, sample);
          expectClose(evaluateTile(equalised, sample), expected, 1e-7);
          expectClose(run(equalised, program, [sample])[0], expected, 1e-7);
        }
      }),
      { numRuns: casesOf({ normal: 45, nightly: 150 }) },
    );
  });
});

function expectZeroBeside(
  layout: Layout,
  ciphertexts: readonly number[],
  slotsOf: ReadonlyMap<number, Float64Array>,
): void {
  const unknown = layout.unknownSlots();
  for (const [place, element] of layout.elementMap().entries()) {
    if (element !== -1 || unknown[place] === 1) continue;
    const ciphertext = ciphertexts[Math.floor(place / layout.virtualSlots)] ?? -1;
    const slot = (place % layout.virtualSlots) * layout.batchTile;
    expect(slotsOf.get(ciphertext)?.[slot], layout.toString()).toBeCloseTo(0, 12);
  }
}

test.each([1, 2, 4])('a dense layer of more inputs than %d slots a ciphertext can hold in few', (virtualSlots) => {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x0', shape: [784] }, []);
  const weights = new Constant([2, 784], randomVector(2 * 784, 1));
  const y = builder.add('dense', [x], { weights, bias: vector([1, 2]) }, []);
  builder.add('output', [y], { name: 'y0' }, []);
  const tensor = builder.build('wide');
  const { tile, lowered } = pack(tensor, { virtualSlots, batchTile: 2 });
  const samples = networkSamples(tensor, 2, 1);
  const results = run(tile, lowered.module, samples);
  for (const [k, sample] of samples.entries()) expectClose(results[k], evaluateTensor(tensor, sample));
});

function pack(
  tensor: TensorModule,
  slots: { readonly virtualSlots: number; readonly batchTile: number },
): { tile: TileModule; lowered: Lowered } {
  const tile = lowerToTile(tensor, chooseLayouts(tensor, slots, defaultCosts));
  expect(verify(tile).map(({ message }) => message)).toEqual([]);
  return { tile, lowered: lowerToHe(tile, 'plain') };
}
