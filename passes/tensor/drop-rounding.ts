/** `drop-rounding`: reads a quantised network as the network of reals that it approximates. */
import { z } from 'zod';

import { roundingNeedsSamples, roundingRead, roundingTooLarge } from '../../ir/diagnostics/quantization.ts';
import type { Sample } from '../../ir/interface.ts';
import { TensorInterpreter } from '../../ir/interpret/tensor.ts';
import { errorUnit } from '../../ir/maths/error-unit.ts';
import type { ValueId } from '../../ir/op.ts';
import { TensorBuilder, type TensorModule, type TensorNodeNamed } from '../../ir/tensor/ops.ts';
import { evenly } from '../base/evenly.ts';
import { definePass } from '../base/pass.ts';

/** Bounds that hardly matter are left out as long as the outputs change by no more than this part of the error. */
const shareOfError = 0.1;

/** Outputs are compared on at most so many samples, evenly picked; values are compared with bounds on all of them. */
const maxTrialSamples = 256;

const options = z.strictObject({
  maxError: z.number().positive().default(0.01),
  synthetic: z.boolean().default(false),
});

export const dropRounding = definePass({
  name: 'drop-rounding',
  level: 'tensor',
  lossy: true,
  doc:
    'Takes the roundings of a quantised model out, `quantize` ops all of them: what is left is the network of reals that ' +
    'the model approximates. A bound that values reach on the calibration samples stays, as one side of a clip, since ' +
    'quantisation to unsigned integers is how models express a ReLU; bounds that only outliers reach go too, those that ' +
    'are exceeded least first, as long as the outputs change by at most a tenth of `maxError`. How much all of this ' +
    'changes the outputs on the samples is reported, and refused where it is more than `maxError`; for the error of a ' +
    'plan is predicted against the model with its roundings. `synthetic` says that the samples are made up, which is ' +
    'refused.',
  options,
  requires: [],
  ensures: ['unrounded'],
  statistics: {
    roundings: 'roundings that are gone',
    clips: 'clips in place of roundings whose bounds matter',
    error: 'change of the outputs on the samples, as a fraction of the median largest output',
  },
  run: (module, { maxError, synthetic }, { samples, report }) => {
    const roundings = module.nodes.filter((node) => node.op === 'quantize');
    const statistics = { roundings: roundings.length, clips: 0, error: 0 };
    if (roundings.length === 0) return { module, statistics };
    const nodes = roundings.flatMap(({ origins }) => origins);
    if (synthetic || samples.length === 0) {
      report(roundingNeedsSamples({ count: roundings.length }, { nodes }));
      return { module: withoutRoundings(module, []), statistics };
    }
    const sides = reachedSides(module, roundings, samples);
    const trial = new OutputTrial(evenly(samples, maxTrialSamples), module);
    const needed = neededSides(module, sides, trial, shareOfError * maxError);
    const result = withoutRoundings(module, needed);
    const error = trial.change(trial.exact, trial.outputsOf(result));
    const clips = new Set(needed.map(({ node }) => node)).size;
    const facts = { count: roundings.length, clips, error };
    report(error < maxError ? roundingRead(facts) : roundingTooLarge({ ...facts, maxError }, { nodes }));
    return { module: result, statistics: { ...statistics, clips, error } };
  },
});

/** A bound of a rounding that values exceed by more than the rounding itself. */
interface Side {
  readonly node: ValueId;
  readonly bound: 'lowest' | 'highest';
  /** As a fraction of the distance of both bounds. */
  readonly excess: number;
}

/** Those that are reached on the samples, by ascending excess. */
function reachedSides(
  module: TensorModule,
  roundings: readonly TensorNodeNamed<'quantize'>[],
  samples: readonly Sample[],
): readonly Side[] {
  const interpreter = new TensorInterpreter(module);
  const fixed = roundings.filter(({ attrs }) => attrs.steps === 'one');
  const extremes = fixed.map(() => ({ least: Infinity, most: -Infinity }));
  for (const sample of samples) {
    const values = interpreter.evaluateAll(sample);
    for (const [k, { operands }] of fixed.entries()) {
      const seen = extremes[k];
      if (seen === undefined) continue;
      for (const x of values[operands[0] ?? -1] ?? []) {
        if (x < seen.least) seen.least = x;
        if (x > seen.most) seen.most = x;
      }
    }
  }
  return fixed
    .flatMap(({ id, attrs: { lowest, highest } }, k): Side[] => {
      const { least, most } = extremes[k] ?? { least: lowest, most: highest };
      return [
        { node: id, bound: 'lowest', excess: (lowest - 0.5 - least) / (highest - lowest) },
        { node: id, bound: 'highest', excess: (most - highest - 0.5) / (highest - lowest) },
      ];
    })
    .filter(({ excess }) => excess > 0)
    .toSorted((a, b) => a.excess - b.excess);
}

/** What is left of `sides`, which ascend, when as many as the outputs allow are dropped. */
function neededSides(
  module: TensorModule,
  sides: readonly Side[],
  trial: OutputTrial,
  allowed: number,
): readonly Side[] {
  const clipped = trial.outputsOf(withoutRoundings(module, sides));
  const isAllowed = (dropped: number) =>
    trial.change(clipped, trial.outputsOf(withoutRoundings(module, sides.slice(dropped)))) <= allowed;
  let [most, tooMany] = [0, sides.length + 1];
  while (most + 1 < tooMany) {
    const dropped = Math.floor((most + tooMany) / 2);
    if (isAllowed(dropped)) most = dropped;
    else tooMany = dropped;
  }
  return sides.slice(most);
}

/** `module` with the bounds `kept` of its roundings alone. */
function withoutRoundings(module: TensorModule, kept: readonly Side[]): TensorModule {
  const builder = new TensorBuilder();
  const values: ValueId[] = [];
  const largest = Number.MAX_VALUE;
  for (const node of module.nodes) {
    if (node.op !== 'quantize') {
      values.push(builder.copy(node, (operand) => values[operand] ?? -1));
      continue;
    }
    const [x = -1] = node.operands.map((operand) => values[operand] ?? -1);
    const bounds = kept.filter((side) => side.node === node.id).map(({ bound }) => bound);
    const lowest = bounds.includes('lowest') ? node.attrs.lowest : -largest;
    const highest = bounds.includes('highest') ? node.attrs.highest : largest;
    if (bounds.length === 0) values.push(x);
    else if (lowest === 0 && highest === largest)
      values.push(builder.add('activation', [x], { kind: 'relu', parameters: [] }, node.origins));
    else values.push(builder.add('activation', [x], { kind: 'clip', parameters: [lowest, highest] }, node.origins));
  }
  return builder.build(module.name);
}

type Outputs = readonly (readonly Float64Array[])[];

/** The outputs of variants of a module on the same samples. */
class OutputTrial {
  /** Of the module itself. */
  readonly exact: Outputs;
  private readonly samples: readonly Sample[];
  private readonly unit: number;

  constructor(samples: readonly Sample[], module: TensorModule) {
    this.samples = samples;
    this.exact = this.outputsOf(module);
    this.unit = errorUnit(this.exact);
  }

  outputsOf(module: TensorModule): Outputs {
    const interpreter = new TensorInterpreter(module);
    return this.samples.map((sample) => [...interpreter.evaluate(sample).values()]);
  }

  /** The largest difference of any output, as a fraction of the median largest output. */
  change(from: Outputs, to: Outputs): number {
    let worst = 0;
    for (const [k, outputs] of from.entries()) {
      for (const [o, values] of outputs.entries()) {
        values.forEach((value, i) => {
          const difference = Math.abs(value - (to[k]?.[o]?.[i] ?? Infinity));
          // What is not finite is reported by whoever computes with it later.
          if (difference > worst) worst = difference;
        });
      }
    }
    return worst / this.unit;
  }
}
