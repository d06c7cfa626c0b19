/** `reconstruct` and what it stands on: batches of activations, normal equations, least squares of every kind of layer. */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { Constant, elementCount, indexConstant, vector } from '../../../../ir/constant.ts';
import { evaluateAll } from '../../../../ir/interpret/tensor.ts';
import { nodeAt } from '../../../../ir/module.ts';
import { type SeededRandom, seededRandom } from '../../../../ir/random.ts';
import { TensorBuilder, type TensorModule } from '../../../../ir/tensor/ops.ts';
import { weightNodes, weightsOf } from '../../../../ir/tensor/weight-layers.ts';
import { PassManager } from '../../../../passes/manager.ts';
import type { Sample } from '../../../../ir/interface.ts';
import { prune } from '../../../../passes/pruning/prune.ts';
import { visitActivations } from '../../../../passes/pruning/statistics/activations.ts';
import {
  joinEquations,
  normalEquations,
  type RowSource,
} from '../../../../passes/pruning/regression/normal-equations.ts';
import { reconstruct } from '../../../../passes/pruning/reconstruct.ts';
import { unpruned } from '../../../../passes/pruning/neurons/zero-weights.ts';
import { seededInputs } from '../../../support/seeded-inputs.ts';
import { makers, seed } from '../../ir/tensor/arbitraries.ts';
import { randomModule } from '../../ir/tensor/graphs.ts';
import { squaredChain, weightEntries } from './networks.ts';
import { casesOf } from '../../../support/setup/suite.ts';

function samplesOf(module: TensorModule, count: number): readonly Sample[] {
  const inputs = seededInputs(module, count);
  return inputs.kind === 'named' ? inputs.samples : [];
}

test('batches hold what the interpreter computes', () => {
  fc.assert(
    fc.property(seed, fc.integer({ min: 1, max: 40 }), (seed, count) => {
      const module = randomModule(seed, 10);
      const samples = samplesOf(module, count);
      const expected = samples.map((sample) => evaluateAll(module, sample));
      let visited = 0;
      visitActivations(module, samples, ({ node, value, first, count: length }) => {
        visited++;
        const n = value.length / length;
        const far = value.findIndex((v, i) => {
          const want = expected[first + Math.floor(i / n)]?.[node.id]?.[i % n] ?? NaN;
          return !(Math.abs(v - want) <= 1e-9 * Math.max(1, Math.abs(want)));
        });
        expect(far, `%${node.id}`).toBe(-1);
      });
      expect(visited).toBe(module.nodes.length);
    }),
  );
});

test('wide values come in several batches, each sample once', () => {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [2] }, []);
  const width = 2 ** 22;
  builder.add('gather', [x], { index: indexConstant([width], new Int32Array(width).fill(1)) }, []);
  const module = builder.build('wide');
  const samples = samplesOf(module, 4);
  const seen: number[] = [];
  visitActivations(module, samples, ({ node, value, count }) => {
    if (node.op === 'gather') for (let s = 0; s < count; s++) seen.push(value[s * width + width - 1] ?? NaN);
  });
  expect(seen).toEqual(samples.map((sample) => sample.get('x')?.[1]));
});

test('a value that is not finite is refused, with its sample', () => {
  const module = squaredChain([1, 1, 1, 1], () => 1e150);
  const samples = [1e-300, 1].map((x) => new Map([['x', Float64Array.of(x)]]));
  expect(() => {
    visitActivations(module, samples, () => undefined);
  }).toThrow('H312');
  expect(() => {
    visitActivations(
      squaredChain([1, 1, 1], () => 1),
      samples,
      () => undefined,
    );
  }).not.toThrow();
});

function rowsOf(matrix: readonly (readonly number[])[]): RowSource {
  return {
    rows: matrix.length,
    columns: matrix[0]?.length ?? 0,
    fill: (block, stride, first, length) => {
      for (let b = 0; b < length; b++)
        for (const [c, v] of (matrix[first + b] ?? []).entries()) block[c * stride + b] = v;
    },
  };
}

const matrices = fc
  .tuple(seed, fc.integer({ min: 1, max: 150 }), fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 5 }))
  .map(([seed, rows, n, m]) => {
    const random = seededRandom(seed);
    const draw = (width: number) =>
      Array.from({ length: rows }, () => Array.from({ length: width }, () => 3 + random.gaussian()));
    return { x: draw(n), t: draw(m) };
  });

function covariances(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number[] {
  const mean = (rows: readonly (readonly number[])[], c: number) =>
    rows.reduce((sum, row) => sum + (row[c] ?? NaN), 0) / rows.length;
  return (a[0] ?? []).flatMap((_, i) =>
    (b[0] ?? []).map((_, j) => {
      const [meanA, meanB] = [mean(a, i), mean(b, j)];
      return a.reduce((sum, row, k) => sum + ((row[i] ?? NaN) - meanA) * ((b[k]?.[j] ?? NaN) - meanB), 0);
    }),
  );
}

function expectClose(actual: Iterable<number>, expected: readonly number[]): void {
  const values = [...actual];
  expect(values).toHaveLength(expected.length);
  for (const [i, want] of expected.entries())
    expect(Math.abs((values[i] ?? NaN) - want)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(want)));
}

test('normal equations, also of two parts', () => {
  fc.assert(
    fc.property(matrices, fc.double({ min: 0, max: 1, noNaN: true }), ({ x, t }, share) => {
      const whole = normalEquations(rowsOf(x), rowsOf(t));
      expectClose(whole.gram, covariances(x, x));
      expectClose(whole.products, covariances(t, x));
      const cut = Math.floor(share * x.length);
      if (cut === 0 || cut === x.length) return;
      const part = normalEquations(rowsOf(x.slice(0, cut)), rowsOf(t.slice(0, cut)));
      const rest = normalEquations(rowsOf(x.slice(cut)), rowsOf(t.slice(cut)));
      const joined = joinEquations(part, rest);
      expectClose(joined.gram, [...whole.gram]);
      expectClose(joined.products, [...whole.products]);
      expectClose(joined.means, [...whole.means]);
      expectClose(joined.targetMeans, [...whole.targetMeans]);
    }),
  );
});

const kinds = ['dense', 'conv', 'sparse'] as const;

/** One layer on an image. */
function layer(kind: (typeof kinds)[number], random: SeededRandom): TensorModule {
  const builder = new TensorBuilder();
  const shape = [2, random.integer(2, 4), 3];
  const x = builder.add('input', [], { name: 'x', shape }, []);
  const y = makers[kind](builder, x, shape, random);
  builder.add('output', [y], { name: 'y' }, []);
  return builder.build(kind);
}

test('what is left over has nothing in common with what the surviving weights read', () => {
  fc.assert(
    fc.property(fc.constantFrom(...kinds), seed, (kind, seed) => {
      const module = layer(kind, seededRandom(seed));
      const samples = samplesOf(module, 60);
      const manager = new PassManager(samples);
      const pruned = manager.run(prune, module, { criterion: 'random', sparsity: 0.6, seed });
      const result = manager.run(reconstruct, pruned, { ridge: 1e-10 });
      const [node] = weightNodes(result);
      const [before] = weightNodes(pruned);
      if (node === undefined || before === undefined) throw new Error('a layer is expected');
      const entries = weightEntries(result, node);
      const weights = weightsOf(node).values;
      const products = new Float64Array(weights.length);
      const sums = new Float64Array(elementCount(node.attrs.bias.shape));
      for (const sample of samples) {
        const [x = new Float64Array(), y = new Float64Array()] = evaluateAll(result, sample);
        const wanted = evaluateAll(module, sample)[node.id];
        for (let row = 0; row < entries.rows; row++) {
          const left = (wanted?.[row] ?? NaN) - (y[row] ?? NaN);
          const unit = Math.floor((row * sums.length) / entries.rows);
          sums[unit] = (sums[unit] ?? 0) + left;
          for (let k = entries.starts[row] ?? 0; k < (entries.starts[row + 1] ?? 0); k++) {
            const i = entries.weight[k] ?? -1;
            products[i] = (products[i] ?? 0) + left * (x[entries.indices[k] ?? -1] ?? NaN);
          }
        }
      }
      for (const [i, product] of products.entries()) if (weights[i] !== 0) expect(Math.abs(product)).toBeLessThan(1e-6);
      for (const sum of sums) expect(Math.abs(sum)).toBeLessThan(1e-6);
      expect([...weights].map((w) => w === 0)).toEqual([...weightsOf(before).values].map((w) => w === 0));
      expect(node.attrs.pruned).toEqual(before.attrs.pruned);
    }),
  );
});

function meanSquareDifference(a: TensorModule, b: TensorModule, samples: readonly Sample[]): number {
  const output = a.nodes.length - 1;
  let sum = 0;
  for (const sample of samples) {
    const [x, y] = [evaluateAll(a, sample)[output], evaluateAll(b, sample)[output]];
    for (const [i, v] of (x ?? []).entries()) sum += (v - (y?.[i] ?? NaN)) ** 2;
  }
  return sum / samples.length;
}

test('a network gets closer to what it was, on samples that it has not seen', () => {
  fc.assert(
    fc.property(seed, (seed) => {
      const random = seededRandom(seed);
      const module = squaredChain([10, 12, 8, 6], () => 0.3 * random.gaussian());
      const samples = samplesOf(module, 400);
      const pruned = new PassManager([]).run(prune, module, { sparsity: 0.4 });
      const manager = new PassManager(samples.slice(0, 200));
      const result = manager.run(reconstruct, pruned, {});
      const fresh = samples.slice(200);
      expect(meanSquareDifference(result, module, fresh)).toBeLessThan(meanSquareDifference(pruned, module, fresh));
      expect(manager.runs[0]?.statistics['layers']).toBe(3);
    }),
    { numRuns: casesOf({ normal: 6, nightly: 20 }) },
  );
});

/** One row that lost half of forty independent elements, which the other half tells nothing about. */
function overfitted(): TensorModule {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [40] }, []);
  const weights = new Constant(
    [1, 40],
    Float64Array.from({ length: 40 }, (_, i) => (i < 20 ? 0 : 0.1)),
  );
  const pruned = new Constant(
    [1, 40],
    Float64Array.from({ length: 40 }, (_, i) => (i < 20 ? 1 : 0)),
  );
  const y = builder.add('dense', [x], { weights, bias: vector([0]), pruned }, []);
  builder.add('output', [y], { name: 'y' }, []);
  return builder.build('overfitted');
}

test('where weights cannot make up for what is gone, few samples do no harm', () => {
  const module = overfitted();
  const samples = samplesOf(module, 500);
  const manager = new PassManager(samples.slice(0, 30));
  const fresh = samples.slice(30);
  const error = (options: { ridge?: number }) =>
    meanSquareDifference(manager.run(reconstruct, module, options), unpruned(module), fresh);
  const before = meanSquareDifference(module, unpruned(module), fresh);
  expect(error({})).toBeLessThan(1.3 * before);
  expect(error({ ridge: 1e-9 })).toBeGreaterThan(1.7 * before);
});

/** Two rows that lost the first element: what is left of the second is dark on all samples but a few. */
function seldomLit(): { readonly module: TensorModule; readonly samples: readonly Sample[] } {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [3] }, []);
  const weights = new Constant([2, 3], Float64Array.of(0, 1, 0, 0, 0, 1));
  const pruned = new Constant([2, 3], Float64Array.of(1, 0, 0, 1, 0, 0));
  const y = builder.add('dense', [x], { weights, bias: vector([0, 0]), pruned }, []);
  builder.add('output', [y], { name: 'y' }, []);
  const random = seededRandom(5);
  const samples = Array.from({ length: 200 }, (_, k): Sample => {
    const lit = k % 40 === 7 ? 1e-4 : 0;
    return new Map([['x', Float64Array.of(random.gaussian(), random.gaussian(), lit)]]);
  });
  return { module: builder.build('seldom-lit'), samples };
}

test('weights of what the samples hardly show do not grow', () => {
  const { module, samples } = seldomLit();
  const manager = new PassManager(samples);
  for (const options of [{}, { ridge: 1e-3 }]) {
    const [node] = weightNodes(manager.run(reconstruct, module, options));
    const values = node === undefined ? [] : [...weightsOf(node).values];
    expect(Math.abs((values[5] ?? NaN) - 1)).toBeLessThan(0.1);
  }
});

test('a row that gains nothing on the samples that are held out keeps its weights', () => {
  // A column by itself in each row: one explains what is gone, the other only seems to.
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [4] }, []);
  const weights = new Constant([2, 4], Float64Array.of(0, 1, 0, 0, 0, 0, 0, 1));
  const pruned = new Constant([2, 4], Float64Array.of(1, 0, 0, 0, 0, 0, 0.1, 0));
  builder.add('output', [builder.add('dense', [x], { weights, bias: vector([0, 0]), pruned }, [])], { name: 'y' }, []);
  const module = builder.build('rows');
  const random = seededRandom(6);
  const samples = Array.from({ length: 100 }, (_, k): Sample => {
    const [a, b] = [random.gaussian(), random.gaussian()];
    // Every fifth sample is held out, where the second pair goes the other way; it is small, so that a ridge is chosen.
    const sign = (k + 1) % 5 === 0 ? -1 : 1;
    return new Map([['x', Float64Array.of(a, 0.9 * a + 0.1 * random.gaussian(), b, sign * b)]]);
  });
  const [node] = weightNodes(new PassManager(samples).run(reconstruct, module, {}));
  const values = node === undefined ? [] : [...weightsOf(node).values];
  expect(values[1]).toBeGreaterThan(1.5);
  expect(values[7]).toBe(1);
});

test('a layer that computes what it did stays to the last bit', () => {
  const random = seededRandom(8);
  const module = squaredChain([6, 5, 4], () => random.gaussian());
  const samples = samplesOf(module, 30);
  const pruned = new PassManager([]).run(prune, module, { target: 'neuron', sparsity: 0.2 });
  const second = weightNodes(module)[1]?.id ?? -1;
  const result = new PassManager(samples).run(reconstruct, pruned, {});
  expect(nodeAt(result, second)).not.toEqual(nodeAt(pruned, second));
  const [first] = weightNodes(result);
  const gone = [...(first?.attrs.pruned?.values ?? [])].map((w) => w !== 0);
  const before = weightNodes(module)[0];
  for (const [i, w] of (first === undefined ? [] : weightsOf(first).values).entries())
    expect(w).toBe(gone[i] === true ? 0 : before && weightsOf(before).values[i]);
});

test('with a reference, biases and weights that moved on the way do not matter', () => {
  const random = seededRandom(4);
  const module = squaredChain([8, 6, 3], () => 0.4 * random.gaussian());
  const samples = samplesOf(module, 100);
  const manager = new PassManager(samples, {}, { reference: module });
  const plain = manager.run(reconstruct, manager.run(prune, module, { sparsity: 0.4 }), { ridge: 1e-9 });
  const moved = manager.run(prune, module, { sparsity: 0.4, compensate: true });
  const result = manager.run(reconstruct, moved, { ridge: 1e-9 });
  expect(meanSquareDifference(result, plain, samples)).toBeLessThan(1e-12);
  const without = new PassManager(samples).run(reconstruct, moved, { ridge: 1e-9 });
  expect(meanSquareDifference(without, plain, samples)).toBeGreaterThan(1e-6);
});

test('without samples it is refused, without anything pruned it does nothing', () => {
  const module = squaredChain([2, 3, 1], () => 1);
  const manager = new PassManager([]);
  expect(manager.run(reconstruct, module, {})).toBe(module);
  const pruned = manager.run(prune, module, { sparsity: 0.5 });
  expect(() => manager.run(reconstruct, pruned, {})).toThrow('H342');
});
