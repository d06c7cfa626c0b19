/** What networks cost while a model is pruned: by the plans that they are compiled to. */
import { profileOf } from '../costs/profiles.ts';
import { compileGraph, compileNetwork } from '../compiler/compile.ts';
import { ordersOf } from '../compiler/compile-onnx.ts';
import { layerKernels } from '../compiler/layouts/layer-kernels.ts';
import type { Compilation, Refusal } from '../compiler/network-plans.ts';
import type { ImportedModel } from '../compiler/onnx/import.ts';
import { shrinkTensor } from '../compiler/parameters/pipelines.ts';
import { configurationsFor, configurationsNear } from '../compiler/search/configurations.ts';
import { type CompileOptions, settingsOf } from '../compiler/settings.ts';
import { exactNetwork, type ImportedGraph } from '../compiler/simplify.ts';
import { HepcError } from '../ir/diagnostics/diagnostic.ts';
import type { Sample } from '../ir/interface.ts';
import type { TensorModule } from '../ir/tensor/ops.ts';
import { weightNodes, weightsOf } from '../ir/tensor/weight-layers.ts';
import { PassManager } from '../passes/manager.ts';
import type { NetworkKernels } from '../passes/pruning/tiles/kernels.ts';
import type { PrunedNetwork, ShrunkPlan } from './pruner.ts';
import { kernelsFor } from './reorder.ts';
import { SmallerNetwork } from './smaller-network.ts';

/** What the plan of a network costs, in the unit of the objective, and in milliseconds of an evaluation. */
export interface PlanCost {
  readonly cost: number;
  readonly milliseconds: number;
}

export interface Pricing {
  /** By an estimate; undefined for a network that has no plan within the error that is allowed. */
  costOf(network: PrunedNetwork): PlanCost | undefined;
  /** Of a network that shrank; undefined where its plan has not the layers of the model. */
  shrunkPlan(network: PrunedNetwork): ShrunkPlan | undefined;
}

/** The plans of one model, pruned and unpruned, by the same options. */
export class ModelPlans implements Pricing {
  /** The best plan of the unpruned model. */
  readonly unpruned: Compilation;
  private readonly model: ImportedModel;
  private readonly options: CompileOptions;

  /** Compiles the unpruned model. Throws `HepcError` where it cannot be. */
  constructor(model: ImportedModel, options: CompileOptions & { readonly samples: readonly Sample[] }) {
    this.model = model;
    this.options = options;
    // A model that was pruned before has an order.
    this.unpruned = compileGraph({ ...model, orders: ordersOf(model) }, options);
  }

  /**
   * The best plan of the unpruned model in its own order with all its elements: a model that was pruned before has layers
   * that are smaller in its plan than in the file.
   */
  ofAllElements(): Compilation {
    const { whole, tensor } = this.unpruned.modules;
    if (ordersOf(this.model) === undefined && sizesOf(whole) === sizesOf(tensor)) return this.unpruned;
    const settings = settingsOf(this.options);
    const configurations = configurationsFor(settings.goal, settings.profile);
    const compilation = compileNetwork(exactNetwork(this.model, settings), settings, configurations, 'all');
    if ('refused' in compilation) throw new HepcError(compilation.refused);
    return compilation;
  }

  /** The best plan of a network. `changes` are to the options. Throws `HepcError` where there is none. */
  best(network: PrunedNetwork, changes: CompileOptions = {}): Compilation {
    return compileGraph(this.graphOf(network), { ...this.options, ...changes });
  }

  /** The best plan with a configuration near that of the unpruned plan. */
  estimate(network: PrunedNetwork): Compilation | Refusal {
    const settings = settingsOf(this.options);
    const configurations = configurationsFor(settings.goal, settings.profile);
    const nearConfigurations = configurationsNear(configurations, this.unpruned.chosen.configuration);
    return compileNetwork(exactNetwork(this.graphOf(network), settings), settings, nearConfigurations);
  }

  costOf(network: PrunedNetwork): PlanCost | undefined {
    const estimate = this.estimate(network);
    if ('refused' in estimate) return undefined;
    const { cost, measures } = estimate.chosen;
    return { cost, milliseconds: measures.runs * measures.milliseconds };
  }

  shrunkPlan({ module, orders }: PrunedNetwork): ShrunkPlan | undefined {
    if (orders.size > 0) return undefined;
    const compilation = this.best({ module, orders });
    const manager = new PassManager(this.options.samples ?? []);
    const network = SmallerNetwork.of(module, (whole) => shrinkTensor(whole, manager, undefined));
    const { tensor } = compilation.modules;
    if (network === undefined || sizesOf(network.module) !== sizesOf(tensor)) return undefined;
    return { network, kernels: kernelsFor(this.kernelsOf(compilation), tensor, network.module) };
  }

  /** The kernels that a plan was made with. */
  kernelsOf({ modules, chosen }: Compilation): NetworkKernels {
    const { choice, configuration } = chosen;
    const { weights = 'plain', engine, costs } = this.options;
    return layerKernels(modules.tensor, choice, {
      degree: configuration.degree,
      weights,
      profile: profileOf(engine, costs),
    });
  }

  private graphOf({ module, orders }: PrunedNetwork): ImportedGraph {
    return { ...this.model, module, orders: () => orders };
  }
}

function sizesOf(module: TensorModule): string {
  return weightNodes(module)
    .map((node) => `${node.op} ${weightsOf(node).data.length}`)
    .join();
}
