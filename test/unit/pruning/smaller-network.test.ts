/** Networks without their dead elements, and back, on random networks. */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { evaluateTensor } from '../../../ir/interpret/tensor.ts';
import { seededRandom } from '../../../ir/random.ts';
import type { TensorModule } from '../../../ir/tensor/ops.ts';
import { replaceWeights, weightNodes, weightsOf } from '../../../ir/tensor/weight-layers.ts';
import { deadElements } from '../../../passes/tensor/dead-elements.ts';
import { PassManager } from '../../../passes/manager.ts';
import { layerGeometry } from '../../../ir/tensor/layer-geometry.ts';
import { SmallerNetwork } from '../../../pruning/smaller-network.ts';
import { arbitraryNetwork, networkSamples } from '../../support/arbitrary-networks.ts';
import { withDeadNeurons } from '../../support/dead-neurons.ts';
import { largestDifference } from '../../support/seeded-inputs.ts';

const withDead = fc
  .tuple(arbitraryNetwork, fc.constantFrom(0, 0.3, 0.7), fc.nat())
  .map(([network, share, seed]) => withDeadNeurons(network, share, seed));

const withoutDead = (module: TensorModule): TensorModule => new PassManager([]).run(deadElements, module, {});

/** Without some weights, and with other biases of rows that have weights. */
function pruned(module: TensorModule, seed: number): TensorModule {
  const random = seededRandom(seed);
  const layers = weightNodes(module).map((node) => {
    const { values } = weightsOf(node);
    const { rowOf } = layerGeometry(module, node);
    const fed = new Set(rowOf.filter((_, i) => values[i] !== 0));
    const bias = node.attrs.bias.values.map((b, row) => (fed.has(row) ? b + random.uniform() : b));
    return [node.id, { weights: values.map((w) => (random.uniform() < 0.5 ? 0 : w)), bias }] as const;
  });
  return replaceWeights(module, new Map(layers));
}

test('what the smaller network loses, the whole one loses', () => {
  let found = 0;
  fc.assert(
    fc.property(withDead, fc.nat(), (whole, seed) => {
      const smaller = SmallerNetwork.of(whole, withoutDead);
      if (smaller === undefined) return;
      found++;
      const less = pruned(smaller.module, seed);
      const back = smaller.putBack(whole, less);
      const samples = networkSamples(whole, 3, seed);
      const values = (module: TensorModule) => samples.map((sample) => evaluateTensor(module, sample));
      expect(largestDifference(values(smaller.take(whole)), values(smaller.module))).toBe(0);
      expect(largestDifference(values(less), values(back))).toBeLessThan(1e-9);
      for (const [k, node] of weightNodes(back).entries()) {
        const before = weightsOf(weightNodes(whole)[k] ?? node).values;
        const gone = node.attrs.pruned?.values ?? new Float64Array();
        for (const [i, w] of weightsOf(node).values.entries()) {
          if (w === 0 && before[i] !== 0) expect(gone[i]).toBe(before[i]);
          else expect(w).toBe(before[i]);
        }
      }
    }),
    { numRuns: 300 },
  );
  expect(found).toBeGreaterThan(100);
});
