/** `dead-elements` on random networks with dead neurons, channels and inputs. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { elementCount } from '../../../../ir/constant.ts';
import { evaluateTensor } from '../../../../ir/interpret/tensor.ts';
import { usersOf } from '../../../../ir/module.ts';
import type { TensorModule } from '../../../../ir/tensor/ops.ts';
import { printModule } from '../../../../ir/text/print.ts';
import { deadElements } from '../../../../passes/tensor/dead-elements.ts';
import { PassManager } from '../../../../passes/manager.ts';
import { mergeLinear } from '../../../../passes/tensor/merge-linear.ts';
import { arbitraryNetwork, networkSamples } from '../../../support/arbitrary-networks.ts';
import { withDeadNeurons } from '../../../support/dead-neurons.ts';
import { largestDifference } from '../../../support/seeded-inputs.ts';
import { casesOf } from '../../../support/setup/suite.ts';

const pruned = fc
  .tuple(arbitraryNetwork, fc.constantFrom(0, 0.3, 0.7), fc.nat(), fc.boolean())
  .map(([network, share, seed, isMerged]) => {
    const module = withDeadNeurons(network, share, seed);
    return isMerged ? new PassManager([]).run(mergeLinear, module, {}) : module;
  });

function run(module: TensorModule): TensorModule {
  return new PassManager([]).run(deadElements, module, {});
}

describe('random networks with dead neurons', () => {
  test('compute what they computed', () => {
    fc.assert(
      fc.property(pruned, fc.nat(), (before, seed) => {
        const after = run(before);
        const samples = networkSamples(before, 3, seed);
        const values = (module: TensorModule) => samples.map((sample) => evaluateTensor(module, sample));
        expect(largestDifference(values(before), values(after))).toBeLessThan(1e-9);
      }),
      { numRuns: casesOf({ normal: 75, nightly: 500 }) },
    );
  });

  test('have no work left that the pass would find again', () => {
    fc.assert(
      fc.property(pruned, (before) => {
        const once = run(before);
        expect(printModule(run(once)).text).toBe(printModule(once).text);
      }),
      { numRuns: casesOf({ normal: 75, nightly: 500 }) },
    );
  });

  test('keep inputs, outputs and their shapes, and grow nowhere', () => {
    fc.assert(
      fc.property(pruned, (before) => {
        const after = run(before);
        const ports = ({ nodes }: TensorModule) =>
          nodes.flatMap((node) => (node.op === 'input' || node.op === 'output' ? [[node.attrs.name, node.type]] : []));
        expect(ports(after)).toEqual(ports(before));
        const elements = ({ nodes }: TensorModule) =>
          nodes.reduce((sum, { op, type }) => sum + (op === 'dense' || op === 'conv' ? elementCount(type) : 0), 0);
        expect(elements(after)).toBeLessThanOrEqual(elements(before));
        const users = usersOf(after);
        for (const { id, op } of after.nodes) if (op !== 'input' && op !== 'output') expect(users[id]).not.toEqual([]);
      }),
      { numRuns: casesOf({ normal: 45, nightly: 300 }) },
    );
  });
});
