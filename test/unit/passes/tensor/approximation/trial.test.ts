/** What candidates do to a model does not depend on what was tried before, which only saves samples. */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { Constant } from '../../../../../ir/constant.ts';
import type { Sample } from '../../../../../ir/interface.ts';
import { TensorBuilder, type TensorModule } from '../../../../../ir/tensor/ops.ts';
import { polynomialStandIn, type StandIn } from '../../../../../passes/tensor/approximation/stand-in.ts';
import { ActivationTrial, type Effect } from '../../../../../passes/tensor/approximation/trial.ts';

/** The absolute values of two numbers, as scores. */
function model(): TensorModule {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [2] }, []);
  const y = builder.add('activation', [x], { kind: 'abs', parameters: [] }, []);
  builder.add('output', [y], { name: 'y' }, []);
  return builder.build('scores');
}

const range = { center: 0, halfWidth: 1 };
const coefficient = fc.double({ min: -1, max: 1, noNaN: true });
const quadratic = fc.tuple(coefficient, coefficient, coefficient).map((row): StandIn => {
  const coefficients = new Constant([1, 3], Float64Array.from(row));
  return polynomialStandIn({ basis: 'power', coefficients, ...range }, range);
});
// Some leave the range.
const entry = fc.double({ min: -1.05, max: 1.05, noNaN: true });
const samples = fc.array(fc.tuple(entry, entry), { minLength: 1, maxLength: 12 });
const limit = fc.double({ min: 0, max: 1, noNaN: true });

test('the effect is that of a trial that has tried nothing else', () => {
  fc.assert(
    fc.property(samples, fc.array(fc.tuple(quadratic, limit, limit), { maxLength: 8 }), (rows, candidates) => {
      const module = model();
      const all = rows.map((row): Sample => new Map([['x', Float64Array.from(row)]]));
      const trial = new ActivationTrial(module, all);
      for (const [standIn, error, changed] of candidates) {
        const [replacements, most]: [ReadonlyMap<number, StandIn>, Effect] = [
          new Map([[1, standIn]]),
          { error, changed },
        ];
        expect(trial.effect(replacements, most)).toEqual(new ActivationTrial(module, all).effect(replacements, most));
      }
    }),
  );
});

test('a trial on few samples is of a part of them, in the same unit, where all take long', () => {
  const [size, rows] = [64, 8192];
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [size] }, []);
  const weights = new Constant([rows, size], new Float64Array(rows * size).fill(1 / size));
  const wide = builder.add('dense', [x], { weights, bias: new Constant([rows], new Float64Array(rows)) }, []);
  builder.add('output', [builder.add('activation', [wide], { kind: 'abs', parameters: [] }, [])], { name: 'y' }, []);
  const module = builder.build('wide');
  const of = (count: number): Sample[] =>
    Array.from({ length: count }, (_, k) => new Map([['x', new Float64Array(size).fill(k + 1)]]));
  expect(new ActivationTrial(module, of(8)).scout()).toBeUndefined();
  // Half a million products and more, which are too many for a thousand samples.
  const many = of(1024);
  const trial = new ActivationTrial(module, many);
  const scout = trial.scout();
  expect(scout?.unit).toBe(trial.unit);
  expect(trial.scout()).toBe(scout);
  const far = polynomialStandIn(
    { basis: 'power', coefficients: new Constant([1, 3], Float64Array.of(0, 0, 1)), center: 0, halfWidth: 1 },
    { center: 0, halfWidth: 2000 },
  );
  const effect = trial.effect(new Map([[2, far]]));
  const few = scout?.effect(new Map([[2, far]]));
  expect(few?.error).toBeLessThanOrEqual(effect?.error ?? 0);
  expect(few?.error).toBeGreaterThan(0.98 * (effect?.error ?? 0));
});
