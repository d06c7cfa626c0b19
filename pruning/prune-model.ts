/**
 * Pruning a model from beginning to end: the best unpruned plan, a scheme or the search of `auto` on its kernels,
 * recovery, and an ordinary ONNX file in the order of the user's model, with the permutation in its metadata.
 */
import type { CompileOptions, Compilation } from '../compiler/compile.ts';
import { compileGraph } from '../compiler/compile.ts';
import { ordersMetadataKey, ordersOf } from '../compiler/compile-onnx.ts';
import { shrinkTensor } from '../compiler/parameters/pipelines.ts';
import { layerKernels } from '../compiler/layouts/layer-kernels.ts';
import { type ImportedModel, importOnnx, type OnnxSource } from '../compiler/onnx/import.ts';
import { type Diagnostic, HepcError } from '../ir/diagnostics/diagnostic.ts';
import {
  badPruneOption,
  budgetNotMet,
  nothingSaved,
  nothingToPrune,
  tooFewSamples,
} from '../ir/diagnostics/pruning/pruning-run.ts';
import type { PruningPoint, PruningReport } from '../ir/plan/pruning-report.ts';
import type { TensorModule } from '../ir/tensor/ops.ts';
import type { Trainer, TrainingEpoch } from '../ir/tensor/trainer.ts';
import { replaceWeights, weightNodes, weightsOf } from '../ir/tensor/weight-layers.ts';
import { PassManager } from '../passes/manager.ts';
import type { Sample } from '../ir/interface.ts';
import { ordersToJson } from '../passes/pruning/orders/orders-json.ts';
import { exportModule } from '../training/onnx/export-module.ts';
import { type PlanCost, searchPruning } from './auto.ts';
import { metricFor } from './metric.ts';
import { parsePolicy, printPolicy, type Policy } from './policy.ts';
import { type PrunedNetwork, Pruner, type ShrunkPlan } from './pruner.ts';
import { type RecoverBy, trainingLossFor } from './recovery.ts';
import { kernelsFor } from './reorder.ts';
import type { SchemePolicy } from './schemes.ts';
import { SmallerNetwork } from './smaller-network.ts';
import { describePruning, withPruning } from './report.ts';
import { type LabelledSamples, trainingSet } from './training-set.ts';

export interface PruneOptions {
  /** Samples to prune, recover and measure by; real inputs of the model, thousands of them. */
  readonly samples: readonly Sample[];
  /** The index of the output that should be the largest, for each sample. */
  readonly labels?: readonly number[] | undefined;
  /**
   * Samples to measure losses on, that the model was not trained on. Default a fifth of `samples`, on which an overfitted
   * model loses more than it does on others.
   */
  readonly heldOut?: LabelledSamples | undefined;
  /** `SCHEME[:scope/criterion/target][:threshold]`, or `auto`. */
  readonly policy: string;
  /** Share of weights, neurons or (P2T, P3T) tiles; for `auto` the loss decides. */
  readonly sparsity?: number | undefined;
  /** Most that may be lost: points of accuracy as a share, or the relative rise of an error. `auto` needs it. */
  readonly maxDegradation?: number | undefined;
  readonly recoverBy?: RecoverBy;
  /** Of recovery by gradients; 0 for the closed form alone. For `auto` after each step. */
  readonly epochs?: number;
  readonly learningRate?: number;
  readonly seed?: number;
  /** What the plan is for: objective, batch, kind of weights, limits. */
  readonly compile?: Omit<CompileOptions, 'samples' | 'orders'>;
  readonly trainer: Trainer;
  readonly onStep?: (step: string) => void;
  readonly onEpoch?: (epoch: TrainingEpoch) => void;
  readonly onPoint?: (point: PruningPoint) => void;
}

export interface PrunedModel {
  /** An ONNX file in the order of the user's model; its metadata hold policy and permutation. */
  readonly onnx: Uint8Array;
  readonly report: PruningReport;
  /** The plan of the pruned model. */
  readonly compilation: Compilation;
  readonly unpruned: Compilation;
  readonly warnings: readonly Diagnostic[];
}

/** Samples that plans are calibrated by. */
const calibrationSamples = 256;

const leastSamples = 20;

/** Under which key the metadata of a pruned model say how it was pruned. */
const policyMetadataKey = 'hepc.policy';

/**
 * Prunes a model. Takes minutes; yields between gradient steps. Throws `HepcError` for samples or options that do not
 * fit, a model with nothing to prune, or a budget that nothing keeps.
 */
export async function pruneModel(source: OnnxSource, options: PruneOptions): Promise<PrunedModel> {
  const model = importOnnx(source);
  const policy = parsePolicy(options.policy);
  checkNumbers(options, policy);
  if (options.samples.length < leastSamples)
    throw new HepcError([tooFewSamples({ count: options.samples.length, least: leastSamples })]);
  const pruning = await PruningSession.begin(model, options);
  return policy.scheme === 'auto' ? pruning.search() : pruning.apply(policy);
}

function checkNumbers(options: PruneOptions, policy: Policy): void {
  const { sparsity, maxDegradation, epochs = 0, learningRate = 1 } = options;
  const rows: readonly [string, number | undefined, boolean, string][] = [
    [
      'sparsity',
      sparsity,
      sparsity === undefined || (sparsity >= 0 && sparsity < 1),
      'a number of at least 0 and below 1',
    ],
    ['maxDegradation', maxDegradation, maxDegradation === undefined || maxDegradation >= 0, 'a number of at least 0'],
    ['epochs', epochs, Number.isSafeInteger(epochs) && epochs >= 0, 'a whole number of at least 0'],
    ['learningRate', learningRate, learningRate > 0 && learningRate <= 1, 'a number above 0 and at most 1'],
    [
      'sparsity',
      NaN,
      policy.scheme === 'auto' || sparsity !== undefined,
      'a number, since a scheme says how, not how much',
    ],
    [
      'maxDegradation',
      NaN,
      policy.scheme !== 'auto' || maxDegradation !== undefined,
      'a number, which auto searches within',
    ],
  ];
  const problems = rows.flatMap(([option, value, fits, expected]) =>
    fits ? [] : [badPruneOption({ option, value: value ?? NaN, expected })],
  );
  if (problems.length > 0) throw new HepcError(problems);
}

/** A model with its unpruned plan, ready to be pruned in one way or several. */
export class PruningSession {
  readonly model: ImportedModel;
  /** The best plan of the unpruned model. */
  readonly unpruned: Compilation;
  private readonly exact: TensorModule;
  readonly pruner: Pruner;
  /** Quality of the unpruned model on the held-out samples. */
  readonly before: number;
  private readonly options: PruneOptions;

  private constructor(
    model: ImportedModel,
    options: PruneOptions,
    { unpruned, pruner, before }: { unpruned: Compilation; pruner: Pruner; before: number },
  ) {
    this.model = model;
    this.options = options;
    this.unpruned = unpruned;
    this.exact = unpruned.modules.exact;
    this.pruner = pruner;
    this.before = before;
  }

  /** Compiles and measures the unpruned model. */
  static async begin(model: ImportedModel, options: PruneOptions): Promise<PruningSession> {
    const { seed = 1, learningRate = 2e-3, trainer, compile = {}, labels, samples, heldOut } = options;
    const { onStep = ignore, onEpoch = ignore } = options;
    const set = trainingSet(model.module, { samples, labels }, heldOut, seed);
    onStep('compiling the unpruned model');
    const calibration = set.few.slice(0, calibrationSamples);
    // A model that was pruned before has an order, and layers that are smaller in its plan than in the file.
    const orders = ordersOf(model);
    const unpruned = compileGraph(model, { ...compile, samples: calibration, orders });
    const isPruned = orders !== undefined || isSmaller(unpruned.modules);
    const whole = isPruned
      ? compileGraph(model, { ...compile, samples: calibration, keepDeadElements: true })
      : unpruned;
    const module = whole.modules.tensor;
    if (weightNodes(module).length === 0)
      throw new HepcError([nothingToPrune({ reason: 'there is no layer with weights' })]);
    const kernels = kernelsOf(whole, compile);
    onStep('measuring the unpruned model');
    const metric = await metricFor(module, set, trainer);
    const trainingLoss = trainingLossFor(options.recoverBy ?? 'metric', metric.loss, module);
    const fewLabels = metric.loss.kind === 'labels' ? set.fewLabels : undefined;
    const manager = new PassManager(
      set.few,
      {},
      { trainer, reference: module, ...(fewLabels && { labels: fewLabels }) },
    );
    const batch = Math.min(256, Math.max(1, Math.floor(set.training.count / 8)));
    const context = {
      module,
      kernels,
      set,
      metric,
      trainingLoss,
      trainer,
      manager,
      seed,
      learningRate,
      batch,
      onStep,
      onEpoch,
    };
    const pruner = new Pruner(context);
    return new PruningSession(model, options, { unpruned, pruner, before: await pruner.quality(pruner.unpruned) });
  }

  /** Prunes by one scheme. */
  async apply(policy: SchemePolicy): Promise<PrunedModel> {
    const { epochs = defaultEpochs, sparsity = 0, onStep = ignore, maxDegradation } = this.options;
    const { pruner, before } = this;
    const { metric } = pruner.context;
    const text = printPolicy(policy);
    onStep(`pruning by ${text}`);
    const pruned = pruner.scheme(pruner.unpruned, policy, sparsity);
    const prunedQuality = await pruner.quality(pruned);
    onStep('recovering');
    const network = await pruner.recover(pruned, epochs);
    const quality = await pruner.quality(network);
    const degradation = metric.degradation(quality, before);
    if (maxDegradation !== undefined && !(degradation <= maxDegradation))
      throw new HepcError([
        budgetNotMet({ metric: metric.name, least: degradation, budget: maxDegradation, policy: text }),
      ]);
    onStep('compiling the pruned model');
    return this.finish({ network, policy: text, sparsity, quality, prunedQuality, points: [] });
  }

  /** Searches scheme and sparsity. */
  async search(): Promise<PrunedModel> {
    const { epochs = defaultEpochs, maxDegradation = 0, onPoint = ignore } = this.options;
    const { pruner, before } = this;
    const { best, points, least } = await searchPruning(pruner, {
      maxDegradation,
      epochs,
      before,
      costOf: this.costOf,
      shrunkPlan: this.shrunkPlan,
      onPoint,
    });
    const { name: metric } = pruner.context.metric;
    if (best === undefined)
      throw new HepcError([
        budgetNotMet({ metric, least: least.degradation, budget: maxDegradation, policy: least.policy }),
      ]);
    const { network, policy, sparsity, quality } = best;
    return this.finish({ network, policy, sparsity, quality, prunedQuality: best.prunedQuality, points });
  }

  /**
   * The plan of a pruned network; an estimate tries layouts near those of the unpruned plan only. `changes` are to
   * the options of the compiler.
   */
  compile({ module, orders }: PrunedNetwork, isEstimate: boolean, changes: PruneOptions['compile'] = {}): Compilation {
    const { compile = {} } = this.options;
    const samples = this.pruner.context.set.few.slice(0, calibrationSamples);
    const near = isEstimate ? { near: this.unpruned.chosen.configuration } : {};
    return compileGraph({ ...this.model, module }, { ...compile, ...changes, ...near, samples, orders });
  }

  /** What the plan of a pruned network costs by an estimate; undefined where no plan keeps the error. */
  readonly costOf = (network: PrunedNetwork): PlanCost | undefined => {
    try {
      const { cost, measures } = this.compile(network, true).chosen;
      return { cost, milliseconds: measures.runs * measures.milliseconds };
    } catch (error) {
      if (error instanceof HepcError) return undefined;
      throw error;
    }
  };

  /** The layouts that suit a network that shrank. */
  readonly shrunkPlan = ({ module, orders }: PrunedNetwork): ShrunkPlan | undefined => {
    if (orders.size > 0) return undefined;
    const compilation = this.compile({ module, orders }, false);
    const { manager } = this.pruner.context;
    const network = SmallerNetwork.of(module, (whole) => shrinkTensor(whole, manager, undefined));
    const { tensor } = compilation.modules;
    if (network === undefined || sizesOf(network.module) !== sizesOf(tensor)) return undefined;
    return { network, kernels: kernelsFor(kernelsOf(compilation, this.options.compile), tensor, network.module) };
  };

  private finish(pruned: {
    readonly network: PrunedNetwork;
    readonly policy: string;
    readonly sparsity: number;
    readonly quality: number;
    readonly prunedQuality: number;
    readonly points: readonly PruningPoint[];
  }): PrunedModel {
    const { network, policy } = pruned;
    const compilation = this.compile(network, false);
    const report = describePruning({
      ...pruned,
      before: this.before,
      metric: this.pruner.context.metric,
      maxDegradation: this.options.maxDegradation,
      tile: this.options.compile?.tile,
      kernels: this.pruner.context.kernels,
      unprunedModule: this.pruner.context.module,
      unpruned: this.unpruned,
      compilation,
    });
    const orders = network.orders.size === 0 ? [] : [[ordersMetadataKey, ordersToJson(network.orders)] as const];
    const others = [...this.model.metadata].filter(([key]) => key !== ordersMetadataKey);
    const metadata = new Map([...others, ...orders, [policyMetadataKey, `${policy} at ${pruned.sparsity}`]]);
    const onnx = exportModule(withActivations(network.module, this.exact), this.model, metadata);
    const { warnings } = this.pruner.context.manager;
    const plan = withPruning(compilation.plan, report);
    return {
      onnx,
      report,
      compilation: { ...compilation, plan },
      unpruned: this.unpruned,
      warnings: [...this.model.warnings, ...warnings, ...compilation.warnings, ...vain(report)],
    };
  }
}

/** A warning where a scheme made nothing cheaper. */
function vain({ policy, sparsity, before, after }: PruningReport): Diagnostic[] {
  const kinds = ['tiles', 'inputCiphertexts', 'rotations', 'milliseconds'] as const;
  if (kinds.some((kind) => after[kind] < before[kind]) || before.tiles === 0) return [];
  const weights = Math.round(before.weights / before.tiles);
  return [nothingSaved({ policy, sparsity, tiles: before.tiles, weights })];
}

const defaultEpochs = 10;

/**
 * The pruned weights in the network whose activations are those of the model: the compiler approximates them again, for
 * the ranges that they then have. The network as it is where the approximation has merged layers.
 */
function withActivations(pruned: TensorModule, exact: TensorModule): TensorModule {
  const layers = weightNodes(pruned);
  const targets = weightNodes(exact);
  const fits = (k: number): boolean => {
    const [own, target] = [layers[k], targets[k]];
    return (
      own !== undefined && target !== undefined && String(weightsOf(own).shape) === String(weightsOf(target).shape)
    );
  };
  if (layers.length !== targets.length || !targets.every((_, k) => fits(k))) return pruned;
  return replaceWeights(
    exact,
    new Map(
      targets.map(({ id }, k) => {
        const own = layers[k];
        return [id, own === undefined ? {} : { weights: weightsOf(own).values, bias: own.attrs.bias.values }];
      }),
    ),
  );
}

/** Whether layers of `tensor` lack elements that the model has. */
function isSmaller({ whole, tensor }: Compilation['modules']): boolean {
  return sizesOf(whole) !== sizesOf(tensor);
}

function sizesOf(module: TensorModule): string {
  return weightNodes(module)
    .map((node) => `${node.op} ${weightsOf(node).data.length}`)
    .join();
}

/** The kernels that a plan was made with. */
function kernelsOf({ modules, chosen }: Compilation, { weights = 'plain', costs }: PruneOptions['compile'] = {}) {
  const { choice, configuration } = chosen;
  return layerKernels(modules.tensor, choice, {
    degree: configuration.degree,
    weights,
    ...(costs && { table: costs }),
  });
}

function ignore(): void {
  // Nobody asked.
}
