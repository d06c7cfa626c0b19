/** Training: losses fall, zeros stay, the same arguments give the same weights, and what cannot work is said. */
import { describe, expect, test } from 'vitest';

import { importOnnx } from '../../../compiler/onnx/import.ts';
import { Constant, elementCount, vector } from '../../../ir/constant.ts';
import { evaluateTensor } from '../../../ir/interpret/tensor.ts';
import { seededRandom } from '../../../ir/random.ts';
import { TensorBuilder, type TensorModule } from '../../../ir/tensor/ops.ts';
import type { TrainingData, TrainingOptions } from '../../../ir/tensor/trainer.ts';
import { replaceWeights, weightNodes, weightsOf } from '../../../ir/tensor/weight-layers.ts';
import { parametersOf } from '../../../training/gradients/parameters.ts';
import { StepRunner } from '../../../training/step-runner.ts';
import { createTrainer } from '../../../training/trainer.ts';
import { mnistImages, modelBytes } from '../../support/mnist.ts';

const trainer = createTrainer();
const images = mnistImages().map((sample) => sample.get('input') ?? new Float64Array());
const inputs = Float32Array.from(images.flatMap((image) => [...image]));
const data: TrainingData = { inputs, count: images.length };

const defaults: TrainingOptions = {
  loss: { kind: 'reconstruction' },
  epochs: 6,
  batch: 32,
  learningRate: 3e-3,
  seed: 1,
  validation: 0.125,
  patience: 10,
};

function exampleModel(name: string): TensorModule {
  return importOnnx({ bytes: modelBytes(name), fileName: name, readExternal: () => undefined }).module;
}

/** Without half of its weights. */
function halfPruned(module: TensorModule): TensorModule {
  const random = seededRandom(3);
  const layers = weightNodes(module).map((node) => {
    const weights = weightsOf(node).values.map((w) => (random.uniform() < 0.5 ? 0 : w));
    return [node.id, { weights }] as const;
  });
  return replaceWeights(module, new Map(layers));
}

/** One dense layer from `n` to `m` elements, with weights that single precision holds. */
function layer(n: number, m: number, weights: readonly number[]): TensorModule {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [n] }, []);
  const matrix = new Constant([m, n], Float64Array.from(weights));
  const y = builder.add('dense', [x], { weights: matrix, bias: vector(new Float64Array(m)) }, []);
  builder.add('output', [y], { name: 'y' }, []);
  return builder.build('layer');
}

describe('training', () => {
  const original = exampleModel('ae-784-64-784');
  const pruned = halfPruned(original);

  test('makes the reconstruction of a pruned autoencoder better, and leaves zeros what they are', async () => {
    const before = await trainer.evaluate(pruned, data, { kind: 'reconstruction' });
    const layers = await trainer.train(pruned, data, defaults);
    const after = await trainer.evaluate(replaceWeights(pruned, layers), data, { kind: 'reconstruction' });
    expect(after.meanSquareError).toBeLessThan(0.8 * (before.meanSquareError ?? 0));
    for (const node of weightNodes(pruned)) {
      const trained = layers.get(node.id);
      const mask = weightsOf(node).values.map((w) => Number(w === 0));
      expect(trained?.weights.map((w, i) => (mask[i] === 1 ? w : 0)).every((w) => Object.is(w, 0))).toBe(true);
      expect(trained?.weights.filter((w) => w === 0).length).toBe(mask.filter((m) => m === 1).length);
      expect(trained?.bias).not.toEqual(node.attrs.bias.values);
    }
  });

  test('brings a pruned model nearer to its teacher', async () => {
    const loss = { kind: 'distillation', teacher: original } as const;
    const before = await trainer.evaluate(pruned, data, loss);
    const layers = await trainer.train(pruned, data, { ...defaults, loss });
    const after = await trainer.evaluate(replaceWeights(pruned, layers), data, loss);
    expect(after.meanSquareError).toBeLessThan(0.8 * (before.meanSquareError ?? 0));
    expect((await trainer.evaluate(original, data, loss)).meanSquareError).toBe(0);
  });

  test.each(['mlp-784-128-128-10', 'cryptonets'])('teaches labels to %s', async (name) => {
    const module = halfPruned(exampleModel(name));
    // The labels that the whole model gives.
    const whole = exampleModel(name);
    const classes = images.map((input) => {
      const [scores = new Float64Array()] = evaluateTensor(whole, new Map([['input', input]])).values();
      return scores.indexOf(Math.max(...scores));
    });
    const labelled = { ...data, labels: Int32Array.from(classes) };
    const loss = { kind: 'labels' } as const;
    const before = await trainer.evaluate(module, labelled, loss);
    const layers = await trainer.train(module, labelled, { ...defaults, loss, epochs: 4 });
    const after = await trainer.evaluate(replaceWeights(module, layers), labelled, loss);
    expect(after.crossEntropy).toBeLessThan(before.crossEntropy ?? 0);
    expect(after.accuracy).toBeGreaterThanOrEqual(before.accuracy ?? 1);
  });

  test('by labels with a teacher ends between the label and what the teacher says at temperature 2', async () => {
    const teacher = layer(1, 2, [3, 1]);
    const one = { inputs: new Float32Array(64).fill(1), count: 64, labels: new Int32Array(64).fill(1) };
    const student = layer(1, 2, [0.25, -0.25]);
    const options = { ...defaults, loss: { kind: 'labels', teacher }, epochs: 300, learningRate: 0.05 } as const;
    const trained = replaceWeights(student, await trainer.train(student, one, { ...options, validation: 0 }));
    const [a = NaN, b = NaN] =
      evaluateTensor(trained, new Map([['x', Float64Array.of(1)]])).get('y') ?? new Float64Array();
    const soft = 1 / (1 + Math.exp((3 - 1) / 2));
    expect(1 / (1 + Math.exp(a - b))).toBeCloseTo((1 + soft) / 2, 3);
  });

  test('is deterministic, and depends on the seed', async () => {
    const [a, b, c] = [
      await trainer.train(pruned, data, defaults),
      await trainer.train(pruned, data, defaults),
      await trainer.train(pruned, data, { ...defaults, seed: 2 }),
    ];
    expect(b).toEqual(a);
    expect(c).not.toEqual(a);
  });

  test('returns the weights with the least loss on the held-out share, and ends when that grows', async () => {
    // Eight samples are learned by heart.
    const random = seededRandom(1);
    const few: TrainingData = {
      inputs: Float32Array.from({ length: 16 * 16 }, () => 2 * random.uniform() - 1),
      count: 16,
      labels: Int32Array.from({ length: 16 }, () => random.integer(0, 1)),
    };
    const module = layer(
      16,
      2,
      Array.from({ length: 32 }, () => Math.fround(random.gaussian() / 8)),
    );
    const losses: number[] = [];
    const options: TrainingOptions = {
      ...defaults,
      loss: { kind: 'labels' },
      epochs: 400,
      batch: 8,
      learningRate: 0.1,
      validation: 0.5,
      patience: 5,
      onEpoch: ({ validationLoss }) => losses.push(validationLoss),
    };
    const stopped = await trainer.train(module, few, options);
    expect(losses.length).toBeLessThan(400);
    const least = losses.indexOf(Math.min(...losses)) + 1;
    const best = Math.max(least, losses.length - 5);
    expect(losses.length - best).toBe(5);
    const alone = await trainer.train(module, few, { ...options, validation: 0 });
    expect(alone).not.toEqual(stopped);
  });
});

describe('Adam', () => {
  test('takes the steps of the paper on centred weights, with a learning rate that rises and falls by a cosine', async () => {
    const module = layer(2, 1, [0.5, -0.25]);
    const [parameter] = parametersOf(module);
    const x = [
      [1, -2],
      [3, 0.5],
    ];
    const target = [0.75, -1];
    const schedule = { learningRate: 0.01, steps: 40 };
    const runner = await StepRunner.load(module, { batch: 2, loss: 'mean-square', reconstructs: false });
    // Textbook form, in double precision: the weights, and what is added to them at the mean of the batch.
    const mean = [2, -0.75];
    const w = Float64Array.of(0.5, -0.25, 0.5 * 2 + 0.25 * 0.75);
    const [m, v] = [new Float64Array(3), new Float64Array(3)];
    try {
      for (const steps of [10, 12, 18]) {
        const inputsOfSteps = Float32Array.from({ length: 4 * steps }, (_, i) => x.flat()[i % 4] ?? 0);
        const targets = Float32Array.from({ length: 2 * steps }, (_, i) => target[i % 2] ?? 0);
        await runner.run({ steps, inputs: inputsOfSteps, targets }, schedule);
      }
      for (let t = 1; t <= 40; t++) {
        const rise = Math.min(1, t / 4);
        const rate = (rise * schedule.learningRate * (1 + Math.cos((Math.PI * (t - 1)) / 40))) / 2;
        const centred = x.map((row) => [...row.map((value, i) => value - (mean[i] ?? 0)), 1]);
        const errors = centred.map((row, k) =>
          row.reduce((sum, value, i) => sum + value * (w[i] ?? 0), -(target[k] ?? 0)),
        );
        for (let i = 0; i < 3; i++) {
          const g = errors.reduce((sum, error, k) => sum + error * (centred[k]?.[i] ?? 0), 0);
          m[i] = 0.9 * (m[i] ?? 0) + 0.1 * g;
          v[i] = 0.99 * (v[i] ?? 0) + 0.01 * g * g;
        }
        for (let i = 0; i < 3; i++) {
          const corrected = (m[i] ?? 0) / (1 - 0.9 ** t);
          w[i] = (w[i] ?? 0) - (rate * corrected) / (Math.sqrt((v[i] ?? 0) / (1 - 0.99 ** t)) + 1e-8);
        }
      }
      const trained = runner.values.get(parameter?.name ?? '') ?? [];
      expect(trained[0]).toBeCloseTo(w[0] ?? NaN, 5);
      expect(trained[1]).toBeCloseTo(w[1] ?? NaN, 5);
    } finally {
      await runner.close();
    }
  });
});

describe('what cannot be trained is refused', () => {
  const module = exampleModel('ae-784-64-784');
  const classes = elementCount([784]);

  test('a loss that is no number any more', async () => {
    const options = { ...defaults, learningRate: 1e30 };
    await expect(trainer.train(module, data, options)).rejects.toThrow(
      /H368.*learning rate of 1e\+30[^]*lower the learning rate/,
    );
    await expect(
      trainer.train(module, data, { ...options, learningRate: 1e39, batch: 256, epochs: 1, validation: 0 }),
    ).rejects.toThrow('H368');
  });

  test('labels that are missing or no output', async () => {
    const loss = { kind: 'labels' } as const;
    await expect(trainer.train(module, data, { ...defaults, loss })).rejects.toThrow('H367');
    const labels = new Int32Array(data.count);
    labels[7] = classes;
    await expect(trainer.evaluate(module, { ...data, labels }, loss)).rejects.toThrow(/label 784 of sample 7/);
  });

  test('outputs that are compared with something else', async () => {
    const small = layer(784, 2, new Array<number>(1568).fill(0.5));
    await expect(trainer.evaluate(small, data, { kind: 'reconstruction' })).rejects.toThrow(
      /2 outputs, the input has 784/,
    );
    const loss = { kind: 'distillation', teacher: module } as const;
    await expect(trainer.train(small, data, { ...defaults, loss })).rejects.toThrow(/2 outputs, the teacher has 784/);
    const taught = { kind: 'labels', teacher: module } as const;
    const labelled = { ...data, labels: new Int32Array(data.count) };
    await expect(trainer.train(small, labelled, { ...defaults, loss: taught })).rejects.toThrow(
      /2 outputs, the teacher has 784/,
    );
  });

  test('several inputs, and no samples', async () => {
    const builder = new TensorBuilder();
    const [x, y] = ['x', 'y'].map((name) => builder.add('input', [], { name, shape: [2] }, []));
    builder.add('output', [builder.add('add', [x ?? 0, y ?? 0], {}, [])], { name: 'z' }, []);
    const labels = new Int32Array(1);
    const one = { inputs: new Float32Array(2), count: 1, labels };
    await expect(trainer.evaluate(builder.build('sum'), one, { kind: 'labels' })).rejects.toThrow('H370');
    const nothing = { inputs: new Float32Array(), count: 0 };
    await expect(trainer.train(module, nothing, defaults)).rejects.toThrow('H365');
  });
});
