/** What the activations of a model see on the calibration samples. */
import { degenerateRange, rangeMeetsPole, valuesNotFinite } from '../../../ir/diagnostics/compile.ts';
import type { Diagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import {
  activationDomain,
  activationFunction,
  activationKinks,
  activationSets,
  type Interval,
  isAffineOn,
} from '../../../ir/interpret/activations.ts';
import { TensorInterpreter } from '../../../ir/interpret/tensor.ts';
import type { TensorModule, TensorNodeNamed } from '../../../ir/tensor/ops.ts';
import type { Sample } from '../../../ir/interface.ts';
import type { Range as Ends } from '../../../ir/plan/calibration.ts';
import type { InputLimits } from '../../base/input-limits.ts';
import { louder } from '../../base/louder-samples.ts';
import { limitedRanges } from '../comparisons/input-comparisons.ts';
import type { Range } from './approximation.ts';
import { Histogram } from './least-squares.ts';

export interface MeasuredActivation {
  readonly node: TensorNodeNamed<'activation'>;
  /** Least and largest operand on the samples. */
  readonly lo: number;
  readonly hi: number;
  /** The measured range, widened. */
  readonly range: Range;
  /** Whether the activation is affine on all of the range. */
  readonly affine: boolean;
  readonly histogram: Histogram;
}

export interface Measurement {
  readonly activations: readonly MeasuredActivation[];
  /** What the model gives for each sample; none where there is nothing to work with. */
  readonly outputs: readonly Sample[];
  /** Errors that leave nothing to work with. */
  readonly problems: readonly Diagnostic[];
}

/** The extremes of one value over all samples. */
interface Bounds {
  lo: number;
  hi: number;
}

/**
 * Measures every activation on all samples; `margin` widens each range by that fraction of its width on both sides, or
 * as far as samples reach that come amplified. Where the limits of inputs tell what a comparison decides on, its range is that and no
 * more. It is a problem where a value is not finite, and where an activation sees one value only.
 */
export function measureActivations(
  module: TensorModule,
  samples: readonly Sample[],
  margin: number,
  limits?: InputLimits,
): Measurement {
  const interpreter = new TensorInterpreter(module);
  const nodes = module.nodes.filter((node) => node.op === 'activation');
  const bounds = nodes.map((): Bounds => ({ lo: Infinity, hi: -Infinity }));
  for (const [number, sample] of samples.entries()) {
    const values = interpreter.evaluateAll(sample);
    for (const [k, { operands }] of nodes.entries()) widen(bounds[k], values[operands[0] ?? -1]);
    const pole = nodes.findIndex((node, k) => meetsPole(node, bounds[k]));
    if (pole >= 0) return { activations: [], outputs: [], problems: poles(interpreter, nodes, samples) };
    const broken = module.nodes.find(({ id }) => values[id]?.every(Number.isFinite) !== true);
    if (broken !== undefined) {
      return {
        activations: [],
        outputs: [],
        problems: [valuesNotFinite({ sample: number }, { nodes: broken.origins })],
      };
    }
  }
  const reached = bounds.map(({ lo, hi }): Bounds => ({ lo, hi }));
  for (const sample of louder(samples)) {
    const values = interpreter.evaluateAll(sample);
    for (const [k, { operands }] of nodes.entries()) widen(reached[k], values[operands[0] ?? -1]);
  }
  const limited = limitedRanges(module, limits);
  const activations = nodes.map((node, k): MeasuredActivation => {
    const { lo, hi } = bounds[k] ?? { lo: 0, hi: 0 };
    const domain = activationDomain(node.attrs, lo);
    const range = hull(limited.get(node.id)) ?? widened({ lo, hi }, margin, reached[k] ?? { lo, hi }, domain);
    return { node, lo, hi, range, affine: isAffine(node, lo, hi, range), histogram: new Histogram(range) };
  });
  const problems = activations
    .filter(({ lo, hi }) => !(hi - lo > 1e-12 * Math.max(Math.abs(lo), Math.abs(hi))))
    .map(({ node, lo }) => degenerateRange({ value: lo }, { nodes: node.origins }));
  if (problems.length > 0) return { activations: [], outputs: [], problems };
  const outputs = samples.map((sample) => {
    const values = interpreter.evaluateAll(sample);
    for (const { node, histogram } of activations)
      histogram.addAll(values[node.operands[0] ?? -1] ?? new Float64Array());
    return interpreter.outputsAmong(values);
  });
  return { activations, outputs, problems };
}

/** The range that has all of these. */
function hull(ranges: readonly Ends[] | undefined): Range | undefined {
  if (ranges === undefined) return undefined;
  const [lo, hi] = ranges.reduce(([a, b], [c, d]) => [Math.min(a, c), Math.max(b, d)], [Infinity, -Infinity]);
  return { center: (lo + hi) / 2, halfWidth: Math.max((hi - lo) / 2, Number.MIN_VALUE) };
}

/** Of the distance to a pole, what is left of it at the end of a range. */
const poleHeadroom = 0.8;

/** Whether an operand was seen at the end of its domain, or beyond. */
function meetsPole({ attrs }: TensorNodeNamed<'activation'>, { lo, hi }: Bounds = { lo: 0, hi: 0 }): boolean {
  const domain = activationDomain(attrs, lo);
  return domain !== undefined && !(lo > domain.lo && hi < domain.hi);
}

/** What is wrong with the operands that meet a pole, on all samples; what follows from such an operand is not looked at. */
function poles(
  interpreter: TensorInterpreter,
  nodes: readonly TensorNodeNamed<'activation'>[],
  samples: readonly Sample[],
): Diagnostic[] {
  const bounds = nodes.map((): Bounds => ({ lo: Infinity, hi: -Infinity }));
  for (const sample of samples) {
    const values = interpreter.evaluateAll(sample);
    for (const [k, { operands }] of nodes.entries()) {
      const operand = values[operands[0] ?? -1];
      if (operand?.every(Number.isFinite) === true) widen(bounds[k], operand);
    }
  }
  return nodes.flatMap((node, k) => {
    const { lo, hi } = bounds[k] ?? { lo: 0, hi: 0 };
    if (!meetsPole(node, { lo, hi })) return [];
    const domain = activationDomain(node.attrs, lo);
    const ends = [domain?.lo ?? Infinity, domain?.hi ?? Infinity].filter(Number.isFinite);
    return [rangeMeetsPole({ kind: node.attrs.kind, lo, hi, ends }, { nodes: node.origins })];
  });
}

/** `measured` with the margin, and as far as `reached`; towards the ends of the domain by a factor at most. */
function widened(measured: Bounds, margin: number, reached: Bounds, domain: Interval | undefined): Range {
  const range = widenedFreely(measured, margin, reached);
  if (domain === undefined) return range;
  const { lo, hi } = measured;
  const from = Math.max(range.center - range.halfWidth, towards(domain.lo, lo));
  const to = Math.min(range.center + range.halfWidth, towards(domain.hi, hi));
  return { center: (from + to) / 2, halfWidth: (to - from) / 2 };
}

/** From a measured value towards an end of the domain, where it has one. */
function towards(end: number, measured: number): number {
  return Number.isFinite(end) ? end + poleHeadroom * (measured - end) : end;
}

function widenedFreely({ lo, hi }: Bounds, margin: number, reached: Bounds): Range {
  const spare = margin * (hi - lo);
  if (reached.lo >= lo - spare && reached.hi <= hi + spare)
    return { center: (lo + hi) / 2, halfWidth: Math.max((hi - lo) * (0.5 + margin), Number.MIN_VALUE) };
  const [from, to] = [Math.min(lo - spare, reached.lo), Math.max(hi + spare, reached.hi)];
  return { center: (from + to) / 2, halfWidth: (to - from) / 2 };
}

/**
 * Whether every function of the node is affine where its operand can be. A bound that is a kink to the last bit stems
 * from an activation further up (a ReLU of a ReLU), so the margin does not reach beyond it.
 */
function isAffine(node: TensorNodeNamed<'activation'>, lo: number, hi: number, { center, halfWidth }: Range): boolean {
  for (let set = 0; set < activationSets(node.attrs); set++) {
    const kinks = activationKinks(node.attrs, set);
    const from = kinks.includes(lo) ? lo : center - halfWidth;
    const to = kinks.includes(hi) ? hi : center + halfWidth;
    if (!isAffineOn(node.attrs, set, from, to)) return false;
  }
  return true;
}

/** The value of an activation that is flat where its operand is on all samples; undefined of one that is not. */
export function constantOf({ node, lo, hi }: MeasuredActivation): number | undefined {
  const sets = Array.from({ length: activationSets(node.attrs) }, (_, set) => set);
  const value = activationFunction(node.attrs)(lo);
  const isFlat = sets.every((set) => {
    const f = activationFunction(node.attrs, set);
    return isAffineOn(node.attrs, set, lo, hi) && f(lo) === value && f(hi) === value;
  });
  return isFlat ? value : undefined;
}

function widen(bounds: Bounds | undefined, values: Float64Array | undefined): void {
  if (bounds === undefined || values === undefined) return;
  for (const v of values) {
    if (v < bounds.lo) bounds.lo = v;
    if (v > bounds.hi) bounds.hi = v;
  }
}
