/**
 * A model while it is pruned: the best unpruned plan, a scheme or the search of `auto` on its kernels, recovery, and an
 * ordinary ONNX file in the order of the user's model, with the permutation in its metadata.
 */
import type { Compilation } from '../compiler/network-plans.ts';
import type { ImportedModel } from '../compiler/onnx/import.ts';
import { ordersMetadataKey, policyMetadataKey } from '../compiler/onnx/metadata.ts';
import { type Diagnostic, HepcError } from '../ir/diagnostics/diagnostic.ts';
import { budgetNotMet, nothingSaved, nothingToPrune } from '../ir/diagnostics/pruning/pruning-run.ts';
import type { PruningPoint, PruningReport } from '../ir/plan/pruning-report.ts';
import type { TensorModule } from '../ir/tensor/ops.ts';
import { replaceWeights, weightNodes, weightsOf } from '../ir/tensor/weight-layers.ts';
import { PassManager } from '../passes/manager.ts';
import { ordersToJson } from '../passes/pruning/orders/orders-json.ts';
import { exportModule } from '../training/onnx/export-module.ts';
import { searchPruning } from './auto.ts';
import { metricFor } from './metric.ts';
import { printPolicy } from './policy.ts';
import { ModelPlans } from './pricing.ts';
import type { PruneOptions } from './prune-options.ts';
import { type PrunedNetwork, Pruner } from './pruner.ts';
import { trainingLossFor } from './recovery.ts';
import { describePruning, withPruning } from './report.ts';
import type { SchemePolicy } from './schemes.ts';
import { trainingSet } from './training-set.ts';

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

const defaultEpochs = 10;

/** A model with its unpruned plan, ready to be pruned in one way or several. */
export class PruningSession {
  readonly model: ImportedModel;
  readonly plans: ModelPlans;
  readonly pruner: Pruner;
  /** Quality of the unpruned model on the held-out samples. */
  readonly before: number;
  private readonly options: PruneOptions;

  private constructor(
    model: ImportedModel,
    options: PruneOptions,
    { plans, pruner, before }: { plans: ModelPlans; pruner: Pruner; before: number },
  ) {
    this.model = model;
    this.options = options;
    this.plans = plans;
    this.pruner = pruner;
    this.before = before;
  }

  /** Compiles and measures the unpruned model. */
  static async begin(model: ImportedModel, options: PruneOptions): Promise<PruningSession> {
    const { seed = 1, learningRate = 2e-3, trainer, compile = {}, labels, samples, heldOut } = options;
    const { onStep = ignore, onEpoch = ignore } = options;
    const set = trainingSet(model.module, { samples, labels }, heldOut, seed);
    onStep('compiling the unpruned model');
    const plans = new ModelPlans(model, { ...compile, samples: set.few.slice(0, calibrationSamples) });
    const whole = plans.ofAllElements();
    const module = whole.modules.tensor;
    if (weightNodes(module).length === 0)
      throw new HepcError([nothingToPrune({ reason: 'there is no layer with weights' })]);
    const kernels = plans.kernelsOf(whole);
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
    return new PruningSession(model, options, { plans, pruner, before: await pruner.quality(pruner.unpruned) });
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
      pricing: this.plans,
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

  private finish(pruned: {
    readonly network: PrunedNetwork;
    readonly policy: string;
    readonly sparsity: number;
    readonly quality: number;
    readonly prunedQuality: number;
    readonly points: readonly PruningPoint[];
  }): PrunedModel {
    const { network, policy } = pruned;
    const compilation = this.plans.best(network);
    const report = describePruning({
      ...pruned,
      before: this.before,
      metric: this.pruner.context.metric,
      maxDegradation: this.options.maxDegradation,
      tile: this.options.compile?.tile,
      kernels: this.pruner.context.kernels,
      unprunedModule: this.pruner.context.module,
      unpruned: this.plans.unpruned,
      compilation,
    });
    const orders = network.orders.size === 0 ? [] : [[ordersMetadataKey, ordersToJson(network.orders)] as const];
    const others = [...this.model.metadata].filter(([key]) => key !== ordersMetadataKey);
    const metadata = new Map([...others, ...orders, [policyMetadataKey, `${policy} at ${pruned.sparsity}`]]);
    const onnx = exportModule(withActivations(network.module, this.plans.unpruned.modules.exact), this.model, metadata);
    const { warnings } = this.pruner.context.manager;
    const plan = withPruning(compilation.plan, report);
    return {
      onnx,
      report,
      compilation: { ...compilation, plan },
      unpruned: this.plans.unpruned,
      warnings: [...this.model.warnings, ...warnings, ...compilation.warnings, ...warningsOf(report)],
    };
  }
}

/** A warning where a scheme made nothing cheaper. */
function warningsOf({ policy, sparsity, before, after }: PruningReport): Diagnostic[] {
  const kinds = ['tiles', 'inputCiphertexts', 'rotations', 'milliseconds'] as const;
  if (kinds.some((kind) => after[kind] < before[kind]) || before.tiles === 0) return [];
  const weights = Math.round(before.weights / before.tiles);
  return [nothingSaved({ policy, sparsity, tiles: before.tiles, weights })];
}

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

function ignore(): void {
  // Nobody asked.
}
