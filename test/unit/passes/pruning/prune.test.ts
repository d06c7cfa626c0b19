/** `prune` on random networks of all ops: what goes, what stays, and what is worth how much. */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { evaluateAll } from '../../../../ir/interpret/tensor.ts';
import type { ValueId } from '../../../../ir/op.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { TensorBuilder, type TensorModule } from '../../../../ir/tensor/ops.ts';
import {
  type LayerWeights,
  replaceWeights,
  type WeightNode,
  weightNodes,
  weightsOf,
} from '../../../../ir/tensor/weight-layers.ts';
import { PassManager } from '../../../../passes/manager.ts';
import type { Sample } from '../../../../ir/interface.ts';
import { prune } from '../../../../passes/pruning/prune.ts';
import { chooseNeurons, neuronScores, weightsOfNeurons } from '../../../../passes/pruning/neurons/choose-neurons.ts';
import { criteria, weightScores } from '../../../../passes/pruning/statistics/criteria.ts';
import { neuronsOf } from '../../../../passes/pruning/neurons/neurons.ts';
import { unpruned, zeroWeights } from '../../../../passes/pruning/neurons/zero-weights.ts';
import { seededInputs } from '../../../support/seeded-inputs.ts';
import { dense } from '../../../support/tiny-networks.ts';
import { makers } from '../../ir/tensor/arbitraries.ts';
import { randomModule, relativeDifference } from '../../ir/tensor/graphs.ts';
import { squaredChain, weightEntries } from './networks.ts';
import { casesOf } from '../../../support/setup/suite.ts';

const moduleWithWeights = fc
  .tuple(fc.integer(), fc.integer({ min: 1, max: 10 }))
  .map(([seed, size]) => randomModule(seed, size))
  .filter((module) => weightNodes(module).length > 0);
const scope = fc.constantFrom('local', 'global');
const criterion = fc.constantFrom(...criteria);
const sparsity = fc.double({ min: 0, max: 0.99, noNaN: true });

function samplesOf(module: TensorModule, count = 4): readonly Sample[] {
  const inputs = seededInputs(module, count);
  return inputs.kind === 'named' ? inputs.samples : [];
}

function run(module: TensorModule, options: Parameters<typeof prune.options.parse>[0]): TensorModule {
  return new PassManager(samplesOf(module)).run(prune, module, options as object);
}

function zerosOf(module: TensorModule): number[] {
  return weightNodes(module).map((node) => weightsOf(node).values.filter((w) => w === 0).length);
}

function sizesOf(module: TensorModule): number[] {
  return weightNodes(module).map((node) => weightsOf(node).data.length);
}

function varianceOf(values: readonly number[]): number {
  const mean = sum(values) / values.length;
  return sum(values.map((x) => (x - mean) ** 2)) / values.length;
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

test('as many weights as wanted go, the others stay, and all can be put back', () => {
  fc.assert(
    fc.property(moduleWithWeights, scope, criterion, sparsity, (module, scope, criterion, sparsity) => {
      const result = run(module, { scope, criterion, sparsity });
      expect(unpruned(result)).toEqual(unpruned(zeroWeights(result, new Map()).module));
      expect(relativeDifference(unpruned(result), module, 1)).toBe(0);
      const sizes = sizesOf(module);
      const before = zerosOf(module);
      const after = zerosOf(result);
      for (const [k, size] of sizes.entries()) {
        if (before[k] !== size) expect(after[k]).toBeLessThan(size);
        if (scope === 'local') {
          const wanted = Math.max(before[k] ?? 0, Math.min(Math.floor(sparsity * size), size - 1));
          expect(after[k]).toBe(wanted);
        }
      }
      const wanted = Math.floor(sparsity * sum(sizes));
      if (scope === 'global') {
        // Less only where a layer kept its best weight.
        expect(sum(after)).toBeLessThanOrEqual(Math.max(wanted, sum(before)));
        expect(sum(after)).toBeGreaterThanOrEqual(wanted - sizes.length);
      }
      expect(weightsOfAll(run(result, { scope, criterion, sparsity }))).toEqual(weightsOfAll(result));
    }),
  );
});

function weightsOfAll(module: TensorModule): readonly Float64Array[] {
  return weightNodes(module).map((node) => weightsOf(node).values);
}

test('of what stays nothing is worth less than what goes', () => {
  fc.assert(
    fc.property(moduleWithWeights, criterion, sparsity, (module, criterion, sparsity) => {
      const scores = weightScores(module, criterion, { seed: 0, samples: samplesOf(module) });
      const result = run(module, { scope: 'local', criterion, sparsity });
      for (const [k, node] of weightNodes(module).entries()) {
        const after = weightsOfAll(result)[k] ?? new Float64Array();
        const own = scores.get(node.id) ?? new Float64Array();
        const gone = own.filter((_, i) => after[i] === 0 && weightsOf(node).values[i] !== 0);
        const stays = own.filter((_, i) => after[i] !== 0);
        if (gone.length > 0) expect(Math.max(...gone)).toBeLessThanOrEqual(Math.min(...stays));
      }
    }),
  );
});

test('data: the share of the variance of the outputs that the terms of a weight have', () => {
  fc.assert(
    fc.property(moduleWithWeights, (module) => {
      const samples = samplesOf(module, 5);
      const scores = weightScores(module, 'data', { seed: 0, samples });
      const values = samples.map((sample) => evaluateAll(module, sample));
      for (const node of weightNodes(module)) {
        const { rows, starts, indices, weight } = weightEntries(module, node);
        const expected = new Float64Array(weightsOf(node).data.length);
        let variance = 0;
        for (let row = 0; row < rows; row++) {
          const outputs = values.map((each) => each[node.id]?.[row] ?? NaN);
          variance += varianceOf(outputs);
          for (let k = starts[row] ?? 0; k < (starts[row + 1] ?? 0); k++) {
            const i = weight[k] ?? -1;
            const terms = values.map((each) => each[node.operands[0] ?? -1]?.[indices[k] ?? -1] ?? NaN);
            const w = weightsOf(node).values[i] ?? NaN;
            expected[i] = (expected[i] ?? 0) + varianceOf(terms.map((x) => w * x));
          }
        }
        // Differences of large sums: where outputs hardly vary their variance is rounding.
        fc.pre(variance > 1e-6);
        for (const [i, score] of (scores.get(node.id) ?? []).entries()) {
          const want = (expected[i] ?? NaN) / variance;
          expect(Math.abs(score - want)).toBeLessThanOrEqual(1e-6 * Math.max(1, want));
        }
      }
    }),
  );
});

test('error: the mean squared change of the outputs without a weight, once the bias has its mean', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 12 }), (inputs, outputs) => {
      // Linear, and with a single neuron in the middle: to second order is exact, and nothing links rows.
      const builder = new TensorBuilder();
      const x = builder.add('input', [], { name: 'x', shape: [inputs] }, []);
      builder.add('output', [dense(builder, dense(builder, x, 1), outputs)], { name: 'y' }, []);
      const module = builder.build('bottleneck');
      const samples = samplesOf(module, 6);
      const scores = weightScores(module, 'error', { seed: 0, samples });
      for (const node of weightNodes(module)) {
        for (const [i, score] of (scores.get(node.id) ?? []).entries()) {
          const changes = changesWithout(module, node, i, samples);
          const wanted = sum(changes.map(varianceOf)) / outputs;
          expect(Math.abs(score - wanted)).toBeLessThanOrEqual(1e-9 * Math.max(1, wanted));
        }
      }
    }),
  );
});

/** For each output by how much it changes on the samples when a weight becomes zero. */
function changesWithout(
  module: TensorModule,
  node: WeightNode,
  weight: number,
  samples: readonly Sample[],
): readonly number[][] {
  const values = weightsOf(node).values.map((w, i) => (i === weight ? 0 : w));
  const without = replaceWeights(module, new Map([[node.id, { weights: values }]]));
  const output = module.nodes.length - 1;
  const [before, after] = [module, without].map((each) =>
    samples.map((sample) => evaluateAll(each, sample)[output] ?? new Float64Array()),
  );
  return Array.from(before?.[0] ?? [], (_, k) =>
    samples.map((_, s) => (after?.[s]?.[k] ?? NaN) - (before?.[s]?.[k] ?? NaN)),
  );
}

test('nothing depends on a neuron that is gone', () => {
  let pruned = 0;
  fc.assert(
    fc.property(moduleWithWeights, scope, criterion, fc.boolean(), (module, scope, criterion, inputs) => {
      const neurons = neuronsOf(module);
      const weights = weightScores(module, criterion, { seed: 0, samples: samplesOf(module) });
      const scores = neuronScores(neurons, weights, criterion, 0);
      const gone = chooseNeurons(neurons, scores, { scope, sparsity: 0.7, inputs, outputs: false });
      pruned += sum([...gone]);
      const { module: result } = zeroWeights(module, weightsOfNeurons(neurons, gone));
      const disturbed = new Map<ValueId, LayerWeights>();
      for (const node of weightNodes(result)) {
        const fed = neurons.layers.get(node.id)?.fed ?? new Int32Array();
        disturbed.set(node.id, { bias: node.attrs.bias.values.map((b, row) => b + (gone[fed[row] ?? -1] ?? 0)) });
      }
      expect(relativeDifference(replaceWeights(result, disturbed), result, 2)).toBeLessThan(1e-12);
    }),
    { numRuns: casesOf({ normal: 60, nightly: 200 }) },
  );
  expect(pruned).toBeGreaterThan(20);
});

test('every layer and input keeps a neuron', () => {
  fc.assert(
    fc.property(moduleWithWeights, scope, fc.integer(), (module, scope, seed) => {
      const neurons = neuronsOf(module);
      const scores = neuronScores(neurons, new Map(), 'random', seed);
      const gone = chooseNeurons(neurons, scores, { scope, sparsity: 0.999, inputs: true, outputs: true });
      const left = new Set(neurons.homes.filter((_, neuron) => gone[neuron] === 0).flat());
      expect(left).toEqual(new Set(neurons.homes.flat()));
    }),
  );
});

test('compensated biases keep the mean of every output of a layer', () => {
  const random = seededRandom(9);
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [2, 4, 3] }, []);
  for (const kind of ['dense', 'sparse', 'conv'] as const)
    builder.add('output', [makers[kind](builder, x, [2, 4, 3], random)], { name: kind }, []);
  const module = builder.build('layers');
  const samples = samplesOf(module);
  const options = { criterion: 'random', sparsity: 0.6 } as const;
  const means = (pruned: TensorModule) =>
    weightNodes(module).map((node) => {
      const rows = node.attrs.bias.values.length;
      const sums = new Float64Array(rows);
      for (const sample of samples) {
        const value = evaluateAll(pruned, sample)[node.id] ?? new Float64Array();
        for (const [i, y] of value.entries())
          sums[Math.floor((i * rows) / value.length)] = (sums[Math.floor((i * rows) / value.length)] ?? 0) + y;
      }
      return sums;
    });
  const difference = (pruned: TensorModule) => {
    const wanted = means(module);
    return Math.max(
      ...means(pruned).flatMap((sums, k) => [...sums].map((s, i) => Math.abs(s - (wanted[k]?.[i] ?? NaN)))),
    );
  };
  expect(difference(run(module, { ...options, compensate: true }))).toBeLessThan(1e-12);
  expect(difference(run(module, options))).toBeGreaterThan(0.1);
});

test('random depends on the seed alone', () => {
  const module = randomModule(3, 12);
  const options = { criterion: 'random', sparsity: 0.5 } as const;
  const first = weightsOfAll(run(module, { ...options, seed: 1 }));
  expect(weightsOfAll(run(module, { ...options, seed: 1 }))).toEqual(first);
  expect(weightsOfAll(run(module, { ...options, seed: 2 }))).not.toEqual(first);
});

test('keep says how many neurons of a layer or input are left', () => {
  const random = seededRandom(5);
  const module = squaredChain([6, 8, 4], () => random.gaussian());
  const result = run(module, {
    criterion: 'data',
    target: 'neuron',
    keep: [
      { home: 0, neurons: 4 },
      { home: 1, neurons: 3 },
    ],
  });
  const [first = new Float64Array(), second = new Float64Array()] = weightsOfAll(result);
  const rows = new Set([...first.keys()].filter((i) => first[i] !== 0).map((i) => Math.floor(i / 6)));
  const pixels = new Set([...first.keys()].filter((i) => first[i] !== 0).map((i) => i % 6));
  const hidden = new Set([...second.keys()].filter((i) => second[i] !== 0).map((i) => i % 8));
  expect([pixels.size, rows.size, hidden]).toEqual([4, 3, rows]);
});

test('data and error need samples, a neuron another one beside it', () => {
  const module = squaredChain([2, 1, 2], () => 1);
  const refused = (samples: readonly Sample[], options: object) => () =>
    new PassManager(samples).run(prune, module, options);
  expect(refused([], { criterion: 'data' })).toThrow(HepcError);
  expect(refused([], { criterion: 'data' })).toThrow('H342');
  expect(refused([], { compensate: true })).toThrow('H342');
  expect(refused([], { target: 'neuron' })).toThrow('H372');
  expect(() => prune.options.parse({ sparsity: 1 })).toThrow('sparsity');
  expect(() => prune.options.parse({ sparsity: -0.1 })).toThrow('sparsity');
});
