/**
 * Whether a plan answers a sample as its model does: no operand leaves the range that its activation was fitted on, no value
 * outgrows the headroom that it has in its modulus, and the outputs differ from those of the model by no more than the part
 * of the allowed error that approximation may take, of the median largest output or of their own, whichever is larger.
 */
import type { Sample } from '../../ir/interface.ts';
import { TensorInterpreter, type TensorKernel, tensorKernel } from '../../ir/interpret/tensor.ts';
import { largestAbsolute } from '../../ir/maths/averages.ts';
import type { TensorModule } from '../../ir/tensor/ops.ts';
import { asEncrypted, type ClippedLimits } from './element-limits.ts';

/** What values inside of the network may grow by: they have 3 bits of headroom. */
export const roomForGrowth = 8;

/** Of float32, which samples may have been stored as. */
export const floatRounding = 2 ** -20;

export interface TrialFacts {
  /** With the activations of the model. */
  readonly exact: TensorModule;
  /** With the polynomials that the plan evaluates. */
  readonly whole: TensorModule;
  readonly samples: readonly Sample[];
  /** What elements of inputs have at most, whatever samples are made of them. */
  readonly limits?: ClippedLimits | undefined;
  /** Of errors: the median largest output. */
  readonly unit: number;
  /** What approximation may change of outputs, as a share of the unit or of the largest of their own. */
  readonly allowedError: number;
}

export class Trial {
  private readonly facts: TrialFacts;
  private readonly exact: TensorInterpreter;
  private readonly kernels: readonly TensorKernel[];
  /** For each value of `whole` the largest on the samples. */
  private readonly ranges: readonly number[];

  constructor(facts: TrialFacts) {
    this.facts = facts;
    this.exact = new TensorInterpreter(facts.exact);
    this.kernels = facts.whole.nodes.map((node) => tensorKernel(facts.whole, node));
    const whole = new TensorInterpreter(facts.whole);
    const ranges = facts.whole.nodes.map(() => 0);
    for (const sample of facts.samples)
      for (const [id, values] of whole.evaluateAll(sample).entries())
        ranges[id] = Math.max(ranges[id] ?? 0, largestAbsolute(values));
    this.ranges = ranges;
  }

  /** Whether operands and values keep their ranges, whatever the outputs are. */
  keepsRanges(sample: Sample): boolean {
    return this.evaluate(sample) !== undefined;
  }

  isAnswered(sample: Sample): boolean {
    const { unit, allowedError } = this.facts;
    const outputs = this.evaluate(sample);
    if (outputs === undefined) return false;
    return [...this.exact.evaluate(sample)].every(([name, expected]) => {
      const got = outputs.get(name);
      const allowed = allowedError * Math.max(unit, largestAbsolute(expected));
      return expected.every((value, i) => Math.abs(value - (got?.[i] ?? NaN)) <= allowed);
    });
  }

  /** The outputs of the plan's polynomials; nothing as soon as a value leaves its range or outgrows its headroom. */
  private evaluate(given: Sample): ReadonlyMap<string, Float64Array> | undefined {
    const sample = asEncrypted(given, this.facts.limits);
    const values: Float64Array[] = [];
    const outputs = new Map<string, Float64Array>();
    for (const node of this.facts.whole.nodes) {
      const operands = node.operands.map((id) => values[id] ?? new Float64Array());
      if (node.op === 'polynomial' && isFitted(node)) {
        const { center, halfWidth } = node.attrs;
        const reach = halfWidth * (1 + floatRounding);
        if (operands[0]?.every((x) => Math.abs(x - center) <= reach) !== true) return undefined;
      }
      const value = this.kernels[node.id]?.(operands, sample) ?? new Float64Array();
      const range = this.ranges[node.id] ?? 0;
      if (range > 0 && !(largestAbsolute(value) <= roomForGrowth * range)) return undefined;
      values.push(value);
      if (node.op === 'output') outputs.set(node.attrs.name, value);
    }
    return outputs;
  }
}

/** Whether the node is a polynomial that stands for an activation: those of models are sums of powers. */
export function isFitted(node: TensorModule['nodes'][number]): boolean {
  return node.op === 'polynomial' && node.attrs.basis === 'chebyshev';
}
