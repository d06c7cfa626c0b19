/** `approximate-activations`: puts polynomials and compositions of some, which can be evaluated under encryption, in place of activations. */
import { z } from 'zod';

import type { ClientModule } from '../../ir/client/ops.ts';
import { Constant, elementCount, vector } from '../../ir/constant.ts';
import { activationErrorTooLarge, activationsNeedSamples, constantOnSamples } from '../../ir/diagnostics/compile.ts';
import { activationFunction, activationSets } from '../../ir/interpret/activations.ts';
import { highestDegree } from '../../ir/maths/highest-degree.ts';
import type { ValueId } from '../../ir/op.ts';
import { TensorBuilder, type TensorModule } from '../../ir/tensor/ops.ts';
import type { Criterion } from './approximation/composite-choice.ts';
import { ActivationFit } from './approximation/fit.ts';
import { constantOf, measureActivations, type MeasuredActivation, type Measurement } from './approximation/measure.ts';
import { commonEffects, searchStandIns } from './approximation/search.ts';
import { highestDegreeOf } from './approximation/stand-in.ts';
import { ActivationTrial, anyEffect, type Effect, type Replacements } from './approximation/trial.ts';
import { evenly } from '../base/evenly.ts';
import { definePass, type PassContext } from '../base/pass.ts';

/** Candidates are tried on at most so many samples, evenly picked; ranges are measured on all of them. */
const maxTrialSamples = 256;

const defaultMargin = 0.1;

const options = z.strictObject({
  maxError: z.number().positive().default(0.01),
  share: z.number().positive().max(1).default(0.5),
  maxDisagreement: z.number().min(0).optional(),
  maxDegree: z.int().min(2).max(highestDegree).default(highestDegree),
  margin: z.number().min(0).default(defaultMargin),
  criterion: z.enum(['auto', 'minimax', 'least-squares']).default('auto'),
  synthetic: z.boolean().default(false),
});

export const approximateActivations = definePass({
  name: 'approximate-activations',
  level: 'tensor',
  doc:
    'Replaces every activation by a polynomial in the Chebyshev basis, or where it has breaks (ReLU, Clip, a step) by a composite ' +
    'of odd polynomials, on the range that its operand takes on the ' +
    'calibration samples, widened by `margin` of its width on both sides, and as far as samples reach that are amplified, ' +
    'at most twice, to the largest value of any and 5 % beyond; a comparison of inputs that the client keeps within limits gets the ' +
    'range that follows from these. Takes the least multiplicative depth for ' +
    'which the outputs on the samples stay within the part `share` of `maxError` (a fraction of the median over samples of ' +
    'the largest absolute output), no more than the part `maxDisagreement` of the samples get another label by what the client ' +
    'makes of the outputs, or by their largest score, and no operand leaves its range; then takes depth, and products of ciphertexts, from single activations where that still holds; where a trial on all samples ' +
    'takes long, most are on few, and what is chosen was tried on all. No polynomial has ' +
    'a degree above `maxDegree`. ' +
    '`criterion` says what is fitted: `minimax` the least largest error on the range (Remez), `least-squares` the least ' +
    'mean square error over the measured values and, a little, over the whole range, `auto` whichever does better. An ' +
    'activation that is affine on its range becomes a scale-shift, with a warning where it is constant on the samples. Assumes that the samples are typical: inputs that ' +
    'lead beyond the ranges give wrong answers. `synthetic` says that the samples are made up, which is refused.',
  options,
  requires: ['unrounded'],
  ensures: ['polynomial'],
  statistics: {
    replaced: 'activations that became polynomials or composites',
    affine: 'activations that became scale-shifts',
    degree: 'highest degree of a polynomial',
    depth: 'most levels that a stand-in takes',
    error: 'change of the outputs on the samples, as a fraction of the median largest output',
    changed: 'part of the samples that get another label',
  },
  run: (module, { maxError, share, margin, criterion, synthetic, ...most }, { samples, post, limits, report }) => {
    const nothing = { module, statistics: { replaced: 0, affine: 0, degree: 0, depth: 0, error: 0, changed: 0 } };
    const activations = module.nodes.filter((node) => node.op === 'activation');
    if (activations.length === 0) return nothing;
    if (synthetic || samples.length === 0) {
      const nodes = activations.flatMap((node) => node.origins);
      report(activationsNeedSamples({ count: activations.length }, { nodes }));
      return nothing;
    }
    const { activations: all, fits, problems, trial } = workOn(module, { samples, limits }, margin);
    if (problems.length > 0) {
      problems.forEach(report);
      return nothing;
    }
    for (const entry of all) {
      const value = constantOf(entry);
      if (value === undefined) continue;
      const { node, lo, hi } = entry;
      report(constantOnSamples({ kind: node.attrs.kind, value, lo, hi }, { nodes: node.origins }));
    }
    const affine = all.filter((entry) => entry.affine);
    if (fits.length === 0) {
      const result = replaceActivations(module, affine, new Map());
      return { module: result, statistics: { ...nothing.statistics, affine: affine.length } };
    }
    const criteria: Criterion[] = criterion === 'auto' ? ['least-squares', 'minimax'] : [criterion];
    const allowed = {
      error: share * maxError,
      changed: most.maxDisagreement ?? Infinity,
      maxDegree: most.maxDegree,
    };
    const found = searchStandIns(fits, trial(post), criteria, allowed);
    if ('worst' in found) {
      const { node, range } = found.worst.activation;
      const [lo, hi] = [range.center - range.halfWidth, range.center + range.halfWidth];
      const { degree, effect } = found;
      report(
        activationErrorTooLarge({ kind: node.attrs.kind, lo, hi, degree, effect, allowed }, { nodes: node.origins }),
      );
      return nothing;
    }
    const standIns = [...found.standIns.values()];
    return {
      module: replaceActivations(module, affine, found.standIns),
      statistics: {
        replaced: fits.length,
        affine: affine.length,
        degree: Math.max(...standIns.map(({ node }) => highestDegreeOf(node))),
        depth: Math.max(...standIns.map(({ depth }) => depth)),
        ...found.effect,
      },
    };
  },
});

/**
 * What stand-ins of one depth for all activations change on the samples, by ascending depth; nothing without any. `post` is what
 * the client computes of the outputs, and decides by them.
 */
export function effectsByDepth(
  module: TensorModule,
  shown: Shown,
  most: number = highestDegree,
  post?: ClientModule,
): { readonly depth: number; readonly effect: Effect }[] {
  const { fits, trial } = workOn(module, shown, defaultMargin);
  if (fits.length === 0) return [];
  return commonEffects(fits, trial(post), ['least-squares', 'minimax'], { ...anyEffect, maxDegree: most });
}

/** The activations that polynomials stand for, in the order of the network, as they are measured on the samples. */
export function fittedActivations(module: TensorModule, shown: Shown): readonly MeasuredActivation[] {
  return workOn(module, shown, defaultMargin).fits.map(({ activation }) => activation);
}

/** What inputs are like: samples, and the limits of all others. */
type Shown = Pick<PassContext, 'samples' | 'limits'>;

/** What is known of the activations of a module on samples, whatever may be allowed. */
interface ActivationWork extends Measurement, Shown {
  /** Of those that are not affine. */
  readonly fits: readonly ActivationFit[];
  readonly margin: number;
  readonly trial: (post: ClientModule | undefined) => ActivationTrial;
}

/** Of modules that were worked on: several errors are tried on one. */
const known = new WeakMap<TensorModule, ActivationWork>();

function workOn(module: TensorModule, { samples, limits }: Shown, margin: number): ActivationWork {
  const before = known.get(module);
  if (before?.samples === samples && before.limits === limits && before.margin === margin) return before;
  const measurement = measureActivations(module, samples, margin, limits);
  const fits = measurement.activations.filter((entry) => !entry.affine).map((entry) => new ActivationFit(entry));
  const exact = evenly(measurement.outputs, maxTrialSamples);
  const trials = new Map<ClientModule | undefined, ActivationTrial>();
  const work: ActivationWork = {
    ...measurement,
    ...{ fits, samples, limits, margin },
    trial: (post) => {
      const before = trials.get(post) ?? new ActivationTrial(module, evenly(samples, maxTrialSamples), { post, exact });
      trials.set(post, before);
      return before;
    },
  };
  known.set(module, work);
  return work;
}

function replaceActivations(
  module: TensorModule,
  affine: readonly MeasuredActivation[],
  standIns: Replacements,
): TensorModule {
  const builder = new TensorBuilder();
  const values: ValueId[] = [];
  for (const node of module.nodes) {
    const operands = node.operands.map((operand) => values[operand] ?? -1);
    const standIn = standIns.get(node.id)?.node;
    const line = affine.find((entry) => entry.node.id === node.id);
    if (standIn?.op === 'polynomial') {
      values.push(builder.add('polynomial', operands, standIn.attrs, node.origins));
    } else if (standIn !== undefined) {
      values.push(builder.add('composite', operands, standIn.attrs, node.origins));
    } else if (line !== undefined) {
      values.push(builder.add('scale-shift', operands, scaleShiftOf(line), node.origins));
    } else {
      values.push(builder.copy(node, (operand) => values[operand] ?? -1));
    }
  }
  return builder.build(module.name);
}

/** The line through both ends of the measured range, for each function of an activation that is affine there. */
function scaleShiftOf({ node, lo, hi }: MeasuredActivation): { factors: Constant; offsets: Constant } {
  const sets = activationSets(node.attrs);
  const length = sets === 1 ? 1 : elementCount(node.type);
  const lines = Array.from({ length: sets }, (_, set) => {
    const f = activationFunction(node.attrs, set);
    const factor = (f(hi) - f(lo)) / (hi - lo);
    return { factor, offset: f(lo) - factor * lo };
  });
  const spread = (of: (line: { factor: number; offset: number }) => number) =>
    vector(
      Float64Array.from({ length }, (_, i) => {
        const line = lines[Math.floor((i * sets) / length)];
        return line === undefined ? 0 : of(line);
      }),
    );
  return { factors: spread(({ factor }) => factor), offsets: spread(({ offset }) => offset) };
}
