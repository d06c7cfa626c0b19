/** Where the error of a plan comes from, for its report: approximation and noise, by layer. */
import { type Layers, layerName, layersOf } from '../../ir/he/layers.ts';
import type { NodeRef } from '../../ir/diagnostics/diagnostic.ts';
import { TensorInterpreter } from '../../ir/interpret/tensor.ts';
import type { Sample } from '../../ir/interface.ts';
import {
  type AccuracyReport,
  type ActivationReport,
  type LayerError,
  maxAccuracyRows,
} from '../../ir/plan/accuracy-report.ts';
import type { HeModule } from '../../ir/he/module.ts';
import type { PlanModule } from '../../ir/plan/plan.ts';
import type { TensorModule } from '../../ir/tensor/ops.ts';
import type { TileModule } from '../../ir/tile/ops.ts';
import { largestDifference, type Reference } from '../parameters/reference.ts';
import { activationCurves, ActivationEffects, type ActivationCurve } from './activation-curves.ts';
import { ErrorSpread } from './error-spread.ts';
import { noiseByLayer } from './noise-by-layer.ts';

export interface AccuracyParts {
  /** As imported. */
  readonly model: TensorModule;
  /** With the activations of the model, and with what stands for them under the same ids. */
  readonly exact: TensorModule;
  readonly approximated: TensorModule;
  readonly tile: TileModule;
  /** As it was predicted. */
  readonly program: HeModule | PlanModule;
  readonly samples: readonly Sample[];
  readonly reference: Reference;
  /** Of the noise simulation. */
  readonly seed: number;
}

export function accuracyReport(parts: AccuracyParts): AccuracyReport {
  const { exact, approximated, tile, program, samples, reference, seed } = parts;
  const { unit, answers, chosen } = reference;
  const noise = noiseByLayer(tile, program, { candidates: chosen.quick, unit, seed });
  const curves = activationCurves(exact, approximated, samples).slice(0, maxAccuracyRows);
  const effects = curves.length === 0 ? undefined : new ActivationEffects(exact, approximated, samples, unit);
  const { names, layerOf } = placeActivations(program, curves);
  const activations = curves.map(({ origins, curve }, k): ActivationReport => {
    return { name: layerName(origins), layer: layerOf[k] ?? 0, ...curve };
  });
  const layers = names.slice(0, maxAccuracyRows).map((name, layer): LayerError => {
    const own = curves.filter((_, k) => layerOf[k] === layer).map(({ id }) => id);
    return {
      name,
      ...(effects !== undefined && own.length > 0 && { approximation: effects.of(own) }),
      ...(noise?.layers[layer] !== undefined && { noise: noise.layers[layer] }),
    };
  });
  return {
    version: 1,
    approximation: { ...approximationOf(parts), samples: answers.size },
    ...(noise && { noise: { typical: noise.whole, samples: noise.samples } }),
    layers,
    activations: activations.filter(({ layer }) => layer < layers.length),
  };
}

/** The layer of the program that computes each activation; those that it does not name are layers of their own. */
function placeActivations(
  program: HeModule | PlanModule,
  curves: readonly ActivationCurve[],
): { readonly names: readonly string[]; readonly layerOf: readonly number[] } {
  const layers = layersOf(program);
  const known = layersOfNodes(layers, program.origins);
  const names = [...layers.names];
  const find = (origins: readonly NodeRef[]): number | undefined =>
    origins.map((node) => known.get(nodeKey(node))).find((layer) => layer !== undefined);
  const layerOf = curves.map(({ origins }) => find(origins) ?? names.push(layerName(origins)) - 1);
  return { names, layerOf };
}

/** What the plan computes apart from noise against the model, on the samples on which that has been run. */
function approximationOf({ model, approximated, reference: { answers, unit } }: AccuracyParts) {
  const spread = new ErrorSpread();
  // Anything else is computed as the model says, to the last few bits.
  if (model.nodes.some(({ op }) => op === 'activation' || op === 'quantize')) {
    const interpreter = new TensorInterpreter(approximated);
    for (const [sample, exact] of answers) spread.add(largestDifference(interpreter.evaluate(sample), exact) / unit);
  }
  const { typical, largest } = spread;
  return { typical, largest };
}

/** The layer of each node of the network, by `nodeKey`. */
function layersOfNodes({ names, ofOrigin }: Layers, origins: PlanModule['origins']): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const [origin, nodes] of origins.entries()) {
    const layer = ofOrigin[origin] ?? -1;
    if (layer < 0 || layer >= names.length) continue;
    for (const node of nodes) if (!found.has(nodeKey(node))) found.set(nodeKey(node), layer);
  }
  return found;
}

function nodeKey({ name, output }: { readonly name: string; readonly output: string }): string {
  return JSON.stringify([name, output]);
}
