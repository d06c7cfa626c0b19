/** Models and goals that HE-PEx is measured in. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CompileOptions } from '../../compiler/settings.ts';
import { importOnnx } from '../../compiler/onnx/import.ts';
import type { EngineName } from '../../ir/plan/plan.ts';
import type { TensorModule } from '../../ir/tensor/ops.ts';
import type { Evaluation, Trainer, TrainingData } from '../../ir/tensor/trainer.ts';
import type { Sample } from '../../ir/interface.ts';
import { PruningSession } from '../../pruning/session.ts';
import type { LabelledSamples } from '../../pruning/training-set.ts';
import { createTrainer } from '../../training/trainer.ts';
import { readMnist } from '../mnist.ts';

export type ModelName =
  'ae-784-64-784' | 'ae-784-128-32-128-784' | 'ae-784-256-64-256-784' | 'mlp-784-128-128-10' | 'cryptonets';

export function isClassifier(name: ModelName): boolean {
  return name === 'mlp-784-128-128-10' || name === 'cryptonets';
}

/** What ended lowest of a few that were tried, for autoencoders and for classifiers. */
export function learningRateOf(name: ModelName): number {
  return isClassifier(name) ? 6e-3 : 4e-3;
}

/** Of a few epochs after a closed form: a larger one undoes more of it than they win back. */
export function shortLearningRateOf(name: ModelName): number {
  return isClassifier(name) ? 2e-3 : 4e-3;
}

export interface Setting {
  readonly name: ModelName;
  /** Whose costs plans are searched by. */
  readonly engine: EngineName;
  readonly compile: Omit<CompileOptions, 'samples' | 'costs'>;
  readonly learningRate: number;
}

export interface Bench {
  readonly setting: Setting;
  readonly session: PruningSession;
  readonly trainer: Trainer;
  /** Accuracy, or mean-square error, on the 10,000 test images. */
  readonly test: (module: TensorModule) => Promise<number>;
}

/** Seed of everything random. */
const seed = 1;

export async function openBench(setting: Setting): Promise<Bench> {
  const { name, engine, compile, learningRate } = setting;
  const bytes = readFileSync(join(import.meta.dirname, '..', '..', 'examples', 'models', `${name}.onnx`));
  const model = importOnnx({ bytes, fileName: `${name}.onnx`, readExternal: () => undefined });
  const trainer = createTrainer();
  const { count, images, labels } = readMnist('train');
  const samples = Array.from({ length: count }, (_, k): Sample => new Map([['input', imageAt(images, k)]]));
  const session = await PruningSession.begin(model, {
    samples,
    labels: isClassifier(name) ? Array.from(labels) : undefined,
    heldOut: selection(isClassifier(name)),
    policy: 'auto',
    seed,
    learningRate,
    // Labels alone of images that the model knows by heart teach it nothing more.
    recoverBy: 'both',
    trainer,
    compile: { ...compile, engine },
    onStep: (step) => process.stderr.write(`${name}: ${step}\n`),
  });
  const data = testData(isClassifier(name));
  const test = async (module: TensorModule): Promise<number> => {
    const evaluation: Evaluation = await trainer.evaluate(module, data, session.pruner.context.metric.loss);
    return session.pruner.context.metric.valueOf(evaluation);
  };
  return { setting, session, trainer, test };
}

function imageAt(images: Float32Array, k: number): Float64Array {
  return Float64Array.from(images.subarray(784 * k, 784 * (k + 1)));
}

/**
 * The models were trained on all 60,000 images, so that a share of those says nothing of the loss: searches choose by the
 * first half of the test images.
 */
function selection(withLabels: boolean): LabelledSamples {
  const { count, images, labels } = readMnist('t10k', 5000);
  const samples = Array.from({ length: count }, (_, k): Sample => new Map([['input', imageAt(images, k)]]));
  return { samples, labels: withLabels ? Array.from(labels) : undefined };
}

function testData(withLabels: boolean): TrainingData {
  const { count, images, labels } = readMnist('t10k');
  return { inputs: images, count, ...(withLabels && { labels: Int32Array.from(labels) }) };
}
