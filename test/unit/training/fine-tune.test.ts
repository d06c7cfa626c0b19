/** The pass: what it makes of samples and labels, and what it reports where it cannot train. */
import { describe, expect, test } from 'vitest';

import { Constant, vector } from '../../../ir/constant.ts';
import { seededRandom } from '../../../ir/random.ts';
import { TensorBuilder, type TensorModule } from '../../../ir/tensor/ops.ts';
import type { Trainer } from '../../../ir/tensor/trainer.ts';
import { weightNodes, weightsOf } from '../../../ir/tensor/weight-layers.ts';
import { fineTune } from '../../../passes/pruning/fine-tune.ts';
import { PassManager } from '../../../passes/manager.ts';
import type { Sample } from '../../../ir/interface.ts';
import { createTrainer } from '../../../training/trainer.ts';

/** Two classes by the sign of x0 + x1; the second row of the layer is pruned. */
function classifier(): TensorModule {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [2] }, []);
  const weights = new Constant([2, 2], Float64Array.of(0.5, -0.5, 0, 0));
  const pruned = new Constant([2, 2], Float64Array.of(0, 0, 1, 0));
  const y = builder.add('dense', [x], { weights, bias: vector([0, 0]), pruned }, []);
  builder.add('output', [y], { name: 'y' }, []);
  return builder.build('classifier');
}

function samplesAndLabels(count: number): { samples: Sample[]; labels: Int32Array } {
  const random = seededRandom(9);
  const points = Array.from({ length: count }, () =>
    Float64Array.of(2 * random.uniform() - 1, 2 * random.uniform() - 1),
  );
  return {
    samples: points.map((point) => new Map([['x', point]])),
    labels: Int32Array.from(points, ([a = 0, b = 0]) => Number(a + b > 0)),
  };
}

describe('fine-tune', () => {
  const { samples, labels } = samplesAndLabels(200);

  test('learns by labels with what was not pruned', async () => {
    const manager = new PassManager(samples, {}, { labels, trainer: createTrainer() });
    const options = { loss: 'labels', epochs: 30, batch: 20, learningRate: 0.05 } as const;
    const module = await manager.train(fineTune, classifier(), options);
    const [layer] = weightNodes(module);
    const [a = 0, b = 0, c, d] = layer === undefined ? [] : weightsOf(layer).values;
    expect([c, d]).toEqual([0, 0]);
    // The first class is where the sum is negative.
    expect(Math.max(a, b)).toBeLessThan(-0.5);
    expect(layer?.attrs.pruned?.values).toEqual(Float64Array.of(0, 0, 1, 0));
    expect(manager.runs[0]?.statistics).toMatchObject({ epochs: 30, trained: 2 });
  });

  test('distils the module with everything put back', async () => {
    const asked: unknown[] = [];
    const trainer: Trainer = {
      ...createTrainer(),
      train: (_, data, { loss }) => {
        asked.push(data, loss);
        return Promise.resolve(new Map());
      },
    };
    await new PassManager(samples, {}, { trainer }).train(fineTune, classifier(), {});
    const [data, loss] = asked;
    expect(data).toEqual({ inputs: Float32Array.from(samples.flatMap((s) => [...(s.get('x') ?? [])])), count: 200 });
    const { teacher } = loss as { teacher: TensorModule };
    const [layer] = weightNodes(teacher);
    expect(layer && weightsOf(layer).values).toEqual(Float64Array.of(0.5, -0.5, 1, 0));
  });

  test('reports what is missing', async () => {
    const trainer = createTrainer();
    const run = (
      given: readonly Sample[],
      training: { trainer?: Trainer; labels?: Int32Array },
      loss: 'labels' | 'distillation',
    ) => new PassManager(given, {}, training).train(fineTune, classifier(), { loss });
    await expect(run([], {}, 'distillation')).rejects.toThrow(/H366[^]*H342/);
    await expect(run(samples, { trainer }, 'labels')).rejects.toThrow('H367');
    await expect(run(samples, { trainer, labels: labels.map((label) => label + 1) }, 'labels')).rejects.toThrow(
      /label 2 of sample \d+ is outside of 0 to 1/,
    );
  });
});
