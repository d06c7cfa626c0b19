/**
 * What plans of one model cost by how exact they have to be, and what of the model costs the most. Every row is a plan that
 * was searched for, with the same search as a compilation with that error, which gives the same plan.
 */
import { HepcError, type NodeRef } from '../ir/diagnostics/diagnostic.ts';
import { TensorBuilder, type TensorModule } from '../ir/tensor/ops.ts';
import { effectsByDepth, fittedActivations } from '../passes/tensor/approximate-activations.ts';
import { planFinder } from './compile.ts';
import { roundedUp } from './kept-accuracy.ts';
import { type PlanFigures, planFigures } from './plan-figures.ts';
import { type CompileOptions, type Settings, settingsOf } from './settings.ts';
import { exactNetwork, type ExactNetwork, type ImportedGraph, largestShare } from './simplify.ts';

/** Rows beyond which the most exact ones are left out. */
const mostRows = 7;

/** Errors that are of use where no activation says which ones lead to other plans. */
const usualErrors = [0.0001, 0.001, 0.01, 0.05];

/** An error that was tried, and the plan that it leads to; or why it leads to none. */
export type AdvisedError =
  | { readonly maxError: number; readonly figures: PlanFigures }
  | { readonly maxError: number; readonly refused: string };

/** What an activation costs a plan. */
export interface ActivationPrice {
  readonly nodes: readonly NodeRef[];
  readonly kind: string;
  /** Of its operand, on the calibration samples and a little beyond. */
  readonly range: readonly [least: number, most: number];
  readonly degree: number;
  readonly levels: number;
}

export interface Advice {
  /** By ascending error. */
  readonly errors: readonly AdvisedError[];
  /** Of the cheapest plan that keeps 99 % of the labels, or of the most exact one; in the order of the network. */
  readonly activations: readonly ActivationPrice[];
  /** A plan within 1 % of the network that has x² in place of every activation; undefined where none has, or there is none. */
  readonly squares: PlanFigures | undefined;
}

/**
 * Takes a search for each row, of which there are at most eight. Throws `HepcError` for options and samples that do not fit;
 * `maxError` and `maxDisagreement` of the options are not used.
 */
export function adviseOn(graph: ImportedGraph, options: CompileOptions = {}): Advice {
  const settings = settingsOf({ ...options, maxError: 1, maxDisagreement: undefined });
  const network = exactNetwork(graph, settings);
  const ladder = errorsToTry(network, settings);
  const find = planFinder(graph, network, settings);
  const errors = ladder.map((maxError, k): AdvisedError => {
    settings.progress.begin(`plans within ${maxError * 100}%`, k / (ladder.length + 1));
    const own = { ...settings, maxError };
    const found = find(own);
    return 'refused' in found
      ? { maxError, refused: found.refused[0]?.code ?? '' }
      : { maxError, figures: planFigures(found, own) };
  });
  settings.progress.begin('the network with squares', ladder.length / (ladder.length + 1));
  const advice = { errors, activations: pricesOf(network, errors), squares: withSquares(graph, network, settings) };
  settings.progress.at(1);
  return advice;
}

/** The errors that polynomials of each depth need; the usual ones where there are no activations. */
function errorsToTry({ exact, samples, limits, rounding }: ExactNetwork, { maxDegree }: Settings): number[] {
  const effects = effectsByDepth(exact, { samples, limits }, maxDegree);
  if (effects.length === 0) return usualErrors.filter((error) => error > rounding);
  const needed = effects.map(({ effect }) => roundedUp((effect.error + rounding) / largestShare));
  const useful = [...new Set([...needed, 0.01])].filter((error) => error > rounding && error <= 0.5);
  return useful.sort((a, b) => a - b).slice(-mostRows);
}

function pricesOf(network: ExactNetwork, errors: readonly AdvisedError[]): ActivationPrice[] {
  const plans = errors.flatMap((each) => ('figures' in each ? [each.figures] : []));
  const kept = plans.filter(({ labelsKept = 1 }) => labelsKept >= 0.99);
  const shown = kept.toSorted((a, b) => a.milliseconds - b.milliseconds)[0] ?? plans[0];
  if (shown === undefined) return [];
  return fittedActivations(network.exact, network).flatMap(({ node, range }, k) => {
    const degree = shown.degrees[k];
    if (degree === undefined) return [];
    const [least, most] = [range.center - range.halfWidth, range.center + range.halfWidth];
    const levels = shown.depths[k] ?? 0;
    return [{ nodes: node.origins, kind: node.attrs.kind, range: [least, most] as const, degree, levels }];
  });
}

/** A plan of the network with squares in place of activations. */
function withSquares(graph: ImportedGraph, { exact }: ExactNetwork, settings: Settings): PlanFigures | undefined {
  if (!exact.nodes.some(({ op }) => op === 'activation')) return undefined;
  try {
    const squared = { ...graph, module: squaredActivations(exact) };
    const own = { ...settings, maxError: 0.01 };
    const found = planFinder(squared, exactNetwork(squared, own), own)(own);
    return 'refused' in found ? undefined : planFigures(found, own);
  } catch (error) {
    if (error instanceof HepcError) return undefined;
    throw error;
  }
}

function squaredActivations(module: TensorModule): TensorModule {
  const builder = new TensorBuilder();
  const values: number[] = [];
  for (const node of module.nodes) {
    const [x = -1] = node.operands.map((operand) => values[operand] ?? -1);
    values.push(
      node.op === 'activation'
        ? builder.add('multiply', [x, x], {}, node.origins)
        : builder.copy(node, (operand) => values[operand] ?? -1),
    );
  }
  return builder.build(module.name);
}
