/** The imported model as the network that plans are searched for, and what their programs are measured on. */
import { constantOutputOnSamples, fewSamples, noLabels, syntheticSamples } from '../ir/diagnostics/compile.ts';
import { type Diagnostic, HepcError } from '../ir/diagnostics/diagnostic.ts';
import type { ClientSteps } from '../ir/client/steps.ts';
import type { ModelInterface, Sample } from '../ir/interface.ts';
import { leastCalibration } from '../ir/plan/calibration.ts';
import { seededRandom } from '../ir/random.ts';
import type { TensorModule } from '../ir/tensor/ops.ts';
import { PassManager, type PassObserver, type PassRun, type RefusedModule } from '../passes/manager.ts';
import type { Orders } from '../passes/pruning/orders/apply-permutation.ts';
import { type ClippedLimits, inputLimits } from './headroom/element-limits.ts';
import { type ActivationStandIn, approximateTensor, optimiseTensor, shrinkTensor } from './parameters/pipelines.ts';
import { type ClearRun, type Reference, referenceOn, runInClear } from './parameters/reference.ts';
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

/** The model as a network of reals, before anything stands for its activations. */
export interface ExactNetwork {
  readonly graph: ImportedGraph;
  /** Linear ops and polynomials merged, with the activations of the model. */
  readonly exact: TensorModule;
  /** What the roundings of a quantised model changed of its outputs. */
  readonly rounding: number;
  /** Real ones, or seeded ones where there are none. */
  readonly samples: readonly Sample[];
  readonly synthetic: boolean;
  /** What elements of inputs have at most, where comparisons read them. */
  readonly limits?: ClippedLimits | undefined;
  /** What errors are predicted against: the imported model on the samples. */
  readonly reference: Reference;
  readonly runs: readonly PassRun[];
  readonly warnings: readonly Diagnostic[];
}

export interface SimplifiedNetwork extends ExactNetwork {
  /** `exact` with polynomials and composites for activations, under the same ids. */
  readonly approximated: TensorModule;
  /** `approximated`, composites expanded, merged once more: every element of the model, in its order. */
  readonly whole: TensorModule;
  /** What stands for each activation. */
  readonly standIns: readonly ActivationStandIn[];
  /** What plans compute: `whole` in its orders, without dead elements. */
  readonly tensor: TensorModule;
  /** Of `whole`, without noise. */
  readonly clear: ClearRun;
}

/** Of the allowed error, the most that polynomials may take: something is left for the noise of the encryption. */
export const largestShare = 0.85;

/** What polynomials for activations may change. */
export interface ApproximationBudget {
  /** Of the allowed error, and of the labels that may change. */
  readonly share: number;
  /**
   * Whether the network lacks elements that are constant or that nobody reads; with all of them its layers have the sizes
   * that they have in the model.
   */
  readonly elements: 'live' | 'all';
  /** Of the passes. */
  readonly observer?: PassObserver | undefined;
}

/** Throws `HepcError` for roundings that change the outputs more than is allowed, and for labels that count where there are none. */
export function exactNetwork(graph: ImportedGraph, settings: Settings): ExactNetwork {
  const { maxError, seed, observer, progress } = settings;
  const synthetic = settings.samples === undefined;
  const samples = settings.samples ?? uniformSamples(graph, seed);
  const limits = synthetic ? undefined : inputLimits(graph, samples);
  const manager = new PassManager(samples, observer, { limits });
  progress.begin('optimising the network', 0.02);
  const { exact, rounding } = optimiseTensor(graph.module, manager, { maxError, synthetic });
  const reference = referenceOn(graph.module, samples, graph.steps);
  if (settings.maxDisagreement !== undefined && !reference.decisions.exist) throw new HepcError([noLabels({})]);
  const constant = synthetic ? [] : constantOutputs(reference);
  const warnings = [...warningsOf(samples, synthetic), ...constant, ...manager.warnings];
  return { graph, exact, rounding, samples, synthetic, limits, reference, runs: manager.runs, warnings };
}

/** Refused where no polynomials keep the budget, or samples do not show what they are made for. */
export function approximate(
  network: ExactNetwork,
  { maxError, maxDegree, maxDisagreement }: Settings,
  { share, elements, observer }: ApproximationBudget,
): SimplifiedNetwork | RefusedModule {
  const { graph, exact, rounding, samples, synthetic, limits, reference } = network;
  const manager = new PassManager(samples, observer, { post: graph.steps?.post, limits });
  const allowed = {
    maxError: Math.max(maxError - rounding / share, Number.MIN_VALUE),
    // Noise changes few labels: approximation may change all that may change at first.
    maxDisagreement: maxDisagreement && (maxDisagreement * share) / largestShare,
  };
  const found = approximateTensor(exact, manager, { ...allowed, share, maxDegree, synthetic });
  if ('refused' in found) return found;
  const { approximated, whole, standIns } = found;
  const tensor = elements === 'all' ? whole : shrinkTensor(whole, manager, graph.orders?.(whole));
  const isExact = !exact.nodes.some(({ op }) => op === 'activation') && rounding === 0;
  const clear = runInClear(reference, isExact ? undefined : whole);
  return {
    ...network,
    ...{ approximated, whole, standIns, tensor, clear },
    runs: [...network.runs, ...manager.runs],
    warnings: [...network.warnings, ...manager.warnings],
  };
}

/** The network whose polynomials may take half of the allowed error. Throws `HepcError` where none do. */
export function simplify(graph: ImportedGraph, settings: Settings): SimplifiedNetwork {
  const { observer } = settings;
  const network = approximate(exactNetwork(graph, settings), settings, { share: 0.5, elements: 'live', observer });
  if ('refused' in network) throw new HepcError(network.refused);
  return network;
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
