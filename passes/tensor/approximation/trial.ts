/** Runs a model with stand-ins in place of its activations and tells how far its outputs move, and what it decides otherwise. */
import type { ClientModule } from '../../../ir/client/ops.ts';
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { Decisions } from '../../../ir/interpret/decisions.ts';
import { tensorKernel, type TensorKernel } from '../../../ir/interpret/tensor.ts';
import { errorUnit } from '../../../ir/maths/error-unit.ts';
import type { ValueId } from '../../../ir/op.ts';
import type { TensorModule } from '../../../ir/tensor/ops.ts';
import { productsOf } from '../../../ir/tensor/products.ts';
import type { Sample } from '../../../ir/interface.ts';
import { evenly } from '../../base/evenly.ts';
import { type StandIn, standInKernel } from './stand-in.ts';

/** What stands for each activation; an activation without a stand-in is evaluated exactly. */
export type Replacements = ReadonlyMap<ValueId, StandIn>;

/** Rounding may carry a value this part of the range beyond its ends. */
const rangeSlack = 1e-9;

/** Products of a trial on all samples, half a second or so, beyond which most candidates are tried on fewer. */
const dearProducts = 3.2e8;

/** So many at least. */
const fewestSamples = 8;

/** What replacements do to the outputs, and what they may do. */
export interface Effect {
  /** Largest difference of any output on any sample, in units of the trial. */
  readonly error: number;
  /** The part of samples that are decided otherwise. */
  readonly changed: number;
}

export const anyEffect: Effect = { error: Infinity, changed: Infinity };

/** What is known of replacements: their effect, or that it is beyond this. */
type Known = { readonly effect: Effect } | { readonly beyond: Effect };

export interface TrialOptions {
  /** What the client computes of the outputs, and decides by them. */
  readonly post?: ClientModule | undefined;
  /** The outputs of the samples with exact activations, where they are known. */
  readonly exact?: readonly Sample[];
  /** Of errors; what is usual on these samples unless given. */
  readonly unit?: number;
}

export class ActivationTrial {
  readonly unit: number;
  private readonly module: TensorModule;
  private readonly samples: readonly Sample[];
  /** Their numbers, those first at which candidates have failed: others fail there as well. */
  private order: readonly number[];
  private readonly kernels: readonly TensorKernel[];
  private readonly outputs: readonly (readonly [name: string, id: ValueId])[];
  private readonly exact: readonly Sample[];
  private readonly decisions: Decisions;
  private readonly known = new Map<string, Known>();
  private readonly numbers = new Map<StandIn, number>();
  private readonly post: ClientModule | undefined;
  private fewer: ActivationTrial | undefined;

  constructor(module: TensorModule, samples: readonly Sample[], { post, exact, unit }: TrialOptions = {}) {
    this.module = module;
    this.samples = samples;
    this.post = post;
    this.order = [...samples.keys()];
    this.kernels = module.nodes.map((node) => tensorKernel(module, node));
    this.outputs = module.nodes.flatMap((node) => (node.op === 'output' ? [[node.attrs.name, node.id] as const] : []));
    this.exact =
      exact ?? samples.map((sample) => this.outputsOf(sample, new Map(), new Map()) ?? new Map<string, Float64Array>());
    this.unit = unit ?? errorUnit(this.exact.map((outputs) => outputs.values()));
    this.decisions = new Decisions(module, post);
  }

  /**
   * The same on fewer samples, evenly picked, where a trial on all of them takes long; undefined where it does not. One for all
   * who ask, which knows what was tried.
   */
  scout(): ActivationTrial | undefined {
    const { module, samples, post, unit } = this;
    const few = Math.max(fewestSamples, Math.floor(dearProducts / productsOf(module)));
    if (few >= samples.length) return undefined;
    return (this.fewer ??= new ActivationTrial(module, evenly(samples, few), {
      ...{ post, unit },
      exact: evenly(this.exact, few),
    }));
  }

  /**
   * Undefined where the effect is beyond `most` in error or in decisions, and where an operand of a stand-in leaves the
   * range that it is made for. What was tried before is not run again.
   */
  effect(replacements: Replacements, most: Effect = anyEffect): Effect | undefined {
    const name = [...replacements].map(([id, standIn]) => `${id}:${this.numberOf(standIn)}`).join();
    const known = this.known.get(name);
    if (known !== undefined && 'effect' in known) return isWithin(known.effect, most) ? known.effect : undefined;
    if (known !== undefined && isWithin(most, known.beyond)) return undefined;
    const effect = this.run(replacements, most);
    this.known.set(name, effect === undefined ? { beyond: most } : { effect });
    return effect;
  }

  private run(replacements: Replacements, most: Effect): Effect | undefined {
    const kernels = new Map([...replacements].map(([id, standIn]) => [id, standInKernel(standIn)] as const));
    let error = 0;
    const failing: number[] = [];
    let otherwise = 0;
    for (const number of this.order) {
      const own = this.effectOn(number, kernels, replacements);
      error = Math.max(error, own?.error ?? Infinity);
      if (own?.isSame !== true) otherwise++;
      if (own?.isSame !== true || own.error > most.error) failing.push(number);
      if (own === undefined || !isWithin({ error, changed: otherwise / this.samples.length }, most)) {
        this.order = [...new Set([...failing, ...this.order])];
        return undefined;
      }
    }
    return { error, changed: otherwise / this.samples.length };
  }

  /** On one sample; undefined where an operand of a stand-in leaves its range. */
  private effectOn(
    number: number,
    kernels: ReadonlyMap<ValueId, TensorKernel>,
    replacements: Replacements,
  ): { readonly error: number; readonly isSame: boolean } | undefined {
    const [sample, exact] = [this.samples[number], this.exact[number]];
    const outputs = sample && this.outputsOf(sample, kernels, replacements);
    if (outputs === undefined || exact === undefined) return undefined;
    let error = 0;
    for (const [name, values] of outputs) {
      const right = exact.get(name);
      for (let i = 0; i < values.length; i++)
        error = Math.max(error, Math.abs((values[i] ?? 0) - (right?.[i] ?? 0)) / this.unit);
    }
    return { error, isSame: this.decisions.agree(outputs, exact) };
  }

  private numberOf(standIn: StandIn): number {
    const number = this.numbers.get(standIn) ?? this.numbers.size;
    this.numbers.set(standIn, number);
    return number;
  }

  /** The outputs in order, or undefined where a stand-in is asked beyond its range. */
  private outputsOf(
    sample: Sample,
    kernels: ReadonlyMap<ValueId, TensorKernel>,
    replacements: Replacements,
  ): Sample | undefined {
    const values: Float64Array[] = [];
    for (const { id, operands } of this.module.nodes) {
      const kernel = kernels.get(id) ?? this.kernels[id];
      if (kernel === undefined) throw new InternalError(`%${id} has no kernel`);
      const operandValues = operands.map((operand) => values[operand] ?? new Float64Array());
      const replacement = replacements.get(id);
      const [x] = operandValues;
      if (replacement !== undefined && x !== undefined && !isCovered(x, replacement)) return undefined;
      values.push(kernel(operandValues, sample));
    }
    return new Map(this.outputs.map(([name, id]) => [name, values[id] ?? new Float64Array()]));
  }
}

function isWithin({ error, changed }: Effect, most: Effect): boolean {
  return error <= most.error && changed <= most.changed;
}

function isCovered(values: Float64Array, { range: { center, halfWidth } }: StandIn): boolean {
  const reach = halfWidth * (1 + rangeSlack);
  return values.every((x) => Math.abs(x - center) <= reach);
}
