/** Orders that are found: what they bring on networks with a hidden structure and on trained ones; orders as text. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { importOnnx } from '../../../../compiler/onnx/import.ts';
import { optimiseTensor } from '../../../../compiler/parameters/pipelines.ts';
import { Constant, vector } from '../../../../ir/constant.ts';
import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { evaluateTensor } from '../../../../ir/interpret/tensor.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { TensorBuilder, type TensorModule } from '../../../../ir/tensor/ops.ts';
import { replaceWeights, weightNodes, weightsOf } from '../../../../ir/tensor/weight-layers.ts';
import type { TileShape } from '../../../../ir/tile/place-weights.ts';
import { PassManager } from '../../../../passes/manager.ts';
import { permute } from '../../../../passes/pruning/permute.ts';
import { type Orders, permuteModule } from '../../../../passes/pruning/orders/apply-permutation.ts';
import { findOrders } from '../../../../passes/pruning/orders/find-orders.ts';
import { ordersFromJson, ordersToJson } from '../../../../passes/pruning/orders/orders-json.ts';
import { partitionNetwork } from '../../../../passes/pruning/tiles/partition.ts';
import { permutableAxes } from '../../../../passes/pruning/orders/permutable-axes.ts';
import { blockShapes } from '../../../../passes/pruning/tiles/tile-shapes.ts';
import { arbitraryNetwork } from '../../../support/arbitrary-networks.ts';
import { exampleModels, mnistImages, modelBytes } from '../../../support/mnist.ts';
import { largestDifference } from '../../../support/seeded-inputs.ts';
import { casesOf, isNightly } from '../../../support/setup/suite.ts';

/** Two layers between 16 inputs, 24 neurons and 8 outputs. */
function twoLayers(weight: (row: number, column: number, shape: readonly [number, number]) => number): TensorModule {
  const builder = new TensorBuilder();
  const matrix = (rows: number, columns: number): Constant =>
    new Constant(
      [rows, columns],
      Float64Array.from({ length: rows * columns }, (_, i) =>
        weight(Math.floor(i / columns), i % columns, [rows, columns]),
      ),
    );
  const x = builder.add('input', [], { name: 'x', shape: [16] }, []);
  const h = builder.add('dense', [x], { weights: matrix(24, 16), bias: vector(new Float64Array(24)) }, []);
  const s = builder.add('multiply', [h, h], {}, []);
  const y = builder.add('dense', [s], { weights: matrix(8, 24), bias: vector(new Float64Array(8)) }, []);
  builder.add('output', [y], { name: 'y' }, []);
  return builder.build('two layers');
}

const tile: TileShape = { rows: 4, columns: 2 };
const large: TileShape = { rows: 4, columns: 8 };

function liveTiles(module: TensorModule, shape = tile): number {
  return partitionNetwork(module, { tile: shape, alternate: true }).reduce((sum, { tiles }) => sum + tiles, 0);
}

/** Every other block of 4 × 4, each layer's rows and columns scattered; the columns of the second as the rows of the first. */
function blocks(seed?: number): TensorModule {
  const random = seededRandom(seed ?? 0);
  const places = new Map(
    [16, 24, 8].map((n) => [
      n,
      seed === undefined ? Int32Array.from({ length: n }, (_, i) => i) : random.permutation(n),
    ]),
  );
  const blockOf = (n: number, i: number): number => Math.floor((places.get(n)?.[i] ?? 0) / 4);
  return twoLayers((row, column, [rows, columns]) =>
    (blockOf(rows, row) + blockOf(columns, column)) % 2 === 0 ? 1 : 0,
  );
}

describe('orders that are found', () => {
  test('bring blocks together that were scattered', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const scattered = blocks(seed);
      const tiles = blockShapes(scattered, tile, true);
      const found = permuteModule(scattered, findOrders(scattered, { tiles }, { samples: [] }));
      expect(liveTiles(scattered)).toBeGreaterThan(1.5 * liveTiles(blocks()));
      expect(liveTiles(found)).toBe(liveTiles(blocks()));
    }
  });

  test('gather weak weights in common tiles where none is zero', () => {
    const random = seededRandom(5);
    const strong = (i: number): boolean => i % 2 === 0;
    const module = twoLayers((row, column) => (strong(row) && strong(column) ? 1 : 0.01) * (1 + random.uniform()));
    const weakest = (each: TensorModule): number =>
      partitionNetwork(each, { tile, alternate: true })
        .flatMap(({ node, tiles, starts, members }) =>
          Array.from({ length: tiles }, (_, t) =>
            members
              .subarray(starts[t], starts[t + 1])
              .reduce((sum, w) => sum + (weightsOf(node).values[w] ?? 0) ** 2, 0),
          ),
        )
        .sort((a, b) => a - b)
        .slice(0, liveTiles(module) / 2)
        .reduce((sum, worth) => sum + worth, 0);
    const orders = findOrders(
      module,
      { tiles: blockShapes(module, tile, true), weights: 'magnitude' },
      { samples: [] },
    );
    expect(weakest(permuteModule(module, orders))).toBeLessThan(0.01 * weakest(module));
  });

  test('never leave more to pay for than the order of the model, and are the same each time', () => {
    fc.assert(
      fc.property(arbitraryNetwork, fc.constantFrom('mask' as const, 'magnitude' as const), (module, weights) => {
        const options = {
          tiles: blockShapes(module, { rows: 2, columns: 4 }, true),
          weights,
          prices: { product: 1, group: 0 },
        };
        const orders = findOrders(module, options, { samples: [] });
        expect(ordersToJson(findOrders(module, options, { samples: [] }))).toBe(ordersToJson(orders));
        const { run } = permute;
        const report = (): void => undefined;
        const given = permute.options.parse({ tile: [2, 4], alternate: true, weights, prices: options.prices });
        const { statistics } = run(module, given, { samples: [], report });
        if (weights === 'mask') expect(statistics['live']).toBeLessThanOrEqual(statistics['tiles'] ?? 0);
      }),
      { numRuns: casesOf({ normal: 60, nightly: 200 }) },
    );
  });
});

describe('a trained network pruned by magnitude', () => {
  const samples = mnistImages()
    .slice(0, 32)
    .map((image) => new Map([...image].map(([name, values]) => [name, Float64Array.from(values)])));

  test.each([
    { name: 'mlp-784-128-128-10', share: 0.9, remaining: 0.85 },
    ...(isNightly ? [{ name: 'ae-784-64-784', share: 0.9, remaining: 0.7 }] : []),
  ])('$name has far fewer live tiles', ({ name, share, remaining }) => {
    const { maxError } = exampleModels.find((each) => each.name === name) ?? { maxError: 0.01 };
    const { module } = importOnnx({ bytes: modelBytes(name), fileName: `${name}.onnx`, readExternal: () => undefined });
    const manager = new PassManager(samples);
    const pruned = pruneByMagnitude(optimiseTensor(module, manager, { maxError, synthetic: false }).exact, share);
    const after = manager.run(permute, pruned, { tile: [4, 8], alternate: true });
    expect(liveTiles(after, large)).toBeLessThan(remaining * liveTiles(pruned, large));
    expect(manager.runs.at(-1)?.statistics['live']).toBe(liveTiles(after, large));
    const outputs = (each: TensorModule) => samples.slice(0, 3).map((sample) => evaluateTensor(each, sample));
    expect(largestDifference(outputs(pruned), outputs(after))).toBeLessThan(1e-12);
  });
});

function pruneByMagnitude(module: TensorModule, share: number): TensorModule {
  const all = Float64Array.from(
    weightNodes(module).flatMap((node) => Array.from(weightsOf(node).values, Math.abs)),
  ).sort();
  const least = all[Math.floor(share * all.length)] ?? 0;
  const prune = (values: Float64Array) => values.map((w) => (Math.abs(w) < least ? 0 : w));
  return replaceWeights(
    module,
    new Map(weightNodes(module).map((node) => [node.id, { weights: prune(weightsOf(node).values) }])),
  );
}

describe('orders as text', () => {
  const module = twoLayers((row, column) => row + column);

  function codesOf(text: string): string[] {
    try {
      ordersFromJson(text, module);
    } catch (error) {
      if (error instanceof HepcError) return error.diagnostics.map(({ code }) => code);
      throw error;
    }
    return [];
  }

  test('are read as they were written', () => {
    fc.assert(
      fc.property(arbitraryNetwork, fc.nat(), (network, seed) => {
        const random = seededRandom(seed);
        const orders: Orders = new Map(
          permutableAxes(network).axes.map(({ name, items }) => [name, random.permutation(items)]),
        );
        expect(ordersFromJson(ordersToJson(orders), network)).toEqual(orders);
      }),
    );
  });

  const order = (axis: string, ...entries: readonly number[]) => ({ axis, order: entries });
  const file = (...orders: readonly unknown[]) => JSON.stringify({ version: 1, orders });

  test.each([
    { what: 'no JSON', text: '{', codes: ['H355'] },
    { what: 'another version', text: '{"version": 2, "orders": []}', codes: ['H355'] },
    { what: 'no indices', text: file(order('rows:1', 0.5)), codes: ['H355'] },
    { what: 'too long', text: ' '.repeat(2 ** 24 + 1), codes: ['H355'] },
    { what: 'of no layer', text: file(order('rows:9', 0)), codes: ['H356'] },
    { what: 'too short', text: file(order('rows:1', 0, 1)), codes: ['H357'] },
    { what: 'with an item twice', text: file(order('rows:1', 0, 1, 2, 3, 4, 5, 6, 6)), codes: ['H357'] },
    { what: 'with an item too many', text: file(order('rows:1', 0, 1, 2, 3, 4, 5, 6, 8)), codes: ['H357'] },
    {
      what: 'two for one axis',
      text: file(order('rows:1', 0, 1, 2, 3, 4, 5, 6, 7), order('rows:1', 1, 0, 2, 3, 4, 5, 6, 7)),
      codes: ['H358'],
    },
    { what: 'all wrong at once', text: file(order('rows:9'), order('rows:1', 0)), codes: ['H356', 'H357'] },
    { what: 'none', text: file(), codes: [] },
  ])('have codes where they are $what', ({ text, codes }) => {
    expect(codesOf(text)).toEqual(codes);
  });
});
