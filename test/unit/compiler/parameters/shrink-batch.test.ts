/** A batch that is simulated with fewer samples computes what the whole one does for them, or is not shrunk. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { chooseLayouts } from '../../../../compiler/layouts/choose-layouts.ts';
import { defaultCosts } from '../../../../compiler/layouts/cost.ts';
import { shrinkBatch } from '../../../../compiler/parameters/shrink-batch.ts';
import { measureOutputs } from '../../../../compiler/parameters/simulate.ts';
import { packNetwork, type PackedNetwork } from '../../../../compiler/search/pack-network.ts';
import { Constant } from '../../../../ir/constant.ts';
import { evaluateHe } from '../../../../ir/interpret/he.ts';
import { TensorBuilder, type TensorModule } from '../../../../ir/tensor/ops.ts';
import type { TileModule } from '../../../../ir/tile/ops.ts';
import { fillSlots } from '../../../../ir/tile/packing.ts';
import { PassManager } from '../../../../passes/manager.ts';
import { arbitraryNetwork, networkSamples } from '../../../support/arbitrary-networks.ts';
import { randomVector } from '../../../support/arbitrary-maps.ts';
import { dense } from '../../../support/tiny-networks.ts';
import { casesOf } from '../../../support/setup/suite.ts';

type Samples = readonly ReadonlyMap<string, Float64Array>[];

/** Linear layers that are not merged, so that masks between them sink. */
function unmerged(batchTile: number, virtualSlots: number): PackedNetwork {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [12] }, []);
  const factors = new Constant([12], randomVector(12, 3));
  const scaled = builder.add('scale-shift', [x], { factors, offsets: new Constant([1], Float64Array.of(0)) }, []);
  builder.add('output', [dense(builder, dense(builder, scaled, 7), 5)], { name: 'y' }, []);
  return packed(builder.build('unmerged'), { batchTile, virtualSlots }, 8);
}

function packed(
  module: TensorModule,
  slots: { readonly batchTile: number; readonly virtualSlots: number },
  count: number,
): PackedNetwork {
  const samples = networkSamples(module, count, 5);
  const choice = chooseLayouts(module, slots, defaultCosts);
  const network = packNetwork(module, choice, { samples, manager: new PassManager(samples), weights: 'plain' });
  if ('needs' in network) throw new Error('its values overflow');
  return network;
}

function outputs({ tile, program }: Pick<PackedNetwork, 'tile' | 'program'>, samples: Samples): Float64Array[] {
  return evaluateHe(program, packAll(tile, samples)).map((slots) => slots.slice());
}

function packAll(tile: TileModule, samples: Samples): Float64Array[] {
  return tile.nodes.flatMap((node) => {
    if (node.op !== 'pack') return [];
    const values = samples.map((sample) => sample.get(node.attrs.name) ?? new Float64Array());
    return fillSlots(node.type, node.attrs.index.indices, node.attrs.factor, values);
  });
}

/** Every slot of every output ciphertext, for the samples that both have. */
function expectSameSlots(whole: PackedNetwork, size: number, samples: Samples): void {
  const shrunken = shrinkBatch(whole.tile, whole.program, size);
  if (shrunken === undefined) throw new Error('the program tells samples of a batch apart');
  const expected = outputs(whole, samples);
  const batchTile = whole.tile.nodes[0]?.type.batchTile ?? 1;
  for (const [c, slots] of outputs(shrunken, samples).entries()) {
    for (let v = 0; v < slots.length / size; v++) {
      for (let k = 0; k < samples.length; k++) {
        const [got = NaN, wanted = NaN] = [slots[v * size + k], expected[c]?.[v * batchTile + k]];
        expect(Math.abs(got - wanted) / Math.max(1, Math.abs(wanted))).toBeLessThan(1e-9);
      }
    }
  }
}

describe('a shrunken batch', () => {
  test('computes what the whole batch does where masks sank into weights', () => {
    for (const batchTile of [2, 16, 64]) {
      for (const virtualSlots of [8, 16, 64]) {
        const whole = unmerged(batchTile, virtualSlots);
        for (let size = 1; size < batchTile; size *= 2)
          expectSameSlots(whole, size, networkSamples({ ...inputOf(12) }, size, 7));
      }
    }
  });

  test('computes what the whole batch does for any network, packing and batch', () => {
    const shapes = fc.record({
      batchTile: fc.constantFrom(2, 4, 16, 64),
      virtualSlots: fc.constantFrom(1, 4, 16, 64, 256),
    });
    fc.assert(
      fc.property(arbitraryNetwork, shapes, fc.nat(5), fc.nat(), (module, slots, halvings, seed) => {
        const whole = packed(module, slots, 2);
        const size = Math.max(1, slots.batchTile / 2 ** (halvings + 1));
        const count = 1 + (seed % size);
        expectSameSlots(whole, size, networkSamples(module, count, seed));
      }),
      { numRuns: casesOf({ normal: 30, nightly: 100 }) },
    );
  });

  test('is not tried where neighbouring slots hold different values', () => {
    const { tile, program, ...rest } = unmerged(16, 16);
    const full = new Constant([1, 256], randomVector(256, 9));
    const row = program.packed.length;
    const source = program.plaintexts.source.map(() => row);
    const zero = program.plaintexts.source.map(() => 0);
    const one = program.plaintexts.source.map(() => 1);
    const plaintexts = { source, tile: zero, shift: zero, inner: one };
    const apart = { ...rest, tile, program: { ...program, packed: [...program.packed, full], plaintexts } };
    expect(shrinkBatch(tile, apart.program, 2)).toBeUndefined();
    const samples = networkSamples(inputOf(12), 2, 1);
    const largest = outputs(apart, samples).flatMap((slots) => Array.from(slots, Math.abs));
    expect(measureOutputs(tile, apart.program, samples)).toBeCloseTo(Math.max(...largest), 9);
  });
});

function inputOf(size: number): TensorModule {
  const builder = new TensorBuilder();
  builder.add('input', [], { name: 'x', shape: [size] }, []);
  return builder.build('input');
}
