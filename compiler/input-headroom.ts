/**
 * How far inputs may exceed the calibrated range: the largest factor by which the samples can be amplified, all inputs
 * together or one alone, so that the plan still computes the model.
 *
 * - Values have 3 bits of headroom. Where an input is h times as large, a value of degree d in the inputs is about h^d
 *   times as large, so h ≤ 8^(1/d) for the largest degree of a value that depends on it. The degree counts all inputs,
 *   since all may be larger at once.
 * - A polynomial that stands for an activation is close to it on the range that it was fitted on, and there only: outside
 *   of it an approximation of degree 15 is 10^22 off. Inside it is bounded, and counts for the growth as degree one. So
 *   the samples themselves are amplified, step by step, until an operand leaves its range, a value outgrows the headroom,
 *   or the outputs differ from those of the model by more than the part of the allowed error that approximation may take.
 *
 * What this promises: calibration samples are in range, and so are these amplified until one of their values reaches the
 * bound (at most twice beside those that are as large as any, see `louder-samples.ts`); all of them are answered within
 * the allowed error, as a share of the median largest output or of their own, whichever is larger. Other inputs that
 * keep the bound element by element may still lead beyond a range: no bound on elements can tell.
 */
import { TensorInterpreter } from '../ir/interpret/tensor.ts';
import type { Sample } from '../ir/interface.ts';
import { largestAbsolute } from '../ir/maths/averages.ts';
import type { TensorModule } from '../ir/tensor/ops.ts';
import { amplified, gains } from '../passes/base/louder-samples.ts';
import { largestShare } from './simplify.ts';

/** What values inside of the network may grow by. */
const roomForGrowth = 8;

/** Of float32, which samples may have been stored as. */
const floatRounding = 2 ** -20;

/** Factors that are tried, up to the first that is not safe: amplifying once more takes 2 % up to 1.3, then 10 %. */
const triedFactors = [...steps(1, 1.3, 1.02), ...steps(1.3, roomForGrowth, 1.1)];

export interface HeadroomFacts {
  /** With the activations of the model. */
  readonly exact: TensorModule;
  /** With the polynomials that the plan evaluates. */
  readonly whole: TensorModule;
  readonly samples: readonly Sample[];
  /** Of errors: the median largest output. */
  readonly unit: number;
  readonly maxError: number;
}

/** A factor of at least one for each input, by name. */
export function inputHeadroom(facts: HeadroomFacts): Map<string, number> {
  const byDegree = growthBounds(facts.exact);
  if (!facts.whole.nodes.some(isFitted) && !facts.exact.nodes.some(({ op }) => op === 'activation')) return byDegree;
  const trial = new AmplifiedSamples(facts);
  const most = Math.max(...byDegree.values());
  const together = trial.largestGain(most, undefined);
  const names = [...byDegree.keys()];
  return new Map(
    [...byDegree].map(([name, bound]) => {
      const alone = names.length === 1 ? together : trial.largestGain(together, new Set([name]));
      return [name, Math.max(1 + floatRounding, Math.min(bound, together, alone))];
    }),
  );
}

/** For each input the bound from the degrees of the values that depend on it. */
function growthBounds(module: TensorModule): Map<string, number> {
  const degrees: number[] = [];
  const reads: ReadonlySet<string>[] = [];
  const highest = new Map<string, number>();
  for (const node of module.nodes) {
    const operands = node.operands.map((operand) => degrees[operand] ?? 0);
    const names = new Set(node.operands.flatMap((operand) => [...(reads[operand] ?? [])]));
    let degree = Math.max(0, ...operands);
    if (node.op === 'input') {
      names.add(node.attrs.name);
      degree = 1;
    }
    if (node.op === 'multiply') degree = operands.reduce((sum, each) => sum + each, 0);
    if (node.op === 'polynomial' && !isFitted(node)) degree *= Math.max(1, (node.attrs.coefficients.shape[1] ?? 1) - 1);
    degrees[node.id] = degree;
    reads[node.id] = names;
    for (const name of names) highest.set(name, Math.max(highest.get(name) ?? 1, degree));
  }
  return new Map([...highest].map(([name, degree]) => [name, roomForGrowth ** (1 / degree)]));
}

/** Whether the node is a polynomial that stands for an activation: those of models are sums of powers. */
function isFitted(node: TensorModule['nodes'][number]): boolean {
  return node.op === 'polynomial' && node.attrs.basis === 'chebyshev';
}

class AmplifiedSamples {
  private readonly facts: HeadroomFacts;
  private readonly exact: TensorInterpreter;
  private readonly whole: TensorInterpreter;
  private readonly gains: readonly number[];
  /** For each value of `whole` the largest on the samples. */
  private readonly ranges: readonly number[];

  constructor(facts: HeadroomFacts) {
    this.facts = facts;
    this.exact = new TensorInterpreter(facts.exact);
    this.whole = new TensorInterpreter(facts.whole);
    this.gains = gains(facts.samples);
    const ranges = facts.whole.nodes.map(() => 0);
    for (const sample of facts.samples)
      for (const [id, values] of this.whole.evaluateAll(sample).entries())
        ranges[id] = Math.max(ranges[id] ?? 0, largestAbsolute(values));
    this.ranges = ranges;
  }

  /** The largest factor up to `most` that is safe for the inputs of these names, by default all; 1 where none is. */
  largestGain(most: number, names: ReadonlySet<string> | undefined): number {
    let safe = 1;
    for (const factor of triedFactors) {
      if (factor > most || !this.isSafe(factor, names)) break;
      safe = factor;
    }
    return safe;
  }

  private isSafe(factor: number, names: ReadonlySet<string> | undefined): boolean {
    return this.facts.samples.every((sample, k) =>
      this.isAnswered(amplified(amplified(sample, this.gains[k] ?? 1), factor, names)),
    );
  }

  /** Whether the plan's polynomials compute for this sample what the model computes, with room for every value. */
  private isAnswered(sample: Sample): boolean {
    const { whole, unit, maxError } = this.facts;
    const values = this.whole.evaluateAll(sample);
    const isHeld = whole.nodes.every((node) => {
      const range = this.ranges[node.id] ?? 0;
      const own = largestAbsolute(values[node.id] ?? new Float64Array());
      if (range > 0 && !(own <= roomForGrowth * range)) return false;
      if (node.op !== 'polynomial' || !isFitted(node)) return true;
      const { center, halfWidth } = node.attrs;
      const reach = halfWidth * (1 + floatRounding);
      return values[node.operands[0] ?? -1]?.every((x) => Math.abs(x - center) <= reach) === true;
    });
    if (!isHeld) return false;
    const outputs = new Map(
      whole.nodes.flatMap((node) => (node.op === 'output' ? [[node.attrs.name, values[node.id]] as const] : [])),
    );
    return [...this.exact.evaluate(sample)].every(([name, expected]) => {
      const got = outputs.get(name);
      const allowed = largestShare * maxError * Math.max(unit, largestAbsolute(expected));
      return expected.every((value, i) => Math.abs(value - (got?.[i] ?? NaN)) <= allowed);
    });
  }
}

/** From the first factor above `from` up to `to`. */
function steps(from: number, to: number, ratio: number): number[] {
  const found: number[] = [];
  for (let factor = from * ratio; factor <= to; factor *= ratio) found.push(factor);
  return found;
}
