/** Moving the elements of a network: what it computes stays. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { evaluateTensor } from '../../../../ir/interpret/tensor.ts';
import { seededRandom } from '../../../../ir/random.ts';
import type { TensorModule } from '../../../../ir/tensor/ops.ts';
import { replaceWeights, weightNodes, weightsOf } from '../../../../ir/tensor/weight-layers.ts';
import { verify } from '../../../../ir/verify.ts';
import { mergeLinear } from '../../../../passes/tensor/merge-linear.ts';
import { PassManager } from '../../../../passes/manager.ts';
import { type Orders, permuteModule } from '../../../../passes/pruning/orders/apply-permutation.ts';
import { permutableAxes } from '../../../../passes/pruning/orders/permutable-axes.ts';
import { arbitraryNetwork } from '../../../support/arbitrary-networks.ts';
import { largestDifference, seededInputs } from '../../../support/seeded-inputs.ts';
import { casesOf } from '../../../support/setup/suite.ts';

function randomOrders(module: TensorModule, seed: number): Orders {
  const random = seededRandom(seed);
  return new Map(permutableAxes(module).axes.map(({ name, items }) => [name, random.permutation(items)]));
}

function differenceOf(before: TensorModule, after: TensorModule): number {
  const inputs = seededInputs(before, 3);
  if (inputs.kind !== 'named') throw new Error('a tensor module has named inputs');
  return largestDifference(
    inputs.samples.map((sample) => evaluateTensor(before, sample)),
    inputs.samples.map((sample) => evaluateTensor(after, sample)),
  );
}

/** Every other weight pruned. */
function pruned(module: TensorModule): TensorModule {
  const layers = weightNodes(module).map((node) => {
    const { values } = weightsOf(node);
    const keep = (parity: number) => values.map((w, i) => (i % 2 === parity ? w : 0));
    return [node.id, { weights: keep(0), pruned: keep(1) }] as const;
  });
  return replaceWeights(module, new Map(layers));
}

function restored(module: TensorModule): TensorModule {
  const layers = weightNodes(module).map((node) => {
    const taken = node.attrs.pruned?.values;
    return [node.id, { weights: weightsOf(node).values.map((w, i) => w + (taken?.[i] ?? 0)) }] as const;
  });
  return replaceWeights(module, new Map(layers));
}

describe('a permuted network', () => {
  test('computes what it did', () => {
    fc.assert(
      fc.property(arbitraryNetwork, fc.nat(), fc.boolean(), (network, seed, merged) => {
        const module = merged ? new PassManager([]).run(mergeLinear, network, {}) : network;
        const after = permuteModule(module, randomOrders(module, seed));
        expect(verify(after)).toEqual([]);
        expect(differenceOf(module, after)).toBeLessThan(1e-9);
      }),
      { numRuns: casesOf({ normal: 300, nightly: 1000 }) },
    );
  });

  test('keeps what was pruned with the weights that it belongs to', () => {
    fc.assert(
      fc.property(arbitraryNetwork, fc.nat(), (network, seed) => {
        const after = permuteModule(pruned(network), randomOrders(network, seed));
        expect(differenceOf(network, restored(after))).toBeLessThan(1e-9);
      }),
    );
  });

  test('is refused for an order of other items', () => {
    fc.assert(
      fc.property(arbitraryNetwork, (network) => {
        const { axes } = permutableAxes(network);
        for (const { name, items } of axes) {
          const order = Int32Array.from({ length: items + 1 }, (_, i) => i);
          expect(() => permuteModule(network, new Map([[name, order]]))).toThrow(InternalError);
        }
      }),
      { numRuns: casesOf({ normal: 6, nightly: 20 }) },
    );
  });
});
