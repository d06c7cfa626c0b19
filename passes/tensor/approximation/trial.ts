/** Runs a model with polynomials in place of its activations and tells how far its outputs move. */
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { polynomialKernel, tensorKernel, type TensorKernel } from '../../../ir/interpret/tensor.ts';
import { errorUnit } from '../../../ir/maths/error-unit.ts';
import type { ValueId } from '../../../ir/op.ts';
import type { TensorModule } from '../../../ir/tensor/ops.ts';
import type { Sample } from '../../../ir/interface.ts';
import type { PolynomialAttrs } from './fit.ts';

/** The polynomial that stands for each activation; an activation without one is evaluated exactly. */
export type Replacements = ReadonlyMap<ValueId, PolynomialAttrs>;

/** Rounding may carry a value this part of the range beyond its ends. */
const rangeSlack = 1e-9;

export class ActivationTrial {
  readonly unit: number;
  private readonly module: TensorModule;
  private readonly samples: readonly Sample[];
  private readonly kernels: readonly TensorKernel[];
  private readonly outputs: readonly ValueId[];
  private readonly exact: readonly (readonly Float64Array[])[];

  constructor(module: TensorModule, samples: readonly Sample[]) {
    this.module = module;
    this.samples = samples;
    this.kernels = module.nodes.map((node) => tensorKernel(module, node));
    this.outputs = module.nodes.filter((node) => node.op === 'output').map((node) => node.id);
    this.exact = samples.map((sample) => this.outputsOf(sample, new Map(), new Map()) ?? []);
    this.unit = errorUnit(this.exact);
  }

  /**
   * The largest difference of any output on any sample, in units of `unit`. Infinite where an operand of a polynomial
   * leaves the range that it is made for, and as soon as the error exceeds `errorBound`.
   */
  error(replacements: Replacements, errorBound = Infinity): number {
    const kernels = new Map([...replacements].map(([id, attrs]) => [id, polynomialKernel(attrs)] as const));
    let worst = 0;
    for (const [number, sample] of this.samples.entries()) {
      const outputs = this.outputsOf(sample, kernels, replacements);
      if (outputs === undefined) return Infinity;
      for (const [k, values] of outputs.entries()) {
        const exact = this.exact[number]?.[k];
        for (let i = 0; i < values.length; i++) {
          worst = Math.max(worst, Math.abs((values[i] ?? 0) - (exact?.[i] ?? 0)) / this.unit);
        }
      }
      if (worst > errorBound) return Infinity;
    }
    return worst;
  }

  /** The outputs in order, or undefined where a polynomial is asked beyond its range. */
  private outputsOf(
    sample: Sample,
    polynomials: ReadonlyMap<ValueId, TensorKernel>,
    replacements: Replacements,
  ): Float64Array[] | undefined {
    const values: Float64Array[] = [];
    for (const { id, operands } of this.module.nodes) {
      const kernel = polynomials.get(id) ?? this.kernels[id];
      if (kernel === undefined) throw new InternalError(`%${id} has no kernel`);
      const operandValues = operands.map((operand) => values[operand] ?? new Float64Array());
      const replacement = replacements.get(id);
      const [x] = operandValues;
      if (replacement !== undefined && x !== undefined && !isCovered(x, replacement)) return undefined;
      values.push(kernel(operandValues, sample));
    }
    return this.outputs.map((id) => values[id] ?? new Float64Array());
  }
}

function isCovered(values: Float64Array, { center, halfWidth }: PolynomialAttrs): boolean {
  const reach = halfWidth * (1 + rangeSlack);
  return values.every((x) => Math.abs(x - center) <= reach);
}
