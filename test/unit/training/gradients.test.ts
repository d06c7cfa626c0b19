/** Gradients of the graphs against central differences of the reference interpreter, in double precision. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Constant, elementCount, indexConstant, vector } from '../../../ir/constant.ts';
import { TensorInterpreter } from '../../../ir/interpret/tensor.ts';
import type { ValueId } from '../../../ir/op.ts';
import { seededRandom, type SeededRandom } from '../../../ir/random.ts';
import { activationDomain } from '../../../ir/interpret/activations.ts';
import { activationKinds, TensorBuilder, type TensorModule } from '../../../ir/tensor/ops.ts';
import { replaceWeights, weightNodes, weightsOf } from '../../../ir/tensor/weight-layers.ts';
import { GraphWriter } from '../../../training/onnx/graph-writer.ts';
import {
  emitGradientGraph,
  emitTrainedForward,
  type LossKind,
  outputElements,
} from '../../../training/gradients/gradient-graph.ts';
import { parametersOf, parameterValues } from '../../../training/gradients/parameters.ts';
import { GraphSession } from '../../../training/session.ts';
import { arbitraryNetwork } from '../../support/arbitrary-networks.ts';
import { casesOf } from '../../support/setup/suite.ts';

const samples = 3;
const step = 1e-5;
/** Of the largest gradient; single precision, through several layers. */
const tolerance = 1e-3;

interface Batch {
  readonly inputs: readonly Float64Array[];
  readonly targets: readonly Float64Array[];
}

function batchFor(module: TensorModule, kind: LossKind, random: SeededRandom): Batch {
  const [input] = module.nodes;
  const size = elementCount(input?.type ?? []);
  const outputs = outputElements(module);
  const draw = (n: number) => Float64Array.from({ length: n }, () => Math.fround(2 * random.uniform() - 1));
  const oneHot = () => {
    const row = new Float64Array(outputs);
    row[random.integer(0, outputs - 1)] = 1;
    return row;
  };
  return {
    inputs: Array.from({ length: samples }, () => draw(size)),
    targets: Array.from({ length: samples }, () => (kind === 'cross-entropy' ? oneHot() : draw(outputs))),
  };
}

/** The loss, in double precision and by another way than the graph. */
function referenceLoss(module: TensorModule, { inputs, targets }: Batch, kind: LossKind): number {
  const interpreter = new TensorInterpreter(module);
  const name = module.nodes.find((node) => node.op === 'input')?.attrs.name ?? '';
  const losses = inputs.map((input, i) => {
    const y = [...interpreter.evaluate(new Map([[name, input]])).values()].flatMap((output) => [...output]);
    const target = targets[i] ?? new Float64Array();
    if (kind === 'mean-square') return y.reduce((sum, v, k) => sum + (v - (target[k] ?? 0)) ** 2, 0) / y.length;
    const largest = Math.max(...y);
    const logarithm = largest + Math.log(y.reduce((sum, v) => sum + Math.exp(v - largest), 0));
    return y.reduce((sum, v, k) => sum + (target[k] ?? 0) * (logarithm - v), 0);
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / samples;
}

/** By layer and part: the derivative of `referenceLoss` by each parameter. */
function differences(module: TensorModule, batch: Batch, kind: LossKind): Map<string, Float64Array> {
  const all = new Map<string, Float64Array>();
  for (const node of weightNodes(module)) {
    for (const part of ['weights', 'bias'] as const) {
      const values = part === 'weights' ? weightsOf(node).values : node.attrs.bias.values;
      const moved = (i: number, by: number) => {
        const changed = values.map((value, k) => (k === i ? value + by : value));
        return referenceLoss(replaceWeights(module, new Map([[node.id, { [part]: changed }]])), batch, kind);
      };
      all.set(
        `%${node.id}.${part}`,
        values.map((_, i) => (moved(i, step) - moved(i, -step)) / (2 * step)),
      );
    }
  }
  return all;
}

async function graphGradients(module: TensorModule, { inputs, targets }: Batch, kind: LossKind) {
  const graph = new GraphWriter();
  const parameters = parametersOf(module);
  const values = parameterValues(module);
  const [input] = module.nodes;
  const shape = [samples, ...(input?.type ?? [])];
  const outputs = outputElements(module);
  graph.input('x', shape);
  graph.input('target', [samples, outputs]);
  for (const parameter of parameters) graph.input(parameter.name, parameter.shape);
  const forward = emitTrainedForward(graph, module, 'x');
  const { loss, gradients } = emitGradientGraph(graph, module, forward, 'target', kind, samples);
  graph.output(loss, []);
  for (const { name, shape: extents } of parameters) {
    const gradient = gradients.get(name);
    if (gradient !== undefined) graph.output(gradient, extents);
  }
  const session = await GraphSession.load(graph.modelBytes('gradients'));
  try {
    const feeds = new Map([
      ['x', { shape, data: Float32Array.from(inputs.flatMap((row) => [...row])) }],
      ['target', { shape: [samples, outputs], data: Float32Array.from(targets.flatMap((row) => [...row])) }],
      ...parameters.map(({ name, shape: extents }) => {
        return [name, { shape: extents, data: values.get(name) ?? new Float32Array() }] as const;
      }),
    ]);
    const results = await session.run(feeds);
    const found = new Map([...gradients].map(([name, value]) => [name, results.get(value) ?? new Float32Array()]));
    return { loss: results.get(loss)?.[0] ?? NaN, gradients: found };
  } finally {
    await session.close();
  }
}

async function expectGradients(module: TensorModule, kind: LossKind, seed: number): Promise<void> {
  const batch = batchFor(module, kind, seededRandom(seed));
  const expected = differences(module, batch, kind);
  const { loss, gradients } = await graphGradients(module, batch, kind);
  const reference = referenceLoss(module, batch, kind);
  expect(Math.abs(loss - reference)).toBeLessThanOrEqual(1e-5 * Math.max(1, reference));
  const largest = [...expected.values()]
    .flatMap((array) => [...array])
    .reduce((most, g) => Math.max(most, Math.abs(g)), 1);
  for (const [name, values] of expected) {
    const got = gradients.get(name) ?? new Float32Array(values.length);
    expect(got.length, name).toBe(values.length);
    const worst = values.reduce((most, g, i) => Math.max(most, Math.abs(g - (got[i] ?? NaN))), 0);
    expect(worst / largest, `${name}: ${String(got.slice(0, 6))} for ${String(values.slice(0, 6))}`).toBeLessThan(
      tolerance,
    );
  }
}

/** Weights that single precision holds exactly. */
function drawn(random: SeededRandom, shape: readonly number[]): Constant {
  const data = Float64Array.from({ length: elementCount(shape) }, () => Math.fround(2 * random.uniform() - 1));
  return new Constant(shape, data);
}

/** A dense layer, something elementwise or linear, and another layer that reads all of it. */
function around(
  shape: readonly number[],
  random: SeededRandom,
  append: (builder: TensorBuilder, x: ValueId) => ValueId,
): TensorModule {
  const builder = new TensorBuilder();
  const n = elementCount(shape);
  const x = builder.add('input', [], { name: 'x', shape: [4] }, []);
  const dense = builder.add('dense', [x], { weights: drawn(random, [n, 4]), bias: drawn(random, [n]) }, []);
  const identity = indexConstant(
    shape,
    Int32Array.from({ length: n }, (_, i) => i),
  );
  const y = append(builder, builder.add('gather', [dense], { index: identity }, []));
  const m = elementCount(builder.typeOf(y));
  const out = builder.add('dense', [y], { weights: drawn(random, [2, m]), bias: drawn(random, [2]) }, []);
  builder.add('output', [out], { name: 'y' }, []);
  return builder.build('test');
}

describe('gradients equal central differences', () => {
  const ofOneInput = arbitraryNetwork.filter(({ nodes }) => {
    const inputs = nodes.filter(({ op }) => op === 'input');
    const weights = nodes.reduce(
      (sum, node) => sum + ('weights' in node.attrs ? node.attrs.weights.data.length : 0),
      0,
    );
    return inputs.length === 1 && weights > 0 && weights < 400;
  });

  test('of random networks', async () => {
    await fc.assert(
      fc.asyncProperty(ofOneInput, fc.constantFrom('mean-square', 'cross-entropy'), fc.nat(), expectGradients),
      { numRuns: casesOf({ normal: 12, nightly: 40 }) },
    );
  }, 120_000);

  const parameters: Partial<Record<(typeof activationKinds)[number], number[]>> = {
    'leaky-relu': [0.1],
    prelu: [0.2, -0.5],
    elu: [1.5],
    clip: [-0.4, 0.7],
    'hard-sigmoid': [0.3, 0.4],
    power: [1.7],
  };

  /** Within the domain of every function, but for those that begin at one. */
  const operandOf = (builder: TensorBuilder, x: number, kind: (typeof activationKinds)[number]): number => {
    if (activationDomain({ kind, parameters: parameters[kind] ?? [] }, 0.5) === undefined && kind !== 'acosh') return x;
    const between = builder.add('activation', [x], { kind: 'sigmoid', parameters: [] }, []);
    const [factors, offsets] = [vector(Float64Array.of(0.8)), vector(Float64Array.of(kind === 'acosh' ? 1.3 : 0.1))];
    return builder.add('scale-shift', [between], { factors, offsets }, []);
  };

  test.each(activationKinds)('of %s', async (kind) => {
    const module = around([2, 3], seededRandom(5), (builder, x) =>
      builder.add('activation', [operandOf(builder, x, kind)], { kind, parameters: parameters[kind] ?? [] }, []),
    );
    await expectGradients(module, 'mean-square', 3);
  });

  test.each(['power', 'chebyshev'] as const)('of polynomials in the basis %s', async (basis) => {
    const random = seededRandom(6);
    for (const terms of [1, 2, 3, 4, 6]) {
      for (const sets of [1, 2]) {
        const attrs = { basis, coefficients: drawn(random, [sets, terms]), center: 0.25, halfWidth: 2 };
        const module = around([2, 3], random, (builder, x) => builder.add('polynomial', [x], attrs, []));
        await expectGradients(module, 'mean-square', terms);
      }
    }
  });

  test.each([
    ['that reads each element once, in part', [5, -1, 0, 3]],
    ['that reads elements several times', [1, 1, -1, 4, 0, 1]],
  ])('of a gather %s', async (_, index) => {
    const module = around([2, 3], seededRandom(7), (builder, x) =>
      builder.add('gather', [x], { index: indexConstant([index.length], index) }, []),
    );
    await expectGradients(module, 'mean-square', 2);
  });

  test('of convolutions with strides, pads, dilations and groups', async () => {
    const axis = fc.record({
      extent: fc.integer({ min: 1, max: 7 }),
      kernel: fc.integer({ min: 1, max: 3 }),
      stride: fc.integer({ min: 1, max: 3 }),
      dilation: fc.integer({ min: 1, max: 3 }),
      begin: fc.nat(2),
      end: fc.nat(2),
    });
    const fits = (a: { extent: number; kernel: number; dilation: number; begin: number; end: number }) =>
      a.dilation * (a.kernel - 1) + 1 <= a.extent + a.begin + a.end;
    const geometry = fc.record({
      axes: fc.array(axis.filter(fits), { minLength: 1, maxLength: 2 }),
      groups: fc.integer({ min: 1, max: 3 }),
      perGroup: fc.integer({ min: 1, max: 2 }),
      outputsPerGroup: fc.integer({ min: 1, max: 2 }),
      seed: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(geometry, async ({ axes, groups, perGroup, outputsPerGroup, seed }) => {
        const random = seededRandom(seed);
        const outputs = groups * outputsPerGroup;
        const module = around([groups * perGroup, ...axes.map(({ extent }) => extent)], random, (builder, x) => {
          const attrs = {
            weights: drawn(random, [outputs, perGroup, ...axes.map(({ kernel }) => kernel)]),
            bias: drawn(random, [outputs]),
            strides: axes.map(({ stride }) => stride),
            pads: [...axes.map(({ begin }) => begin), ...axes.map(({ end }) => end)],
            dilations: axes.map(({ dilation }) => dilation),
            groups,
          };
          return builder.add('conv', [x], attrs, []);
        });
        await expectGradients(module, 'mean-square', seed);
      }),
      { numRuns: casesOf({ normal: 12, nightly: 40 }) },
    );
  }, 120_000);

  test('of outputs that the client puts together, with constants', async () => {
    const random = seededRandom(2);
    const builder = new TensorBuilder();
    const x = builder.add('input', [], { name: 'x', shape: [3] }, []);
    const y = builder.add('dense', [x], { weights: drawn(random, [3, 3]), bias: drawn(random, [3]) }, []);
    const index = indexConstant([2, 2], [2, -1, 0, 2]);
    const constants = new Constant([2, 2], Float64Array.of(9, 0.5, 9, 9));
    builder.add('output', [y], { name: 'y', index, constants }, []);
    await expectGradients(builder.build('test'), 'mean-square', 1);
  });

  test('of a sparse layer with rows of several entries and of one', async () => {
    const module = around([3], seededRandom(4), (builder, x) => {
      const attrs = {
        starts: indexConstant([3], [0, 3, 4]),
        columns: indexConstant([4], [0, 1, 2, 1]),
        values: vector([0.5, -0.25, 0.75, 1]),
        bias: vector([0.5, -0.5]),
        shape: [1, 2],
      };
      return builder.add('sparse', [x], attrs, []);
    });
    await expectGradients(module, 'mean-square', 6);
  });
});
