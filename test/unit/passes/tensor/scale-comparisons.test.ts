import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Constant, vector } from '../../../../ir/constant.ts';
import type { Sample } from '../../../../ir/interface.ts';
import { TensorInterpreter } from '../../../../ir/interpret/tensor.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { TensorBuilder, type TensorModule } from '../../../../ir/tensor/ops.ts';
import { verify } from '../../../../ir/verify.ts';
import { amplified, gains, overshoot } from '../../../../passes/base/louder-samples.ts';
import { PassManager } from '../../../../passes/manager.ts';
import { scaleComparisons } from '../../../../passes/tensor/scale-comparisons.ts';

/** step(W x + b) of three features, with rows of any scale. */
function comparisons(
  rows: readonly (readonly [number, number, number, number])[],
  kind: 'step' | 'sign',
): TensorModule {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [3] }, []);
  const weights = new Constant([rows.length, 3], Float64Array.from(rows.flatMap((row) => row.slice(0, 3))));
  const bias = vector(Float64Array.from(rows, (row) => row[3]));
  const compared = builder.add('dense', [x], { weights, bias }, []);
  builder.add('output', [builder.add('activation', [compared], { kind, parameters: [] }, [])], { name: 'y' }, []);
  return builder.build('comparisons');
}

function samplesOf(seed: number): readonly Sample[] {
  const random = seededRandom(seed);
  return Array.from({ length: 8 }, () => {
    const values = [1000 * random.uniform(), random.uniform() - 0.5, 0.01 * random.uniform()];
    return new Map([['x', Float64Array.from(values)]]);
  });
}

function operandOn(module: TensorModule, sample: Sample): Float64Array {
  const values = new TensorInterpreter(module).evaluateAll(sample);
  const node = module.nodes.find(({ op }) => op === 'activation');
  return values[node?.operands[0] ?? -1] ?? new Float64Array();
}

const row = fc.tuple(...[0, 1, 2, 3].map(() => fc.double({ min: -1e3, max: 1e3, noNaN: true }))) as fc.Arbitrary<
  [number, number, number, number]
>;

describe('scale-comparisons', () => {
  test('keeps every decision, and gives each element a range of 1', () => {
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 5 }),
        fc.constantFrom('step', 'sign'),
        fc.nat(),
        (rows, kind, seed) => {
          const module = comparisons(rows, kind);
          const samples = samplesOf(seed);
          const manager = new PassManager(samples);
          const scaled = manager.run(scaleComparisons, module, {});
          expect(verify(scaled)).toEqual([]);
          const decide = (own: TensorModule, sample: Sample) => new TensorInterpreter(own).evaluate(sample).get('y');
          for (const sample of samples) expect(decide(scaled, sample)).toEqual(decide(module, sample));
          if (scaled === module) return;
          const gain = gains(samples);
          const reached = samples.flatMap((sample, i) => [
            operandOn(scaled, sample),
            operandOn(scaled, amplified(sample, overshoot * (gain[i] ?? 1))),
          ]);
          for (const i of rows.keys()) {
            const most = Math.max(...reached.map((values) => Math.abs(values[i] ?? 0)));
            if (most > 1e-300) expect(most).toBeCloseTo(1, 9);
          }
        },
      ),
    );
  });

  test('takes what the client keeps elements within for the range of those that are compared', () => {
    const module = comparisons(
      [
        [1, 0, 0, -500],
        [0, -2, 0, 0.5],
        [0, 0, 0, 7],
      ],
      'step',
    );
    const limits = {
      least: Float64Array.of(-100, -0.25, -Infinity),
      most: Float64Array.of(1500, 4, Infinity),
      marks: new Int32Array(3).fill(-1),
    };
    const samples = samplesOf(6);
    const manager = new PassManager(samples, {}, { limits: new Map([['x', limits]]) });
    const scaled = manager.run(scaleComparisons, module, {});
    const at = (...values: number[]): Float64Array => operandOn(scaled, new Map([['x', Float64Array.from(values)]]));
    expect(at(1500, 4, 0)[0]).toBeCloseTo(1, 12);
    expect(at(1500, 4, 0)[1]).toBeCloseTo(-1, 12);
    expect(at(1500, 4, 0)[2]).toBeCloseTo(1, 12);
    // Where one element has no limits, samples say how far all reach.
    const open = { ...limits, most: Float64Array.of(Infinity, 4, Infinity) };
    const without = new PassManager(samples, {}, { limits: new Map([['x', open]]) });
    expect(without.run(scaleComparisons, module, {})).toEqual(
      new PassManager(samples).run(scaleComparisons, module, {}),
    );
  });

  test('leaves what is scaled already, and elements that are always 0', () => {
    const module = comparisons(
      [
        [1, 0, 0, -500],
        [0, 1, 0, 0.25],
        [0, 0, 0, 0],
      ],
      'step',
    );
    const manager = new PassManager(samplesOf(3));
    const once = manager.run(scaleComparisons, module, {});
    expect(once).not.toBe(module);
    expect(manager.run(scaleComparisons, once, {})).toBe(once);
    expect(operandOn(once, samplesOf(3)[0] ?? new Map())[2]).toBe(0);
  });

  test('leaves a convolution one, with a factor for each channel', () => {
    const builder = new TensorBuilder();
    const x = builder.add('input', [], { name: 'x', shape: [1, 3] }, []);
    const weights = new Constant([2, 1, 1], Float64Array.of(1, 100));
    const attrs = { strides: [1], pads: [0, 0], dilations: [1], groups: 1, bias: vector(Float64Array.of(0, -1)) };
    const conv = builder.add('conv', [x], { weights, ...attrs }, []);
    builder.add('output', [builder.add('activation', [conv], { kind: 'step', parameters: [] }, [])], { name: 'y' }, []);
    const scaled = new PassManager(samplesOf(4)).run(scaleComparisons, builder.build('conv'), {});
    const scale = scaled.nodes.find((node) => node.op === 'scale-shift');
    const [a, b, c, ...others] = scale?.attrs.factors.values ?? [];
    expect([a, b]).toEqual([b, c]);
    expect(new Set(others).size).toBe(1);
    expect(others[0]).not.toBe(a);
  });

  test('leaves decisions on what is no linear op', () => {
    const builder = new TensorBuilder();
    const x = builder.add('input', [], { name: 'x', shape: [3] }, []);
    const square = builder.add('multiply', [x, x], {}, []);
    builder.add(
      'output',
      [builder.add('activation', [square], { kind: 'step', parameters: [] }, [])],
      { name: 'y' },
      [],
    );
    const module = builder.build('square');
    expect(new PassManager(samplesOf(5)).run(scaleComparisons, module, {})).toBe(module);
  });
});
