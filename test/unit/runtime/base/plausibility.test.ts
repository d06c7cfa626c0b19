/** What is noticed of samples and answers, and what is not. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { calibrationOf, statisticsOf } from '../../../../ir/plan/calibration.ts';
import { unlikeAnswers, unlikeSamples } from '../../../../runtime/base/plausibility.ts';

const named = (name: string, values: ArrayLike<number>) => new Map([[name, Float64Array.from(values)]]);
const names = { inputs: ['x'], outputs: ['y'] };

test('statistics are what they are called', () => {
  expect(statisticsOf(Float64Array.of(1, 3, 1, 3))).toEqual({
    mean: 2,
    norm: Math.sqrt(20),
    deviation: 2,
    roughness: Math.sqrt(12),
  });
  expect(statisticsOf(Float64Array.of(-5))).toEqual({ mean: -5, norm: 5, deviation: 0, roughness: 0 });
});

describe('samples', () => {
  const samples = fc.array(
    fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }), { minLength: 5, maxLength: 5 }),
    { minLength: 8, maxLength: 20 },
  );

  test('of calibration are never unlike it, nor as 32-bit numbers', () => {
    fc.assert(
      fc.property(samples, (lists) => {
        const inputs = lists.map((list) => named('x', list));
        const calibration = calibrationOf(
          inputs,
          inputs.map((_, k) => named('y', [k])),
          names,
        );
        const part = { calibration, maxError: 0.01 };
        expect(unlikeSamples(part, inputs)).toEqual([]);
        expect(
          unlikeSamples(
            part,
            lists.map((list) => named('x', Float32Array.from(list))),
          ),
        ).toEqual([]);
      }),
    );
  });

  test('all of one norm, and others of it', () => {
    const turned = (k: number) => named('x', [Math.sin(k), Math.cos(k)]);
    const inputs = Array.from({ length: 50 }, (_, k) => turned(k));
    const part = { calibration: calibrationOf(inputs, inputs, names), maxError: 0.01 };
    expect(unlikeSamples(part, [turned(0.5), turned(100.5)])).toEqual([]);
    expect(unlikeSamples(part, [named('x', [2, 0])])).toHaveLength(1);
  });

  test('that are no numbers are unlike, and told by their number', () => {
    const inputs = Array.from({ length: 8 }, (_, k) => named('x', [k, 1]));
    const part = { calibration: calibrationOf(inputs, inputs, names), maxError: 0.01 };
    const [one, ...others] = unlikeSamples(part, [...inputs, named('x', [NaN, 1])], 100);
    expect(others).toEqual([]);
    expect(one?.severity).toBe('warning');
    expect(one?.message).toContain('of sample 108 is unlike');
  });
});

test('answers', () => {
  const outputs = Array.from({ length: 8 }, (_, k) => named('y', [k, -2 * k]));
  const part = { calibration: calibrationOf(outputs, outputs, { inputs: [], outputs: ['y'] }), maxError: 0.05 };
  expect(unlikeAnswers(part, [...outputs, named('y', [1, 18.8])])).toEqual([]);
  const found = unlikeAnswers(part, [named('y', [0, 0]), named('y', [0, -19]), named('y', [NaN, 0])], 10);
  expect(found.map(({ code, message }) => `${code} ${message}`)).toEqual([
    'H512 output "y" of sample 11 is as large as 19; calibration showed up to 14',
    'H512 output "y" of sample 12 is as large as NaN; calibration showed up to 14',
  ]);
  expect(unlikeAnswers({ maxError: 0.05 }, [named('y', [1e9, 0])])).toEqual([]);
});
