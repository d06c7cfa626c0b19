import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { chooseLayouts } from '../../../../compiler/layouts/choose-layouts.ts';
import { defaultCosts } from '../../../../compiler/layouts/cost.ts';
import { layerKernels } from '../../../../compiler/layouts/layer-kernels.ts';
import { lowerToHe } from '../../../../compiler/lowering/to-he.ts';
import { lowerToTile } from '../../../../compiler/lowering/to-tile.ts';
import { evaluateTensor } from '../../../../ir/interpret/tensor.ts';
import type { TensorModule } from '../../../../ir/tensor/ops.ts';
import { replaceWeights, weightNodes, weightsOf } from '../../../../ir/tensor/weight-layers.ts';
import { PassManager } from '../../../../passes/manager.ts';
import type { Sample } from '../../../../ir/interface.ts';
import { pruneTiles } from '../../../../passes/pruning/prune-tiles.ts';
import type { NetworkKernels } from '../../../../passes/pruning/tiles/kernels.ts';
import { NetworkTiles, tilesOf } from '../../../../passes/pruning/tiles/network-tiles.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { countsOf } from '../../../support/pruned-layers.ts';
import { denseChain, residual, samplesOf } from '../../../support/tiny-networks.ts';
import { casesOf } from '../../../support/setup/suite.ts';

/** Powers of two, so that no packing of the client repeats anything. */
const sizes = fc.constantFrom([16, 8, 16, 4], [8, 16, 16, 8], [32, 16, 8], [16, 16, 16, 16, 16]);
const slotShapes = fc.constantFrom({ virtualSlots: 4, batchTile: 4 }, { virtualSlots: 8, batchTile: 1 });
const seeds = fc.nat(1000);

interface Network {
  readonly module: TensorModule;
  readonly kernels: NetworkKernels;
  readonly choice: ReturnType<typeof chooseLayouts>;
}

/** Without biases, so that what is constant is zero, which the program drops. */
function network(module: TensorModule, slots: { virtualSlots: number; batchTile: number }): Network {
  const unbiased = replaceWeights(
    module,
    new Map(weightNodes(module).map(({ id, attrs }) => [id, { bias: new Float64Array(attrs.bias.data.length) }])),
  );
  const choice = chooseLayouts(unbiased, slots, defaultCosts);
  return { module: unbiased, choice, kernels: layerKernels(unbiased, choice, { degree: 8192, weights: 'plain' }) };
}

function dropAtRandom(tiles: NetworkTiles, share: number, seed: number): void {
  const random = seededRandom(seed);
  for (let tile = 0; tile < tiles.graph.tiles; tile++)
    if (random.uniform() < share && !tiles.tryTiles([tile]).endsLayer) tiles.removeTiles([tile]);
}

/** The module with the weights that are out of `tiles` set to zero. */
function withoutDead(module: TensorModule, tiles: NetworkTiles): TensorModule {
  const changes = tiles.graph.layers.map(({ node }, layer) => {
    const { values } = weightsOf(node);
    const weights = values.map((w, i) => (tiles.isAlive(layer, i) ? w : 0));
    return [node.id, { weights, pruned: values.map((w, i) => (weights[i] === 0 ? w : 0)) }] as const;
  });
  return replaceWeights(module, new Map(changes));
}

describe('the tiles of a network', () => {
  test('are alive exactly where its program multiplies, with constants and unread results dropped', () => {
    fc.assert(
      fc.property(sizes, slotShapes, fc.constantFrom(0, 0.3, 0.6, 0.9), seeds, (chain, slots, share, seed) => {
        const { module, kernels, choice } = network(denseChain(chain), slots);
        const tiles = tilesOf(module, { kernels });
        dropAtRandom(tiles, share, seed);
        const pruned = withoutDead(module, tiles);
        const counts = countsOf(lowerToHe(lowerToTile(pruned, choice), 'plain').module);
        const { graph } = tiles;
        const live = Array.from({ length: graph.tiles }, (_, tile) => tile).filter((tile) => !tiles.isDead(tile));
        const written = new Set(live.map((tile) => graph.writtenBy[tile]));
        const folds = kernels.layers.reduce((sum, { node, kernel }) => {
          const own = live.filter((tile) => graph.layers[graph.layerOf[tile] ?? -1]?.node.id === node);
          return sum + kernel.folds.length * new Set(own.map((tile) => graph.writtenBy[tile])).size;
        }, 0);
        const outputs = kernels.layers.at(-1)?.output.ciphertexts ?? 0;
        const first = graph.ciphertexts.outputs.get(kernels.layers.at(-1)?.node ?? -1) ?? 0;
        const liveOutputs = Array.from({ length: outputs }, (_, o) => written.has(first + o)).filter((is) => is).length;
        expect({ products: counts.products, rotations: counts.rotations }).toEqual({
          products: live.length + outputs - liveOutputs,
          rotations: graph.rotations.length - tiles.deadRotations + folds,
        });
      }),
      { numRuns: casesOf({ normal: 18, nightly: 60 }) },
    );
  });

  test('say before what removing tiles does, and forget what was tried', () => {
    const networks = [denseChain([16, 8, 16, 4]), residual(8, 8, 4)];
    fc.assert(
      fc.property(fc.constantFrom(...networks), slotShapes, seeds, (chain, slots, seed) => {
        const { module, kernels } = network(chain, slots);
        const tiles = tilesOf(module, { kernels });
        const untouched = tilesOf(module, { kernels });
        const random = seededRandom(seed);
        for (let round = 0; round < 12; round++) {
          const some = Array.from({ length: 3 }, () => random.integer(0, tiles.graph.tiles - 1));
          tiles.tryTiles([random.integer(0, tiles.graph.tiles - 1)]);
          const { saved, deadCount } = tiles;
          const effect = tiles.tryTiles(some);
          expect({ saved: tiles.saved, deadCount: tiles.deadCount }).toEqual({ saved, deadCount });
          const died = untouched.removeTiles(some);
          expect(died.length).toBe(effect.tiles);
          tiles.removeTiles(some);
          expect(tiles.saved - saved).toBeCloseTo(effect.milliseconds, 9);
          expect(tiles.saved).toBeCloseTo(untouched.saved, 9);
          expect(tiles.deadCiphertexts).toBe(untouched.deadCiphertexts);
        }
        // As if the weights had been zero from the beginning.
        const again = tilesOf(withoutDead(module, tiles), { kernels });
        expect(again.saved).toBeCloseTo(tiles.saved, 9);
        expect(again.deadCount).toBe(tiles.deadCount);
        expect([...again.savedInLayer].map((x) => x.toFixed(6))).toEqual(
          [...tiles.savedInLayer].map((x) => x.toFixed(6)),
        );
      }),
      { numRuns: casesOf({ normal: 12, nightly: 40 }) },
    );
  });

  test('cost what they save when all of them are gone', () => {
    const { module, kernels } = network(denseChain([16, 8, 16, 4]), { virtualSlots: 4, batchTile: 4 });
    const tiles = tilesOf(module, { kernels });
    expect(tiles.saved).toBe(0);
    tiles.removeTiles(Array.from({ length: tiles.graph.tiles }, (_, tile) => tile));
    expect(tiles.saved).toBeCloseTo(tiles.cost, 9);
    expect([...tiles.costInLayer].reduce((a, b) => a + b)).toBeCloseTo(tiles.cost, 9);
    tiles.savedInLayer.forEach((saved, layer) => {
      expect(saved).toBeCloseTo(tiles.costInLayer[layer] ?? NaN, 9);
    });
  });
});

function pruned(module: TensorModule, options: object, samples: readonly Sample[] = []) {
  const manager = new PassManager(samples);
  const result = manager.run(pruneTiles, module, options);
  return { result, statistics: manager.runs[0]?.statistics ?? {}, warnings: manager.warnings };
}

/** Mean over samples and outputs of the squared difference. */
function meanSquare(a: TensorModule, b: TensorModule, samples: readonly Sample[]): number {
  let sum = 0;
  let count = 0;
  for (const sample of samples) {
    const other = evaluateTensor(b, sample);
    for (const [name, values] of evaluateTensor(a, sample)) {
      values.forEach((value, i) => {
        sum += (value - (other.get(name)?.[i] ?? NaN)) ** 2;
        count++;
      });
    }
  }
  return sum / count;
}

describe('prune-tiles', () => {
  test.each(['min', 'max', 'mean', 'non-zeros', 'error'])(
    'drops the share of tiles that is asked for, by %s',
    (criterion) => {
      fc.assert(
        fc.property(sizes, slotShapes, fc.constantFrom(0.25, 0.5, 0.75), (chain, slots, sparsity) => {
          const { module, kernels } = network(denseChain(chain), slots);
          const samples = samplesOf(module, 12);
          const { statistics, result } = pruned(module, { kernels, criterion, sparsity }, samples);
          const wanted = Math.round(sparsity * (statistics['tiles'] ?? 0));
          expect(statistics['dropped']).toBeGreaterThanOrEqual(wanted);
          const tiles = tilesOf(result, { kernels });
          expect(tiles.deadCount).toBe(statistics['dropped']);
          expect(statistics['share']).toBeCloseTo(tiles.saved / tiles.cost, 5);
          expect(tiles.graph.layers.every((layer, k) => (tiles.deadInLayer[k] ?? 0) < layer.tiles)).toBe(true);
          // Nothing is lost: what is not in the weights is in `pruned`.
          for (const [k, node] of weightNodes(result).entries()) {
            const before = weightNodes(module)[k];
            const kept = node.attrs.pruned?.values;
            const all = weightsOf(node).values.map((w, i) => (w === 0 ? (kept?.[i] ?? 0) : w));
            expect(all).toEqual(before && weightsOf(before).values);
          }
        }),
        { numRuns: casesOf({ normal: 3, nightly: 8 }) },
      );
    },
  );

  test('drops in every layer by itself with the scope local', () => {
    const { module, kernels } = network(denseChain([16, 16, 16, 16, 16]), { virtualSlots: 4, batchTile: 4 });
    const samples = samplesOf(module, 12);
    for (const criterion of ['mean', 'error']) {
      const { result } = pruned(module, { kernels, criterion, scope: 'local', sparsity: 0.5 }, samples);
      const tiles = tilesOf(result, { kernels });
      tiles.graph.layers.forEach((layer, k) => {
        expect(tiles.deadInLayer[k]).toBeGreaterThanOrEqual(layer.tiles / 2);
      });
    }
  });

  test('goes on where an earlier run stopped', () => {
    const { module, kernels } = network(denseChain([16, 16, 16]), { virtualSlots: 4, batchTile: 4 });
    const samples = samplesOf(module, 12);
    const once = pruned(module, { kernels, criterion: 'error', sparsity: 0.3 }, samples);
    const twice = pruned(once.result, { kernels, criterion: 'error', sparsity: 0.6 }, samples);
    const tiles = tilesOf(twice.result, { kernels });
    expect(twice.statistics['tiles']).toBe(once.statistics['tiles']);
    expect(tiles.deadCount).toBe((once.statistics['dropped'] ?? 0) + (twice.statistics['dropped'] ?? 0));
    expect(tiles.deadCount).toBeGreaterThanOrEqual(Math.round(0.6 * tiles.graph.tiles));
  });

  test('saves the share of the cost that is asked for, at less error than by magnitude', () => {
    const { module, kernels } = network(denseChain([32, 16, 32]), { virtualSlots: 4, batchTile: 4 });
    const samples = samplesOf(module, 64);
    const errors = ['error', 'mean'].map((criterion) => {
      const { result, statistics } = pruned(module, { kernels, criterion, saving: 0.3 }, samples);
      expect(statistics['share']).toBeGreaterThanOrEqual(0.3);
      return meanSquare(module, result, samples);
    });
    expect(errors[0]).toBeLessThan(errors[1] ?? 0);
  });

  test('estimates the error of a single layer exactly, with and without its mean in the biases', () => {
    const builder = fc.record({
      chain: fc.constantFrom([12, 20], [16, 4], [8, 40]),
      slots: slotShapes,
      maxError: fc.constantFrom(0.01, 0.1, 0.4),
      compensate: fc.boolean(),
    });
    fc.assert(
      fc.property(builder, ({ chain, slots, maxError, compensate }) => {
        const module = denseChain(chain);
        const samples = samplesOf(module, 20);
        const kernels = layerKernels(module, chooseLayouts(module, slots, defaultCosts), {
          degree: 8192,
          weights: 'plain',
        });
        const options = { kernels, criterion: 'error', maxError, compensate };
        const { result, statistics } = pruned(module, options, samples);
        const error = statistics['error'] ?? NaN;
        expect(error).toBeLessThanOrEqual(maxError);
        expect(Math.abs(meanSquare(module, result, samples) - error)).toBeLessThan(1e-5 * maxError + 1e-5 * error);
      }),
      { numRuns: casesOf({ normal: 7, nightly: 24 }) },
    );
  });

  test('is deterministic', () => {
    const { module, kernels } = network(denseChain([16, 32, 16]), { virtualSlots: 4, batchTile: 4 });
    const run = () => {
      const { result } = pruned(module, { kernels, criterion: 'error', sparsity: 0.5 }, samplesOf(module, 16));
      return weightNodes(result).map((node) => weightsOf(node).digest());
    };
    expect(run()).toEqual(run());
  });

  test('warns where the last tiles of layers are in the way', () => {
    const { module, kernels } = network(denseChain([4, 4, 4]), { virtualSlots: 4, batchTile: 4 });
    const { warnings, result } = pruned(module, { kernels, sparsity: 0.99 });
    expect(warnings.map(({ code }) => code)).toEqual(['H353']);
    const tiles = tilesOf(result, { kernels });
    expect(tiles.graph.layers.some((layer, k) => tiles.deadInLayer[k] === layer.tiles)).toBe(false);
  });
});
