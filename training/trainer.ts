/**
 * Training by onnxruntime: gradients are a graph of its operators (`step-graph.ts`), everything around them is here. The
 * same arguments give the same weights, on machines whose floating point is alike.
 */
import { elementCount } from '../ir/constant.ts';
import { HepcError, InternalError, throwIfErrors } from '../ir/diagnostics/diagnostic.ts';
import { lossNotFinite, noTrainingSamples } from '../ir/diagnostics/pruning/training.ts';
import type { ValueId } from '../ir/op.ts';
import { seededRandom } from '../ir/random.ts';
import type { TensorModule } from '../ir/tensor/ops.ts';
import type {
  Evaluation,
  TrainedLayer,
  Trainer,
  TrainingData,
  TrainingLoss,
  TrainingOptions,
} from '../ir/tensor/trainer.ts';
import { weightNodes, weightsOf } from '../ir/tensor/weight-layers.ts';
import { batchesOf, mean, oneHot, picked, type Rows, softmax } from './batches.ts';
import { classification, meanSquareError } from './evaluation.ts';
import { outputElements } from './gradients/gradient-graph.ts';
import { inputOf, lossProblems } from './module-interface.ts';
import { parameterName, parameterValues, type ParameterValues } from './gradients/parameters.ts';
import { Predictor } from './predictor.ts';
import { StepRunner } from './step-runner.ts';

/** Of a teacher beside labels. */
const temperature = 2;

/** A trainer that runs in this thread. It holds nothing between calls. */
export function createTrainer(): Trainer {
  return { train, evaluate };
}

async function train(
  module: TensorModule,
  data: TrainingData,
  options: TrainingOptions,
): Promise<ReadonlyMap<ValueId, TrainedLayer>> {
  throwIfErrors(lossProblems(module, data, options.loss));
  const random = seededRandom(options.seed).fork('training');
  const order = random.fork('held-out samples').permutation(data.count);
  const held = Math.floor(options.validation * data.count);
  const learned = order.subarray(held);
  if (learned.length === 0) {
    throw new HepcError([noTrainingSamples({ count: data.count, validation: options.validation })]);
  }
  const targets = await targetsOf(module, data, options.loss);
  const inputs: Rows = { values: data.inputs, size: elementCount(inputOf(module).type) };
  const validation = validationSet(order.subarray(0, held), data, inputs, targets);
  const batch = Math.min(options.batch, learned.length);
  const steps = options.epochs * Math.floor(learned.length / batch);
  const schedule = { learningRate: options.learningRate, steps };
  const reconstructs = options.loss.kind === 'reconstruction';

  const runner = await StepRunner.load(module, {
    batch,
    loss: options.loss.kind === 'labels' ? 'cross-entropy' : 'mean-square',
    reconstructs,
  });
  const predictor = await Predictor.load(module);
  try {
    const validate = (): Promise<number> => validationLoss(predictor, runner.values, validation, options.loss);
    const best = new BestValues(runner.values, await validate());
    let done = 0;
    for (let epoch = 1; epoch <= options.epochs; epoch++) {
      const shuffled = random
        .fork(epoch)
        .permutation(learned.length)
        .map((i) => learned[i] ?? 0);
      let sum = 0;
      for (const batches of batchesOf(shuffled, batch, inputs, reconstructs ? undefined : targets)) {
        const losses = await runner.run(batches, schedule);
        const bad = losses.findIndex((loss) => !Number.isFinite(loss));
        if (bad !== -1) {
          const { learningRate } = options;
          throw new HepcError([lossNotFinite({ step: done + bad + 1, of: steps, learningRate })]);
        }
        sum += losses.reduce((total, loss) => total + loss, 0);
        done += batches.steps;
      }
      const loss = await validate();
      best.offer(runner.values, loss);
      const trainingLoss = (sum * options.epochs) / steps;
      options.onEpoch?.({ epoch, of: options.epochs, trainingLoss, validationLoss: loss });
      if (held > 0 && best.age >= options.patience) break;
    }
    if (!allFinite(best.values)) {
      throw new HepcError([lossNotFinite({ step: done, of: steps, learningRate: options.learningRate })]);
    }
    return layersOf(module, best.values);
  } finally {
    await runner.close();
    await predictor.close();
  }
}

async function evaluate(module: TensorModule, data: TrainingData, loss: TrainingLoss): Promise<Evaluation> {
  throwIfErrors(lossProblems(module, data, loss));
  const outputs = await predict(module, data);
  if (loss.kind === 'labels') return classification(outputs, labelsOf(data));
  const target = loss.kind === 'reconstruction' ? data.inputs : await predict(loss.teacher, data);
  return { meanSquareError: meanSquareError(outputs, target) };
}

/** The values with the least loss so far, or the latest ones where losses are no numbers. */
class BestValues {
  values: ParameterValues;
  /** How often a loss that was no smaller has been offered since. */
  age = 0;
  private loss: number;

  constructor(values: ParameterValues, loss: number) {
    this.values = values;
    this.loss = loss;
  }

  offer(values: ParameterValues, loss: number): void {
    if (loss < this.loss || Number.isNaN(this.loss)) {
      this.values = values;
      this.loss = loss;
      this.age = 0;
    } else {
      this.age += 1;
    }
  }
}

/** Samples that are held out. */
interface Validation {
  readonly data: TrainingData;
  readonly targets: Float32Array;
}

function validationSet(samples: Int32Array, { labels }: TrainingData, inputs: Rows, targets: Rows): Validation {
  const data = { inputs: picked(inputs, samples), count: samples.length };
  return {
    data: labels === undefined ? data : { ...data, labels: samples.map((sample) => labels[sample] ?? 0) },
    targets: targets.values === inputs.values ? data.inputs : picked(targets, samples),
  };
}

function allFinite(values: ParameterValues): boolean {
  return [...values.values()].every((array) => array.every((value) => Number.isFinite(value)));
}

/** NaN where nothing is held out. */
async function validationLoss(
  predictor: Predictor,
  values: ParameterValues,
  { data, targets }: Validation,
  { kind }: TrainingLoss,
): Promise<number> {
  const outputs = await predictor.run(values, data);
  return kind === 'labels' ? classification(outputs, labelsOf(data)).crossEntropy : meanSquareError(outputs, targets);
}

/** What the outputs of each sample should be. */
async function targetsOf(module: TensorModule, data: TrainingData, loss: TrainingLoss): Promise<Rows> {
  const size = outputElements(module);
  switch (loss.kind) {
    case 'labels': {
      const { teacher } = loss;
      const hard = oneHot(labelsOf(data), size);
      return teacher === undefined ? hard : mean(hard, softmax(await predict(teacher, data), size, temperature));
    }
    case 'reconstruction':
      return { values: data.inputs, size };
    case 'distillation':
      return { values: await predict(loss.teacher, data), size };
  }
}

async function predict(module: TensorModule, data: TrainingData): Promise<Float32Array> {
  const predictor = await Predictor.load(module);
  try {
    return await predictor.run(parameterValues(module), data);
  } finally {
    await predictor.close();
  }
}

function labelsOf({ labels }: TrainingData): Int32Array {
  if (labels === undefined) throw new InternalError('training by labels without labels');
  return labels;
}

/** The new weights by layer; a weight that was zero is exactly that. */
function layersOf(module: TensorModule, values: ParameterValues): ReadonlyMap<ValueId, TrainedLayer> {
  const part = (id: ValueId, name: 'weights' | 'bias') => Float64Array.from(values.get(parameterName(id, name)) ?? []);
  return new Map(
    weightNodes(module).map((node) => {
      const kept = weightsOf(node).values;
      const weights = part(node.id, 'weights').map((weight, i) => (kept[i] === 0 ? 0 : weight));
      return [node.id, { weights, bias: part(node.id, 'bias') }];
    }),
  );
}
