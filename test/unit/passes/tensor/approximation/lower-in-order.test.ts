import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { vector } from '../../../../../ir/constant.ts';
import { TensorBuilder, type TensorModule } from '../../../../../ir/tensor/ops.ts';
import type { Sample } from '../../../../../ir/interface.ts';
import { seededRandom } from '../../../../../ir/random.ts';
import { ActivationFit } from '../../../../../passes/tensor/approximation/fit.ts';
import { lowerInOrder } from '../../../../../passes/tensor/approximation/lower-in-order.ts';
import { measureActivations } from '../../../../../passes/tensor/approximation/measure.ts';
import type { StandIn } from '../../../../../passes/tensor/approximation/stand-in.ts';
import { ActivationTrial } from '../../../../../passes/tensor/approximation/trial.ts';

/** Two rows of ReLUs whose sums are added, one of them `weight` times. */
function twoRows(weight: number): TensorModule {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [4] }, []);
  const first = builder.add('activation', [x], { kind: 'relu', parameters: [] }, []);
  const second = builder.add('activation', [x], { kind: 'sigmoid', parameters: [] }, []);
  const scaled = builder.add('scale-shift', [second], { factors: vector([weight]), offsets: vector([0]) }, []);
  builder.add('output', [builder.add('add', [first, scaled], {}, [])], { name: 'y' }, []);
  return builder.build('two rows');
}

const random = seededRandom(3);
const samples = Array.from({ length: 12 }, (): Sample => {
  return new Map([['x', Float64Array.from({ length: 4 }, () => 4 * random.uniform() - 2)]]);
});

const depths = [1, 2, 3, 4, 5];

function optionsOf(fit: ActivationFit): StandIn[] {
  return depths.flatMap((depth) => fit.polynomialsOf(depth, 'minimax', 31));
}

const productsPerLevel = 8;

function costOf(choices: readonly StandIn[]): number {
  return choices.reduce((sum, { depth, products }) => sum + productsPerLevel * depth + products, 0);
}

describe('stand-ins are lowered', () => {
  test('to ever cheaper ones, all of them allowed, until no step is left', () => {
    const errors = fc.double({ min: 0.005, max: 0.2, noNaN: true });
    fc.assert(
      fc.property(fc.constantFrom(0.01, 1, 30), errors, (weight, error) => {
        const module = twoRows(weight);
        const fits = measureActivations(module, samples, 0.1).activations.map((each) => new ActivationFit(each));
        const trial = new ActivationTrial(module, samples);
        const effectOf = (choices: readonly StandIn[]): number | undefined =>
          trial.effect(new Map(fits.map((fit, k) => [fit.activation.node.id, choices[k] ?? never()])))?.error;
        const start = fits.map((fit) => fit.polynomialsOf(5, 'minimax', 31).at(-1) ?? never());
        if ((effectOf(start) ?? Infinity) > error) return;
        const states = lowerInOrder({
          fits,
          start,
          options: optionsOf,
          alone: (fit, standIn) => trial.effect(new Map([[fit.activation.node.id, standIn]])),
          trial: (choices) => ((effectOf(choices) ?? Infinity) <= error ? [...choices] : undefined),
        });
        const costs = [start, ...states].map(costOf);
        expect(costs.toSorted((a, b) => b - a)).toEqual(costs);
        expect(new Set(costs).size).toBe(costs.length);
        for (const state of states) expect(effectOf(state)).toBeLessThanOrEqual(error);
        // A smooth function is lowered further than one with a kink, unless it counts for far more.
        const [relu, sigmoid] = states.at(-1) ?? start;
        if (weight <= 1) expect(sigmoid?.depth).toBeLessThanOrEqual(relu?.depth ?? 0);
      }),
      { numRuns: 20 },
    );
  });

  test('not at all where nothing else is allowed', () => {
    const module = twoRows(1);
    const fits = measureActivations(module, samples, 0.1).activations.map((each) => new ActivationFit(each));
    const start = fits.map((fit) => fit.polynomialsOf(3, 'minimax', 31).at(-1) ?? never());
    let trials = 0;
    const states = lowerInOrder({
      fits,
      start,
      options: optionsOf,
      alone: () => ({ error: 0.1, changed: 0 }),
      trial: () => {
        trials++;
        return undefined;
      },
    });
    expect(states).toEqual([]);
    expect(trials).toBeLessThanOrEqual(2 * fits.length);
  });
});

function never(): never {
  throw new Error('there is no such stand-in');
}
