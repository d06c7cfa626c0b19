import { describe, expect, test } from 'vitest';

import { vector } from '../../../../ir/constant.ts';
import type { Diagnostic } from '../../../../ir/diagnostics/diagnostic.ts';
import type { Sample } from '../../../../ir/interface.ts';
import { evaluateTensor } from '../../../../ir/interpret/tensor.ts';
import { TensorBuilder, type TensorModule, type TensorNodeNamed } from '../../../../ir/tensor/ops.ts';
import { dropRounding } from '../../../../passes/tensor/drop-rounding.ts';

type Attrs = TensorNodeNamed<'quantize'>['attrs'];

const count = 64;

/** x / step, rounded, times step. */
function rounding(step: number, attrs: Partial<Attrs>): TensorModule {
  const b = new TensorBuilder();
  const scale = (x: number, factor: number) =>
    b.add('scale-shift', [x], { factors: vector(Float64Array.of(factor)), offsets: vector(Float64Array.of(0)) }, []);
  const x = b.add('input', [], { name: 'x', shape: [count] }, []);
  const origins = [{ name: 'q', opType: 'QuantizeLinear', output: 'q' }];
  const bounds = { steps: 'one', lowest: -1000, highest: 1000, ...attrs } as const;
  b.add('output', [scale(b.add('quantize', [scale(x, 1 / step)], bounds, origins), step)], { name: 'y' }, []);
  return b.build('rounding');
}

/** From −1 to 1. */
const ramp: Sample = new Map([['x', Float64Array.from({ length: count }, (_, i) => (2 * i) / (count - 1) - 1)]]);

function run(module: TensorModule, given: Parameters<typeof dropRounding.options.parse>[0] = {}, samples = [ramp]) {
  const reported: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic) => reported.push(diagnostic);
  const result = dropRounding.run(module, dropRounding.options.parse(given), { samples, report });
  const kinds = result.module.nodes.flatMap((node) => (node.op === 'activation' ? [node.attrs] : []));
  return { ...result, reported, kinds };
}

describe('bounds', () => {
  test('that no value reaches are gone, and the error is at most half a step', () => {
    const { kinds, statistics, reported } = run(rounding(0.01, {}));
    expect(kinds).toEqual([]);
    expect(statistics['error']).toBeGreaterThan(0.001);
    expect(statistics['error']).toBeLessThanOrEqual(0.005 + 1e-12);
    expect(reported.map(({ code, severity }) => [code, severity])).toEqual([['H345', 'warning']]);
    expect(reported[0]?.message).toContain('1 rounding');
  });

  test('that values reach are clips: a lower one of zero is a ReLU', () => {
    expect(run(rounding(0.01, { lowest: 0 })).kinds).toEqual([{ kind: 'relu', parameters: [] }]);
    expect(run(rounding(0.01, { lowest: -20 })).kinds).toEqual([{ kind: 'clip', parameters: [-20, Number.MAX_VALUE] }]);
    expect(run(rounding(0.01, { lowest: -20, highest: 30 })).kinds).toEqual([{ kind: 'clip', parameters: [-20, 30] }]);
  });

  test('that values hardly reach are gone', () => {
    const barely = rounding(0.001, { highest: 999 });
    expect(run(barely, { maxError: 0.02 }).kinds).toEqual([]);
    // A tenth of the error for bounds: here 1e-4, and 0.001 of the outputs lie beyond.
    expect(run(rounding(0.001, { highest: 995 }), { maxError: 0.01 }).kinds).toHaveLength(1);
  });
});

test('what is left computes the network without roundings', () => {
  const { module } = run(rounding(0.01, { lowest: 0 }));
  const y = evaluateTensor(module, ramp).get('y') ?? [];
  const expected = [...(ramp.get('x') ?? [])].map((x) => Math.max(0, x));
  for (const [i, value] of expected.entries()) expect(y[i]).toBeCloseTo(value, 12);
});

test('roundings of dynamic steps go by the values', () => {
  const module = rounding(1, { steps: 'dynamic', lowest: 0, highest: 255 });
  const { kinds, statistics } = run(module);
  expect(kinds).toEqual([]);
  expect(statistics['error']).toBeGreaterThan(0.0005);
  expect(statistics['error']).toBeLessThanOrEqual(1 / 255);
});

test('roundings that exceed the allowed error are refused', () => {
  const { reported } = run(rounding(0.2, {}), { maxError: 0.05 });
  expect(reported[0]).toMatchObject({ code: 'H346', severity: 'error' });
  expect(reported[0]?.message).toMatch(/--max-error allows 5%/);
});

test('samples are needed', () => {
  expect(run(rounding(0.1, {}), { synthetic: true }).reported.map(({ code }) => code)).toEqual(['H347']);
  expect(run(rounding(0.1, {}), {}, []).reported.map(({ code }) => code)).toEqual(['H347']);
});

test('a network without roundings stays as it is', () => {
  const b = new TensorBuilder();
  b.add('output', [b.add('input', [], { name: 'x', shape: [2] }, [])], { name: 'y' }, []);
  const module = b.build('plain');
  const result = run(module);
  expect(result.module).toBe(module);
  expect(result.reported).toEqual([]);
});
