import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { KernelOption, LinearProblem } from '../../../../compiler/kernels/parts/kernel-option.ts';
import { kernelsAtInput } from '../../../../compiler/kernels/client-packing.ts';
import { kernelsFrom } from '../../../../compiler/kernels/kernels-from.ts';
import { Constant, vector } from '../../../../ir/constant.ts';
import { linearMapOf } from '../../../../ir/tensor/linear-map.ts';
import { TensorBuilder, type TensorModule } from '../../../../ir/tensor/ops.ts';
import { weightNodes, weightsOf } from '../../../../ir/tensor/weight-layers.ts';
import { Layout } from '../../../../ir/tile/layout.ts';
import { NetworkTiles, tilesOf } from '../../../../passes/pruning/tiles/network-tiles.ts';
import { blockPartition, partitionNetwork } from '../../../../passes/pruning/tiles/partition.ts';
import { arbitraryMap, randomMap, randomVector } from '../../../support/arbitrary-maps.ts';
import { runKernel } from '../../../support/lower-linear.ts';
import { countsOf, denseLayer, kernelsOf, prunedAtRandom, withWeights } from '../../../support/pruned-layers.ts';
import { casesOf } from '../../../support/setup/suite.ts';

const slotShapes = fc.constantFrom(
  { virtualSlots: 64, batchTile: 1 },
  { virtualSlots: 32, batchTile: 2 },
  { virtualSlots: 8, batchTile: 4 },
  { virtualSlots: 1, batchTile: 8 },
);

const shares = fc.constantFrom(0, 0.3, 0.9, 1);

function mapOf(module: TensorModule) {
  const [node] = weightNodes(module);
  if (node === undefined) throw new Error('a layer has a node');
  const shapes = node.operands.map((id) => module.nodes[id]?.type ?? []);
  return linearMapOf(node, shapes);
}

/** Every non-zero weight is in a tile, in ascending order. */
function expectCovered({ graph }: NetworkTiles): void {
  for (const { node, tiles, starts, members } of graph.layers) {
    const covered = new Set(members);
    weightsOf(node).values.forEach((w, i) => {
      if (w !== 0) expect(covered).toContain(i);
    });
    for (let tile = 0; tile < tiles; tile++) {
      const own = [...members.subarray(starts[tile], starts[tile + 1])];
      expect(own).toEqual([...new Set(own)].sort((a, b) => a - b));
      expect(own.length).toBeGreaterThan(0);
    }
  }
}

/**
 * What is alive of the tiles of a pruned layer, in tiles of the layer before it was pruned, is what its program takes.
 * A result that is zero takes one product, which is no tile.
 */
function expectCounts(module: TensorModule, option: KernelOption, share: number, seed: number): void {
  const kernels = kernelsOf(module, option);
  const pruned = prunedAtRandom(module, share, seed);
  const tiles = tilesOf(pruned, { kernels });
  expectCovered(tiles);
  expect(tiles.graph.tiles, 'the same tiles as before').toBe(tilesOf(module, { kernels }).graph.tiles);

  const map = mapOf(pruned);
  const { program } = runKernel(withWeights(option, map), map, [randomVector(mapOf(module).columns, seed)]);
  const { graph } = tiles;
  const live = Array.from({ length: graph.tiles }, (_, tile) => tile).filter((tile) => !tiles.isDead(tile));
  const liveOutputs = new Set(live.map((tile) => graph.writtenBy[tile])).size;
  const liveInputs = new Set(live.map((tile) => graph.readBy[tile])).size;
  const turned = new Set(live.flatMap((tile) => [graph.babyOf[tile], graph.giantOf[tile]]).filter((r) => r !== -1));
  const { kernel, output } = option;
  const counts = countsOf(program);
  expect({ products: counts.products, rotations: counts.rotations }).toEqual({
    products: live.length + output.ciphertexts - liveOutputs,
    rotations: turned.size + kernel.folds.length * liveOutputs,
  });
  expect(graph.rotations.length - tiles.deadRotations).toBe(turned.size);
  // A result that is zero still needs an input to be made from.
  if (liveOutputs === output.ciphertexts) expect(counts.inputs).toBe(liveInputs);
}

describe('the partition of a layer', () => {
  test('has the products and rotations of its program, from every packing of the client', () => {
    fc.assert(
      fc.property(arbitraryMap(20), slotShapes, shares, fc.nat(), (map, slots, share, seed) => {
        for (const option of kernelsAtInput({ map, slots })) expectCounts(denseLayer(map), option, share, seed);
      }),
      { numRuns: casesOf({ normal: 12, nightly: 40 }) },
    );
  });

  test('has the products and rotations of its program, from every layout that a kernel leaves', () => {
    fc.assert(
      fc.property(
        arbitraryMap(12),
        fc.integer({ min: 1, max: 16 }),
        slotShapes,
        shares,
        fc.nat(),
        (first, rows, slots, share, seed) => {
          const second = randomMap({ rows, columns: first.rows, density: 1, seed });
          const layouts = kernelsAtInput({ map: first, slots }).map(({ output }) => output);
          const input = layouts[seed % Math.max(1, layouts.length)];
          if (input === undefined) return;
          const packed = new Layout(input.dims, input.batchTile);
          for (const option of kernelsFrom({ map: second, slots }, packed))
            expectCounts(denseLayer(second), option, share, seed);
        },
      ),
      { numRuns: casesOf({ normal: 12, nightly: 40 }) },
    );
  });

  test('has the products and rotations of convolutions, whose weights are in several tiles', () => {
    fc.assert(
      fc.property(
        fc.constantFrom([1, 6, 6], [2, 4, 5], [3, 9]),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(1, 2),
        shares,
        fc.nat(),
        (shape, outputs, stride, share, seed) => {
          const module = convolution(shape, outputs, stride, seed);
          const problem = problemOf(module, stride);
          for (const option of kernelsAtInput(problem)) expectCounts(module, option, share, seed);
        },
      ),
      { numRuns: casesOf({ normal: 9, nightly: 30 }) },
    );
  });

  test('leaves out zero weights that a kernel made for a pruned layer cannot place', () => {
    fc.assert(
      fc.property(arbitraryMap(16), slotShapes, fc.nat(), (map, slots, seed) => {
        const pruned = prunedAtRandom(denseLayer(map), 0.8, seed);
        for (const option of kernelsAtInput({ map: mapOf(pruned), slots })) {
          const tiles = tilesOf(pruned, { kernels: kernelsOf(pruned, option) });
          expectCovered(tiles);
          const { products } = countsOf(runKernel(option, mapOf(pruned), [randomVector(map.columns, seed)]).program);
          const live = tiles.graph.tiles - tiles.deadCount;
          expect(live).toBeLessThanOrEqual(products);
          expect(live).toBeGreaterThanOrEqual(products - option.output.ciphertexts);
        }
      }),
      { numRuns: casesOf({ normal: 12, nightly: 40 }) },
    );
  });

  test('refuses a kernel that cannot place a weight', () => {
    const sparse = randomMap({ rows: 8, columns: 8, density: 0.1, seed: 2 });
    const [option] = kernelsAtInput({ map: sparse, slots: { virtualSlots: 8, batchTile: 1 } }).filter(
      ({ kernel, packing }) => packing === undefined && kernel.babies.length * kernel.giants.length < 8,
    );
    const module = denseLayer(randomMap({ rows: 8, columns: 8, density: 1, seed: 3 }));
    if (option === undefined) throw new Error('no kernel has few steps');
    expect(() => tilesOf(module, { kernels: kernelsOf(module, option) })).toThrow('cannot place');
  });
});

describe('blocks of a matrix', () => {
  test('hold every weight of a dense layer once', () => {
    fc.assert(
      fc.property(
        arbitraryMap(20),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 7 }),
        (map, height, width) => {
          const dense = randomMap({ rows: map.rows, columns: map.columns, density: 1, seed: 1 });
          const module = denseLayer(dense);
          const [node] = weightNodes(module);
          if (node === undefined) throw new Error('a layer has a node');
          const { tiles, members, starts } = blockPartition(module, node, { rows: height, columns: width });
          expect([...members].sort((a, b) => a - b)).toEqual([...weightsOf(node).values.keys()]);
          expect(tiles).toBe(Math.ceil(map.rows / height) * Math.ceil(map.columns / width));
          for (let tile = 0; tile < tiles; tile++) {
            const own = [...members.subarray(starts[tile], starts[tile + 1])];
            expect(new Set(own.map((w) => Math.floor(Math.floor(w / map.columns) / height))).size).toBe(1);
            expect(new Set(own.map((w) => Math.floor((w % map.columns) / width))).size).toBe(1);
          }
        },
      ),
      { numRuns: casesOf({ normal: 18, nightly: 60 }) },
    );
  });

  test('change places from layer to layer where they alternate', () => {
    const builder = new TensorBuilder();
    let x = builder.add('input', [], { name: 'x', shape: [8] }, []);
    for (let k = 0; k < 3; k++) {
      const weights = new Constant([8, 8], randomVector(64, k));
      x = builder.add('dense', [x], { weights, bias: vector(new Float64Array(8)) }, []);
    }
    builder.add('output', [x], { name: 'y' }, []);
    const [first, second, third] = partitionNetwork(builder.build('chain'), {
      tile: { rows: 2, columns: 4 },
      alternate: true,
    });
    expect([...(first?.members.subarray(0, 8) ?? [])]).toEqual([0, 1, 2, 3, 8, 9, 10, 11]);
    expect([...(second?.members.subarray(0, 8) ?? [])]).toEqual([0, 1, 8, 9, 16, 17, 24, 25]);
    expect(third?.members).toEqual(first?.members);
  });
});

function convolution(shape: readonly number[], outputs: number, stride: number, seed: number): TensorModule {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [...shape] }, []);
  const [channels = 1, ...spatial] = shape;
  const kernel = spatial.map(() => 3);
  const size = outputs * channels * 3 ** kernel.length;
  const attrs = {
    weights: new Constant([outputs, channels, ...kernel], randomVector(size, seed)),
    bias: vector(randomVector(outputs, seed + 1)),
    strides: spatial.map(() => stride),
    pads: [...spatial, ...spatial].map(() => 1),
    dilations: spatial.map(() => 1),
    groups: 1,
  };
  builder.add('output', [builder.add('conv', [x], attrs, [])], { name: 'y' }, []);
  return builder.build('convolution');
}

function problemOf(module: TensorModule, stride: number): LinearProblem {
  const [node] = weightNodes(module);
  const input = module.nodes[0]?.type ?? [];
  const output = node?.type ?? [];
  return {
    map: mapOf(module),
    slots: { virtualSlots: 64, batchTile: 1 },
    convolution: { input, output, strides: input.slice(1).map(() => stride) },
  };
}
