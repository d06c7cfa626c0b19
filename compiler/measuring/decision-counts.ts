/**
 * How clearly steps and signs are decided by what stands for them. That is nearly right away from the threshold, and anything
 * between both sides close to it: within a margin, which is as wide as the levels of the plan leave it.
 */
import { activationFunction } from '../../ir/interpret/activations.ts';
import { compositeKernel, polynomialKernel, type TensorKernel } from '../../ir/interpret/tensor.ts';
import type { DecisionReport } from '../../ir/plan/accuracy-report.ts';
import type { TensorNode, TensorNodeNamed } from '../../ir/tensor/ops.ts';

/** What a decision is off by at least to be unclear, of the jump. */
const leastPart = 0.1;

/** Decisions of one activation, counted sample by sample. */
export class DecisionCount {
  private readonly decide: (x: number) => number;
  private readonly standIn: TensorKernel;
  private readonly leastError: number;
  private first: Float64Array | undefined;
  /** By element: whether its operand differs on the samples, and how many of its decisions are unclear. */
  private varies = new Uint8Array();
  private unclear = new Uint32Array();
  private samples = 0;
  private margins = new Float64Array();

  /** Undefined of an activation that jumps nowhere, or that nothing but a line stands for. */
  static of({ attrs }: TensorNodeNamed<'activation'>, instead: TensorNode | undefined): DecisionCount | undefined {
    if (attrs.kind !== 'step' && attrs.kind !== 'sign') return undefined;
    if (instead?.op === 'polynomial') return new DecisionCount(attrs, polynomialKernel(instead.attrs));
    if (instead?.op === 'composite') return new DecisionCount(attrs, compositeKernel(instead.attrs));
    return undefined;
  }

  private constructor(attrs: TensorNodeNamed<'activation'>['attrs'], standIn: TensorKernel) {
    this.decide = activationFunction(attrs);
    this.standIn = standIn;
    this.leastError = leastPart * (this.decide(1) - this.decide(-1));
  }

  /** The operands of one sample. */
  add(values: Float64Array): void {
    const first = (this.first ??= this.begin(values));
    this.samples++;
    const decided = this.standIn([values], new Map());
    for (const [i, x] of values.entries()) {
      if (x !== first[i]) this.varies[i] = 1;
      if (!(Math.abs((decided[i] ?? 0) - this.decide(x)) > this.leastError)) continue;
      this.unclear[i] = (this.unclear[i] ?? 0) + 1;
      this.margins[i] = Math.max(this.margins[i] ?? 0, Math.abs(x));
    }
  }

  /** Of operands that are not the same on all samples: what is always true is no decision. */
  get report(): DecisionReport {
    let [made, unclear, margin] = [0, 0, 0];
    for (const [i, varies] of this.varies.entries()) {
      if (varies === 0) continue;
      made += this.samples;
      unclear += this.unclear[i] ?? 0;
      margin = Math.max(margin, this.margins[i] ?? 0);
    }
    return { made, unclear, margin };
  }

  private begin(values: Float64Array): Float64Array {
    this.varies = new Uint8Array(values.length);
    this.unclear = new Uint32Array(values.length);
    this.margins = new Float64Array(values.length);
    return values.slice();
  }
}
