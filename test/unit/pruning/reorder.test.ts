/** A network in another order and back. */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { compileGraph } from '../../../compiler/compile.ts';
import { layerKernels } from '../../../compiler/layouts/layer-kernels.ts';
import { evaluateTensor } from '../../../ir/interpret/tensor.ts';
import { seededRandom } from '../../../ir/random.ts';
import type { TensorModule } from '../../../ir/tensor/ops.ts';
import { weightNodes, weightsOf } from '../../../ir/tensor/weight-layers.ts';
import { PassManager } from '../../../passes/manager.ts';
import { prune } from '../../../passes/pruning/prune.ts';
import { type Orders, permuteModule } from '../../../passes/pruning/orders/apply-permutation.ts';
import { partitionNetwork } from '../../../passes/pruning/tiles/partition.ts';
import { permutableAxes } from '../../../passes/pruning/orders/permutable-axes.ts';
import { inOriginalOrder, kernelsFor } from '../../../pruning/reorder.ts';
import { arbitraryNetwork } from '../../support/arbitrary-networks.ts';
import { largestDifference, seededInputs } from '../../support/seeded-inputs.ts';
import { denseChain, graphOf, samplesOf } from '../../support/tiny-networks.ts';

function randomOrders(module: TensorModule, seed: number): Orders {
  const random = seededRandom(seed);
  return new Map(permutableAxes(module).axes.map(({ name, items }) => [name, random.permutation(items)]));
}

const valuesOf = (module: TensorModule) =>
  weightNodes(module).map((node) => [[...weightsOf(node).values], [...node.attrs.bias.values], node.attrs.pruned]);

test('what is permuted and taken back is what it was', () => {
  fc.assert(
    fc.property(arbitraryNetwork, fc.nat(), (module, seed) => {
      const orders = randomOrders(module, seed);
      expect(valuesOf(inOriginalOrder(module, permuteModule(module, orders), orders))).toEqual(valuesOf(module));
    }),
    { numRuns: 500 },
  );
});

test('weights that changed in the other order change the same function', () => {
  const manager = new PassManager([]);
  fc.assert(
    fc.property(arbitraryNetwork, fc.nat(), (module, seed) => {
      fc.pre(weightNodes(module).length > 0);
      const orders = randomOrders(module, seed);
      const changed = manager.run(prune, permuteModule(module, orders), { criterion: 'random', sparsity: 0.4, seed });
      const back = inOriginalOrder(module, changed, orders);
      const inputs = seededInputs(module, 3);
      if (inputs.kind !== 'named') throw new Error('a tensor module has named inputs');
      const run = (each: TensorModule) => inputs.samples.map((sample) => evaluateTensor(each, sample));
      expect(largestDifference(run(changed), run(back))).toBeLessThan(1e-9);
      const prunedIn = (each: TensorModule): number =>
        weightNodes(each).reduce(
          (sum, { attrs }) => [...(attrs.pruned?.values ?? [])].reduce((n, w) => n + Math.abs(w), sum),
          0,
        );
      expect(prunedIn(back)).toBeCloseTo(prunedIn(changed), 9);
    }),
    { numRuns: 300 },
  );
});

test('kernels go with the layers, whatever their ids are after a permutation', () => {
  const module = denseChain([20, 24, 8]);
  const { chosen, modules } = compileGraph(graphOf(module), { samples: samplesOf(module, 16) });
  const { degree } = chosen.configuration;
  const kernels = layerKernels(modules.tensor, chosen.choice, { degree, weights: 'plain' });
  const permuted = permuteModule(modules.tensor, randomOrders(modules.tensor, 7));
  const moved = kernelsFor(kernels, modules.tensor, permuted);
  expect(moved.layers.map(({ node }) => node)).toEqual(weightNodes(permuted).map(({ id }) => id));
  expect(moved.layers.map(({ node }) => node)).not.toEqual(kernels.layers.map(({ node }) => node));
  // Dense layers without zeros have the same tiles in any order.
  const sizes = (cut: Parameters<typeof partitionNetwork>[1], of: TensorModule) =>
    partitionNetwork(of, cut).map(({ tiles, members }) => [tiles, members.length]);
  expect(sizes({ kernels: moved }, permuted)).toEqual(sizes({ kernels }, modules.tensor));
});
