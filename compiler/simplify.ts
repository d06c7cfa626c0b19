/** The imported model as the network that plans are searched for, and what their programs are measured on. */
import { constantOutputOnSamples, fewSamples, syntheticSamples } from '../ir/diagnostics/compile.ts';
import type { Diagnostic } from '../ir/diagnostics/diagnostic.ts';
import type { ClientSteps } from '../ir/client/steps.ts';
import type { ModelInterface, Sample } from '../ir/interface.ts';
import { leastCalibration } from '../ir/plan/calibration.ts';
import { seededRandom } from '../ir/random.ts';
import type { TensorModule } from '../ir/tensor/ops.ts';
import { PassManager, type PassRun } from '../passes/manager.ts';
import type { Orders } from '../passes/pruning/orders/apply-permutation.ts';
import { optimiseTensor, shrinkTensor } from './parameters/pipelines.ts';
import { type Reference, referenceOn } from './parameters/simulate.ts';
import type { Settings } from './settings.ts';

export interface ImportedGraph extends ModelInterface {
  readonly module: TensorModule;
  /** What the client computes around it; nothing unless given. */
  readonly steps?: ClientSteps;
  /**
   * The order of the elements along axes of the network, as pruning found it, once its linear ops are merged. Default
   * that of the model.
   */
  readonly orders?: ((whole: TensorModule) => Orders) | undefined;
}

export interface SimplifiedNetwork {
  readonly graph: ImportedGraph;
  /** Linear ops and polynomials merged, with the activations of the model. */
  readonly exact: TensorModule;
  /** `exact` with polynomials for activations, under the same ids. */
  readonly approximated: TensorModule;
  /** `approximated`, merged once more: every element of the model, in its order. */
  readonly whole: TensorModule;
  /** What plans compute: `whole` in its orders, without dead elements. */
  readonly tensor: TensorModule;
  /** Real ones, or seeded ones where there are none. */
  readonly samples: readonly Sample[];
  readonly synthetic: boolean;
  /** What errors are predicted against: the imported model on the samples. */
  readonly reference: Reference;
  readonly runs: readonly PassRun[];
  readonly warnings: readonly Diagnostic[];
}

/**
 * `elements`: whether the network lacks those that are constant or that nobody reads; with all of them its layers have the
 * sizes that they have in the model. Throws `HepcError` for activations that no polynomial follows closely enough.
 */
export function simplify(
  graph: ImportedGraph,
  settings: Settings,
  elements: 'live' | 'all' = 'live',
): SimplifiedNetwork {
  const { maxError, seed, observer, progress } = settings;
  const synthetic = settings.samples === undefined;
  const samples = settings.samples ?? uniformSamples(graph, seed);
  const manager = new PassManager(samples, observer);
  progress.begin('optimising the network', 0.02);
  const { exact, approximated, whole } = optimiseTensor(graph.module, manager, { maxError, synthetic });
  const tensor = elements === 'all' ? whole : shrinkTensor(whole, manager, graph.orders?.(whole));
  const reference = referenceOn(graph.module, samples, graph.steps);
  const constant = synthetic ? [] : constantOutputs(reference);
  const warnings = [...warningsOf(samples, synthetic), ...constant, ...manager.warnings];
  return { graph, exact, approximated, whole, tensor, samples, synthetic, reference, runs: manager.runs, warnings };
}

function warningsOf(samples: readonly Sample[], synthetic: boolean): Diagnostic[] {
  if (synthetic) return [syntheticSamples({})];
  return samples.length < leastCalibration ? [fewSamples({ count: samples.length })] : [];
}

/** Outputs all of whose elements are the same on all samples, of which there have to be several. */
function constantOutputs({ answers }: Reference): Diagnostic[] {
  const [first, ...others] = answers.values();
  // Samples that are all alike show nothing of any output.
  if (first === undefined || areAlike([...answers.keys()])) return [];
  return [...first].flatMap(([name, values]) =>
    areAlike([first, ...others].map((answer) => new Map([[name, answer.get(name) ?? values]])))
      ? [constantOutputOnSamples({ name })]
      : [],
  );
}

/** Whether all hold the same values. */
function areAlike([first, ...others]: readonly Sample[]): boolean {
  return [...(first ?? [])].every(([name, values]) =>
    others.every((other) => values.every((value, i) => other.get(name)?.[i] === value)),
  );
}

function uniformSamples({ module }: ImportedGraph, seed: number): Sample[] {
  const random = seededRandom(seed).fork('synthetic samples');
  const inputs = module.nodes.filter((node) => node.op === 'input');
  return Array.from({ length: 64 }, () => {
    const sample = new Map<string, Float64Array>();
    for (const { attrs, type } of inputs) {
      const size = type.reduce((product, extent) => product * extent, 1);
      sample.set(
        attrs.name,
        Float64Array.from({ length: size }, () => random.uniform()),
      );
    }
    return sample;
  });
}
