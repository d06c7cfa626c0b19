/**
 * A model while it is pruned: the primitives of a scheme, one after another, and the recovery of what they cost. All
 * modules are in the order of the user's model; a permutation is applied for the primitives that cut tiles, and taken
 * back after them.
 */
import { InternalError } from '../ir/diagnostics/diagnostic.ts';
import type { TensorModule } from '../ir/tensor/ops.ts';
import type { Trainer, TrainingEpoch, TrainingLoss } from '../ir/tensor/trainer.ts';
import { replaceWeights } from '../ir/tensor/weight-layers.ts';
import { expand } from '../passes/pruning/expand.ts';
import type { PassManager } from '../passes/manager.ts';
import { compensateMeans } from '../passes/pruning/regression/compensate-means.ts';
import { measureSignals, needsSamples } from '../passes/pruning/statistics/criteria.ts';
import { findOrders } from '../passes/pruning/orders/find-orders.ts';
import { type Orders, permuteModule } from '../passes/pruning/orders/apply-permutation.ts';
import type { NetworkKernels } from '../passes/pruning/tiles/kernels.ts';
import { tilesOf } from '../passes/pruning/tiles/network-tiles.ts';
import { tilesOfKernels } from '../passes/pruning/tiles/tile-shapes.ts';
import { prune } from '../passes/pruning/prune.ts';
import { pruneTiles } from '../passes/pruning/prune-tiles.ts';
import { reconstruct } from '../passes/pruning/reconstruct.ts';
import type { Metric } from './metric.ts';
import { type SchemePolicy, schemes } from './schemes.ts';
import { inOriginalOrder, kernelsFor } from './reorder.ts';
import type { SmallerAxis } from './shrink.ts';
import type { SmallerNetwork } from './smaller-network.ts';
import type { TrainingSet } from './training-set.ts';

export interface PrunerContext {
  /** The network that `kernels` are for, unpruned. */
  readonly module: TensorModule;
  readonly kernels: NetworkKernels;
  readonly set: TrainingSet;
  readonly metric: Metric;
  /** What gradients make small; mostly the loss of the metric. */
  readonly trainingLoss: TrainingLoss;
  readonly trainer: Trainer;
  readonly manager: PassManager;
  readonly seed: number;
  readonly learningRate: number;
  readonly batch: number;
  readonly onStep: (step: string) => void;
  readonly onEpoch: (epoch: TrainingEpoch) => void;
}

/** A pruned network, with the orders in which its neurons share ciphertexts. */
export interface PrunedNetwork {
  readonly module: TensorModule;
  readonly orders: Orders;
}

/** The plan of a network that shrank: the network without its dead elements, and the kernels for it. */
export interface ShrunkPlan {
  readonly network: SmallerNetwork;
  /** Of `network.module`. */
  readonly kernels: NetworkKernels;
}

const noOrders: Orders = new Map();

export class Pruner {
  readonly context: PrunerContext;

  constructor(context: PrunerContext) {
    this.context = context;
  }

  /** The unpruned network. */
  get unpruned(): PrunedNetwork {
    return { module: this.context.module, orders: noOrders };
  }

  /**
   * Runs the primitives of a scheme on a network; `sparsity` is the share of weights, neurons or, for P2T and P3T, tiles.
   * Where the samples say what goes, the biases take over the mean of it.
   */
  scheme({ module, orders }: PrunedNetwork, policy: SchemePolicy, sparsity: number): PrunedNetwork {
    const { context } = this;
    const { manager, seed } = context;
    let inOrder = permuteModule(module, orders);
    let order = orders;
    for (const step of schemes[policy.scheme]) {
      switch (step) {
        case 'prune':
          if (!('target' in policy)) throw noSuchStep(policy, step);
          inOrder = manager.run(prune, inOrder, { ...weightPruning(policy), sparsity, seed });
          break;
        case 'permute': {
          const tiles = tilesOfKernels(this.kernels(inOrder));
          const weights = policy.scheme === 'P3T' ? 'magnitude' : 'mask';
          // From the order of the model: an order of an order would have no name.
          const original = inOriginalOrder(context.module, inOrder, order);
          order = findOrders(original, { tiles, seed, weights }, { samples: context.set.few });
          inOrder = permuteModule(original, order);
          break;
        }
        case 'prune-tiles':
          if (!('tileCriterion' in policy)) throw noSuchStep(policy, step);
          inOrder = manager.run(pruneTiles, inOrder, {
            ...this.cut(inOrder),
            scope: policy.scope,
            criterion: policy.tileCriterion,
            sparsity,
          });
          break;
        case 'prune-almost-zero':
          if (!('threshold' in policy)) throw noSuchStep(policy, step);
          inOrder = manager.run(pruneTiles, inOrder, {
            ...this.cut(inOrder),
            criterion: 'non-zeros',
            threshold: policy.threshold,
          });
          break;
        case 'expand':
          inOrder = manager.run(expand, inOrder, this.cut(inOrder));
          break;
      }
    }
    const pruned = inOriginalOrder(context.module, inOrder, order);
    return { module: isByData(policy) ? this.withMeansOf(module, pruned) : pruned, orders: order };
  }

  /** `pruned` with biases that take over the means of the terms of `module` that it has not. */
  private withMeansOf(module: TensorModule, pruned: TensorModule): TensorModule {
    return compensateMeans(pruned, module, measureSignals(module, this.context.set.few));
  }

  /**
   * Takes out tiles, rotations and ciphertexts until the share `saving` of the modelled cost of the unpruned network is
   * saved, those first that change the outputs least for each millisecond.
   */
  byError({ module, orders }: PrunedNetwork, saving: number): PrunedNetwork {
    const permuted = permuteModule(module, orders);
    const pruned = this.dropTiles(permuted, this.cut(permuted), saving);
    return { module: inOriginalOrder(this.context.module, pruned, orders), orders };
  }

  /**
   * As `byError`, by the tiles of `smaller`, which `network` shrank to; `saving` is a share of what that costs. The network
   * is in the order of the model.
   */
  byErrorInside({ module }: PrunedNetwork, { network, kernels }: ShrunkPlan, saving: number): PrunedNetwork {
    const taken = network.take(module);
    const pruned = this.dropTiles(taken, { kernels: kernelsFor(kernels, network.module, taken) }, saving);
    return { module: network.putBack(module, pruned), orders: noOrders };
  }

  private dropTiles(module: TensorModule, cut: { readonly kernels: NetworkKernels }, saving: number): TensorModule {
    const { manager, seed } = this.context;
    const criterion = 'error';
    return manager.run(pruneTiles, module, { ...cut, criterion, saving, compensate: true, seed });
  }

  private async isBetter(a: TensorModule, b: TensorModule): Promise<boolean> {
    if (a === b) return true;
    const { metric } = this.context;
    const before = await this.quality({ module: b });
    return metric.degradation(await this.quality({ module: a }), before) <= metric.degradation(before, before);
  }

  /** Share of the tiles of the unpruned network that are dead. */
  deadTileShare({ module, orders }: PrunedNetwork): number {
    const permuted = permuteModule(module, orders);
    const { graph, deadCount } = tilesOf(permuted, this.cut(permuted));
    return deadCount / graph.tiles;
  }

  /** Takes neurons of one layer or network input until `keep` of them are left. */
  keepOnly({ module, orders }: PrunedNetwork, { home, keep }: Pick<SmallerAxis, 'home' | 'keep'>): PrunedNetwork {
    const kept = [{ home, neurons: keep }];
    return {
      module: this.context.manager.run(prune, module, {
        criterion: 'data',
        target: 'neuron',
        keep: kept,
        compensate: true,
      }),
      orders,
    };
  }

  /** Orders that gather what matters little in common tiles. */
  permuted({ module }: PrunedNetwork): PrunedNetwork {
    const { kernels, seed, set } = this.context;
    const options = { tiles: tilesOfKernels(kernels), seed, weights: 'magnitude' as const };
    return { module, orders: findOrders(module, options, { samples: set.few }) };
  }

  /** Closed form first, then gradients; `epochs` may be 0. */
  async recover({ module, orders }: PrunedNetwork, epochs: number): Promise<PrunedNetwork> {
    const { manager } = this.context;
    const solved = manager.run(reconstruct, module, {});
    // Squares behind a layer can blow a small error up on samples that the closed form has not seen.
    const fitted = (await this.isBetter(solved, module)) ? solved : module;
    return { module: epochs === 0 ? fitted : await this.train(fitted, epochs), orders };
  }

  /** Gradient steps on what is not zero. */
  async train(module: TensorModule, epochs: number): Promise<TensorModule> {
    const { set, trainingLoss, trainer, seed, learningRate, batch, onEpoch } = this.context;
    const trained = await trainer.train(module, set.training, {
      loss: trainingLoss,
      epochs,
      batch,
      learningRate,
      seed,
      validation: 0.05,
      patience: epochs,
      onEpoch,
    });
    return replaceWeights(module, trained);
  }

  /** On the held-out samples, in the unit of the metric. */
  async quality({ module }: { readonly module: TensorModule }): Promise<number> {
    const { set, metric, trainer } = this.context;
    return metric.valueOf(await trainer.evaluate(module, set.heldOut, metric.loss));
  }

  private kernels(module: TensorModule): NetworkKernels {
    return kernelsFor(this.context.kernels, this.context.module, module);
  }

  private cut(module: TensorModule): { kernels: NetworkKernels } {
    return { kernels: this.kernels(module) };
  }
}

function isByData(policy: SchemePolicy): boolean {
  return 'target' in policy ? needsSamples(policy.criterion) : policy.tileCriterion === 'error';
}

function weightPruning({ scope, criterion, target }: Extract<SchemePolicy, { readonly target: unknown }>) {
  return { scope, criterion, target };
}

function noSuchStep({ scheme }: SchemePolicy, step: string): InternalError {
  return new InternalError(`${scheme} has no step ${step}`);
}
