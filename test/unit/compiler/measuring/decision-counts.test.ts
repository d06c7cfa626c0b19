/** Decisions that are close: counted where what stands for a jump is off, and nowhere else. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { activationCurves } from '../../../../compiler/measuring/activation-curves.ts';
import { DecisionCount } from '../../../../compiler/measuring/decision-counts.ts';
import { settingsOf } from '../../../../compiler/settings.ts';
import { simplify } from '../../../../compiler/simplify.ts';
import { describeDecisions } from '../../../../cli/render/accuracy.ts';
import { Constant, vector } from '../../../../ir/constant.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { TensorBuilder, type TensorModule, type TensorNodeNamed } from '../../../../ir/tensor/ops.ts';
import { graphOf } from '../../../support/tiny-networks.ts';

/** An activation of three numbers, and a polynomial that stands for it. */
function nodes(kind: 'step' | 'sign' | 'relu', coefficients: readonly number[]) {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [3] }, []);
  const activation = builder.add('activation', [x], { kind, parameters: [] }, []);
  const polynomial = new Constant([1, coefficients.length], Float64Array.from(coefficients));
  const attrs = { basis: 'power', coefficients: polynomial, center: 0, halfWidth: 1 } as const;
  const instead = builder.add('polynomial', [x], attrs, []);
  builder.add('output', [activation], { name: 'y' }, []);
  builder.add('output', [instead], { name: 'z' }, []);
  const all = builder.build('m').nodes;
  return [all[activation] as TensorNodeNamed<'activation'>, all[instead]] as const;
}

const entry = fc.double({ min: -1, max: 1, noNaN: true });

test('(1 + x) / 2 for a step is a tenth off or more unless x is within a fifth of ±1', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(entry, entry), { minLength: 2, maxLength: 20 }), (rows) => {
      const count = DecisionCount.of(...nodes('step', [0.5, 0.5]));
      // The last element is the same on all samples: it is no decision.
      for (const row of rows) count?.add(Float64Array.of(...row, 0.1));
      const varying = [0, 1].filter((i) => rows.some((row) => row[i] !== rows[0]?.[i]));
      const seen = varying.flatMap((i) => rows.map((row) => row[i] ?? 0));
      const close = seen.filter((x) => Math.abs((1 + x) / 2 - (x >= 0 ? 1 : 0)) > 0.1).map(Math.abs);
      expect(count?.report).toEqual({ made: seen.length, unclear: close.length, margin: Math.max(0, ...close) });
    }),
  );
});

test('a sign jumps by two', () => {
  const count = DecisionCount.of(...nodes('sign', [0, 1]));
  count?.add(Float64Array.of(-0.85, 0.85, -0.7));
  count?.add(Float64Array.of(0.95, -0.95, 0.7));
  expect(count?.report).toEqual({ made: 6, unclear: 2, margin: 0.7 });
});

test('what does not jump decides nothing', () => {
  expect(DecisionCount.of(...nodes('relu', [0, 1]))).toBeUndefined();
});

describe('a network of comparisons', () => {
  /** The sum of four comparisons of two numbers. */
  function comparisons(): TensorModule {
    const builder = new TensorBuilder();
    const x = builder.add('input', [], { name: 'x', shape: [2] }, []);
    const weights = new Constant([4, 2], Float64Array.of(1, 0, -1, 0, 0, 1, 0, -1));
    const compared = builder.add('dense', [x], { weights, bias: vector(Float64Array.of(0, 0.5, 0.2, -0.1)) }, []);
    const origins = [{ name: 'compare', opType: 'Greater', output: 'c' }];
    const decided = builder.add('activation', [compared], { kind: 'step', parameters: [] }, origins);
    const sums = { weights: new Constant([1, 4], Float64Array.of(1, 2, 3, 4)), bias: vector(Float64Array.of(0)) };
    builder.add('output', [builder.add('dense', [decided], sums, [])], { name: 'y' }, []);
    return builder.build('comparisons');
  }

  test('reports its decisions, fewer of them close where less error is allowed', () => {
    const random = seededRandom(4);
    // A twentieth or more from all thresholds.
    const entryOf = (): number => random.integer(-6, 5) / 4 + 0.1;
    const samples = Array.from({ length: 64 }, () => new Map([['x', Float64Array.of(entryOf(), entryOf())]]));
    const reports = [0.9, 0.5].map((maxError) => {
      const { exact, approximated } = simplify(graphOf(comparisons()), settingsOf({ samples, maxError }));
      return activationCurves(exact, approximated, samples).map(({ curve }) => ({ ...curve, name: 'step', layer: 0 }));
    });
    const [loose, strict] = reports.map((report) => report[0]?.decisions);
    expect(loose?.made).toBe(4 * 64);
    expect(strict?.unclear).toBeGreaterThan(0);
    expect(strict?.unclear).toBeLessThan(loose?.unclear ?? 0);
    expect(strict?.margin).toBeLessThan(loose?.margin ?? 0);
    const [row] = describeDecisions({ activations: reports[1] ?? [] });
    expect(row?.[0]).toBe('close decisions');
    expect(row?.[1]).toMatch(/^[0-9.]+% of 256 on samples, within the margin of a comparison$/);
  });
});
