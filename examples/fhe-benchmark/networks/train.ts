/**
 * Trains the networks on MNIST's training images and writes them beside this file, as they are committed: the one with
 * ReLU on labels, then the one with squares on labels and on what the first says.
 *
 *   node networks/train.ts
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readMnist } from '../../../bench/mnist.ts';
import { importOnnx } from '../../../compiler/onnx/import.ts';
import type { TensorModule } from '../../../ir/tensor/ops.ts';
import { replaceWeights } from '../../../ir/tensor/weight-layers.ts';
import { exportModule } from '../../../training/onnx/export-module.ts';
import { createTrainer } from '../../../training/trainer.ts';
import { initialNetwork, networkNames } from './networks.ts';

const settings = { batch: 64, learningRate: 1e-3, seed: 42, validation: 0.1, patience: 15 };
const epochs = 12;

const trainer = createTrainer();
/** The network that is trained first teaches the other, whose squares overfit labels alone. */
let teacher: TensorModule | undefined;
const training = readMnist('train');
const test = readMnist('t10k');
for (const name of networkNames) {
  const imported = importOnnx({
    bytes: initialNetwork(name),
    fileName: `${name}.onnx`,
    readExternal: () => undefined,
  });
  const data = { inputs: training.images, count: training.count, labels: Int32Array.from(training.labels) };
  const layers = await trainer.train(imported.module, data, {
    ...settings,
    epochs,
    loss: { kind: 'labels', ...(teacher === undefined ? {} : { teacher }) },
    onEpoch: ({ epoch, trainingLoss, validationLoss }) => {
      process.stderr.write(`${name} ${epoch}/${epochs}: ${trainingLoss.toFixed(4)}, ${validationLoss.toFixed(4)}\n`);
    },
  });
  const trained = replaceWeights(imported.module, layers);
  teacher ??= trained;
  const held = { inputs: test.images, count: test.count, labels: Int32Array.from(test.labels) };
  const { accuracy = 0 } = await trainer.evaluate(trained, held, { kind: 'labels' });
  process.stdout.write(`${name}: ${(100 * accuracy).toFixed(2)} % of ${test.count} test images\n`);
  writeFileSync(join(import.meta.dirname, `${name}.onnx`), exportModule(trained, imported));
}
