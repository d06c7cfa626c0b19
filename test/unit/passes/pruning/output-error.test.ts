import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Constant, elementCount, vector } from '../../../../ir/constant.ts';
import { TensorInterpreter } from '../../../../ir/interpret/tensor.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { TensorBuilder, type TensorModule } from '../../../../ir/tensor/ops.ts';
import { replaceWeights, type WeightNode, weightNodes, weightsOf } from '../../../../ir/tensor/weight-layers.ts';
import type { Sample } from '../../../../ir/interface.ts';
import { GradientTape } from '../../../../passes/pruning/statistics/backward.ts';
import { OutputError } from '../../../../passes/pruning/statistics/output-error.ts';
import { arbitraryNetwork, networkSamples } from '../../../support/arbitrary-networks.ts';
import { randomVector } from '../../../support/arbitrary-maps.ts';
import { dense } from '../../../support/tiny-networks.ts';

/** Mean squared change of the outputs when these weights become zero. */
function measured(module: TensorModule, node: WeightNode, weights: Int32Array, samples: readonly Sample[]): number {
  const values = weightsOf(node).values.slice();
  for (const w of weights) values[w] = 0;
  const before = new TensorInterpreter(module);
  const after = new TensorInterpreter(replaceWeights(module, new Map([[node.id, { weights: values }]])));
  let sum = 0;
  let count = 0;
  for (const sample of samples) {
    const others = after.evaluate(sample);
    for (const [name, outputs] of before.evaluate(sample)) {
      outputs.forEach((y, i) => (sum += (y - (others.get(name)?.[i] ?? NaN)) ** 2));
      count += outputs.length;
    }
  }
  return sum / count;
}

function layerWithOutput(build: (builder: TensorBuilder, x: number) => number, shape: readonly number[]): TensorModule {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [...shape] }, []);
  builder.add('output', [build(builder, x)], { name: 'y' }, []);
  return builder.build('layer');
}

function convolution(groups: number, stride: number): TensorModule {
  return layerWithOutput(
    (builder, x) => {
      const weights = new Constant([4, 2 / groups, 3, 3], randomVector((4 * 2 * 9) / groups, groups));
      const attrs = { weights, bias: vector(randomVector(4, 1)), groups, pads: [1, 1, 0, 0] };
      return builder.add('conv', [x], { ...attrs, strides: [stride, stride], dilations: [1, 1] }, []);
    },
    [2, 5, 5],
  );
}

/** Two linear layers of a single neuron between them: nothing is lost by leaving out what links rows. */
function bottleneck(outputs: number): TensorModule {
  return layerWithOutput((builder, x) => dense(builder, dense(builder, x, 1), outputs), [9]);
}

const linearNetworks = [
  layerWithOutput((builder, x) => dense(builder, x, 7), [10]),
  layerWithOutput((builder, x) => dense(builder, x, 30), [6]),
  bottleneck(5),
  convolution(1, 1),
  convolution(2, 2),
];

describe('the error of the outputs', () => {
  test('is exact for linear networks, one set of weights after another', () => {
    fc.assert(
      fc.property(fc.constantFrom(...linearNetworks), fc.nat(), (module, seed) => {
        const [node] = weightNodes(module);
        if (node === undefined) throw new Error('a layer has a node');
        const samples = networkSamples(module, 10, seed);
        const error = OutputError.measure(module, weightNodes(module), samples, { centred: false, seed: 1 });
        const random = seededRandom(seed);
        const order = random.permutation(weightsOf(node).data.length);
        let total = 0;
        for (let from = 0; from < order.length; from += 5) {
          const part = order.slice(from, from + 5).sort();
          const increase = error.increase(0, part);
          expect(error.increase(0, part), 'asking changes nothing').toBe(increase);
          total += error.remove(0, part);
          const exact = measured(module, node, order.slice(0, from + 5), samples);
          expect(Math.abs(total - exact)).toBeLessThan(1e-9 * (1 + exact));
        }
      }),
      { numRuns: 40 },
    );
  });

  test('of neurons that nobody reads is zero', () => {
    const module = layerWithOutput((builder, x) => dense(builder, dense(builder, x, 4), 3), [5]);
    const [first, second] = weightNodes(module);
    if (first === undefined || second === undefined) throw new Error('there are two layers');
    const weights = weightsOf(second).values.map((w, i) => (i % 4 === 2 ? 0 : w));
    const unread = replaceWeights(module, new Map([[second.id, { weights }]]));
    const samples = networkSamples(module, 5, 1);
    const error = OutputError.measure(unread, weightNodes(unread), samples, { centred: false, seed: 1 });
    expect(error.increase(0, Int32Array.of(10, 11, 12))).toBe(0);
    expect(error.increase(0, Int32Array.of(5))).toBeGreaterThan(0);
  });
});

describe('gradients', () => {
  test('are the differences that small steps make, through every op', () => {
    fc.assert(
      fc.property(arbitraryNetwork, fc.nat(), (module, seed) => {
        const [sample = new Map<string, Float64Array>()] = networkSamples(module, 1, seed);
        const random = seededRandom(seed);
        const outputs = module.nodes.filter((node) => node.op === 'output');
        const seeds = new Map(
          outputs.map(({ id, type }) => [
            id,
            Float64Array.from({ length: elementCount(type) }, () => random.uniform()),
          ]),
        );
        const interpreter = new TensorInterpreter(module);
        const total = (inputs: Sample): number => {
          const values = interpreter.evaluateAll(inputs);
          return outputs.reduce((sum, { id }) => {
            return sum + (values[id]?.reduce((s, y, i) => s + y * (seeds.get(id)?.[i] ?? 0), 0) ?? 0);
          }, 0);
        };
        const gradients = new GradientTape(module).gradients(interpreter.evaluateAll(sample), seeds);
        for (const node of module.nodes) {
          if (node.op !== 'input') continue;
          const at = random.integer(0, elementCount(node.type) - 1);
          const moved = (by: number): Sample => {
            const values = sample.get(node.attrs.name)?.slice() ?? new Float64Array();
            values[at] = (values[at] ?? 0) + by;
            return new Map([...sample, [node.attrs.name, values]]);
          };
          const slope = (total(moved(1e-5)) - total(moved(-1e-5))) / 2e-5;
          const gradient = gradients[node.id]?.[at] ?? 0;
          expect(Math.abs(gradient - slope)).toBeLessThan(1e-4 * (1 + Math.abs(slope)));
        }
      }),
      { numRuns: 100 },
    );
  });
});
