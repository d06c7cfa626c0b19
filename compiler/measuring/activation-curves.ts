/** What stands for each activation, and what it met on the calibration samples. */
import { InternalError, type NodeRef } from '../../ir/diagnostics/diagnostic.ts';
import { elementCount } from '../../ir/constant.ts';
import { activationSets } from '../../ir/interpret/activations.ts';
import { TensorInterpreter } from '../../ir/interpret/tensor.ts';
import type { Sample } from '../../ir/interface.ts';
import type { ValueId } from '../../ir/op.ts';
import { type ActivationReport, type CompositeReport, histogramBins } from '../../ir/plan/accuracy-report.ts';
import type { TensorModule, TensorNode, TensorNodeNamed } from '../../ir/tensor/ops.ts';
import { evenly } from '../../passes/base/evenly.ts';
import { largestDifference } from '../parameters/reference.ts';
import { DecisionCount } from './decision-counts.ts';
import { ErrorSpread } from './error-spread.ts';

/** The most samples that operands are measured on, and the effect of single activations. */
const mostSamples = { operands: 256, effects: 32 } as const;

/** Elements times weights that the effects of all activations may take together: a few seconds. */
const mostWork = 2e9;

/** Of the range of a line. */
const leastHalfWidth = 1e-30;

export interface ActivationCurve {
  readonly id: ValueId;
  readonly origins: readonly NodeRef[];
  readonly curve: Omit<ActivationReport, 'name' | 'layer'>;
}

/** `approximated` is `exact` with other nodes in place of activations, of the same ids. */
export function activationCurves(
  exact: TensorModule,
  approximated: TensorModule,
  samples: readonly Sample[],
): ActivationCurve[] {
  const all = activationsOf(exact).map((node) => begin(node, approximated.nodes[node.id]));
  const few = evenly(samples, mostSamples.operands);
  const interpreter = new TensorInterpreter(exact);
  const visit = (activations: readonly Measured[], see: (activation: Measured, values: Float64Array) => void): void => {
    if (activations.length === 0) return;
    for (const sample of few) {
      const values = interpreter.evaluateAll(sample);
      for (const each of activations) see(each, values[each.operand] ?? new Float64Array());
    }
  };
  const unbounded = all.filter(({ takesMeasuredRange }) => takesMeasuredRange);
  visit(all, ({ curve, decisions, takesMeasuredRange }, values) => {
    widen(curve, values);
    decisions?.add(values);
    if (!takesMeasuredRange) count(curve, values);
  });
  // Lines and composites have no range of their own: they take that of the operands.
  for (const { curve } of unbounded) spanOperands(curve);
  visit(unbounded, ({ curve }, values) => {
    count(curve, values);
  });
  for (const { curve, decisions } of all) if (decisions !== undefined) curve.decisions = decisions.report;
  return all;
}

/** How far the outputs of `exact` move, typically, by what stands for some of its activations alone; in units of `unit`. */
export class ActivationEffects {
  private readonly exact: TensorModule;
  private readonly approximated: TensorModule;
  private readonly samples: readonly Sample[];
  private readonly answers: readonly Sample[];
  private readonly unit: number;

  constructor(exact: TensorModule, approximated: TensorModule, samples: readonly Sample[], unit: number) {
    this.exact = exact;
    this.approximated = approximated;
    this.unit = unit;
    const each = exact.nodes.reduce((work, node) => work + workOf(node, exact), 0) * activationsOf(exact).length;
    const affordable = Math.max(1, Math.floor(mostWork / each));
    this.samples = evenly(samples, Math.min(mostSamples.effects, affordable));
    const interpreter = new TensorInterpreter(exact);
    this.answers = this.samples.map((sample) => interpreter.evaluate(sample));
  }

  of(activations: readonly ValueId[]): number {
    const nodes = this.exact.nodes.map((node) =>
      activations.includes(node.id) ? (this.approximated.nodes[node.id] ?? node) : node,
    );
    const interpreter = new TensorInterpreter({ ...this.exact, nodes });
    const spread = new ErrorSpread();
    for (const [k, sample] of this.samples.entries())
      spread.add(largestDifference(interpreter.evaluate(sample), this.answers[k] ?? new Map()) / this.unit);
    return spread.typical;
  }
}

function activationsOf(module: TensorModule): TensorNodeNamed<'activation'>[] {
  return module.nodes.filter((node) => node.op === 'activation');
}

type Curve = { -readonly [K in keyof ActivationCurve['curve']]: ActivationCurve['curve'][K] } & { counts: number[] };

interface Measured extends ActivationCurve {
  readonly curve: Curve;
  readonly decisions: DecisionCount | undefined;
  readonly operand: ValueId;
  readonly takesMeasuredRange: boolean;
}

function begin(activation: TensorNodeNamed<'activation'>, instead: TensorNode | undefined): Measured {
  const { id, operands, attrs, origins } = activation;
  const { kind, parameters } = attrs;
  const functions = activationSets(attrs);
  const curve = {
    kind,
    parameters: functions === 1 ? parameters : parameters.slice(0, 1),
    functions,
    ...standInOf(instead),
    least: Infinity,
    most: -Infinity,
    counts: new Array<number>(histogramBins).fill(0),
  };
  const decisions = DecisionCount.of(activation, instead);
  return {
    id,
    origins,
    curve,
    decisions,
    operand: operands[0] ?? -1,
    takesMeasuredRange: instead?.op !== 'polynomial',
  };
}

/** Of the first function. */
function standInOf(node: TensorNode | undefined): Pick<Curve, 'coefficients' | 'composite' | 'center' | 'halfWidth'> {
  if (node?.op === 'polynomial') {
    const { coefficients, center, halfWidth } = node.attrs;
    const first = coefficients.values.subarray(0, coefficients.shape[1]);
    return { coefficients: [...first].map(short), center, halfWidth };
  }
  if (node?.op === 'composite') {
    const { pieces, offsets } = node.attrs;
    const composite = {
      pieces: pieces.map(({ factor, stages }) => ({ factor, stages: stages.map(firstSet) })),
      offset: offsets.values[0] ?? 0,
    };
    return { coefficients: [], composite, center: 0, halfWidth: 1 };
  }
  if (node?.op === 'scale-shift') {
    const { factors, offsets } = node.attrs;
    const line = [offsets.values[0] ?? 0, factors.values[0] ?? 0];
    return { coefficients: line, center: 0, halfWidth: 1 };
  }
  throw new InternalError('nothing stands for an activation');
}

type Stage = TensorNodeNamed<'composite'>['attrs']['pieces'][number]['stages'][number];

function firstSet({ coefficients, center, halfWidth }: Stage): CompositeReport['pieces'][number]['stages'][number] {
  return { coefficients: [...coefficients.values.subarray(0, coefficients.shape[1])].map(short), center, halfWidth };
}

function spanOperands(line: Curve): void {
  const [offset = 0, factor = 0] = line.coefficients;
  line.center = (line.least + line.most) / 2;
  line.halfWidth = Math.max((line.most - line.least) / 2, leastHalfWidth);
  if (line.composite === undefined) line.coefficients = [offset + factor * line.center, factor * line.halfWidth];
}

function widen(curve: Curve, values: Float64Array): void {
  for (const x of values) {
    curve.least = Math.min(curve.least, x);
    curve.most = Math.max(curve.most, x);
  }
}

function count({ center, halfWidth, counts }: Curve, values: Float64Array): void {
  for (const x of values) {
    const bin = Math.floor(((x - center) / halfWidth + 1) * (histogramBins / 2));
    const within = Math.min(Math.max(bin, 0), histogramBins - 1);
    counts[within] = (counts[within] ?? 0) + 1;
  }
}

/** Products of one evaluation, or so. */
function workOf(node: TensorNode, { nodes }: TensorModule): number {
  const elements = elementCount(node.type);
  if (node.op === 'conv')
    return elements * (elementCount(node.attrs.weights.shape) / (node.attrs.weights.shape[0] ?? 1));
  if (node.op === 'dense') return elements * elementCount(nodes[node.operands[0] ?? -1]?.type ?? []);
  return elements;
}

/** As many digits as a picture needs: coefficients stand in the file of the plan. */
function short(coefficient: number): number {
  return Number(coefficient.toPrecision(9));
}
