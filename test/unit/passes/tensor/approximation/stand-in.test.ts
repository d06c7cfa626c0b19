import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { activationFunction, type ActivationKind } from '../../../../../ir/interpret/activations.ts';
import { evaluateTensor } from '../../../../../ir/interpret/tensor.ts';
import { TensorBuilder } from '../../../../../ir/tensor/ops.ts';
import { verify } from '../../../../../ir/verify.ts';
import { networkDepth } from '../../../../../compiler/layouts/network-depth.ts';
import { signComposites } from '../../../../../passes/tensor/approximation/sign-composites.ts';
import {
  compositeStandIn,
  type SignForm,
  signForm,
  standInKernel,
} from '../../../../../passes/tensor/approximation/stand-in.ts';
import { expandComposites } from '../../../../../passes/tensor/expand-composites.ts';

const kinds: readonly (readonly [ActivationKind, number[]])[] = [
  ['relu', []],
  ['leaky-relu', [0.1]],
  ['prelu', [0.25, -0.5]],
  ['hard-swish', []],
  ['hard-sigmoid', [0.2, 0.5]],
  ['clip', [-1, 2.5]],
  ['abs', []],
  ['sign', []],
  ['step', []],
];

const range = { center: 1, halfWidth: 6 };
const [exact] = signComposites(1 / 64).filter(({ error }) => error < 1e-6);

function formOf(kind: ActivationKind, parameters: readonly number[]): SignForm {
  const form = signForm({ kind, parameters: [...parameters] }, range);
  if (form === undefined) throw new Error('no form');
  return form;
}

describe('composites', () => {
  test.each(kinds)('%s is the function beyond the margins of its breaks', (kind, parameters) => {
    if (exact === undefined) throw new Error('no composition');
    const form = formOf(kind, parameters);
    const kernel = standInKernel(compositeStandIn(form, exact));
    const points = Float64Array.from({ length: 2000 }, (_, i) => -5 + (12 * i) / 2000);
    // Two rows, for the slopes of a prelu.
    const values = kernel([Float64Array.from([...points, ...points])], new Map());
    for (const [i, value] of values.entries()) {
      const x = points[i % points.length] ?? 0;
      if (form.breaks.some(({ at, reach }) => Math.abs(x - at) < reach / 64)) continue;
      const set = parameters.length === 2 && kind === 'prelu' ? Math.floor(i / points.length) : 0;
      expect(value).toBeCloseTo(activationFunction({ kind, parameters }, set)(x), 4);
    }
  });

  test.each(kinds)('%s expands to the same values, in as many levels as it says', (kind, parameters) => {
    fc.assert(
      fc.property(
        fc.constantFrom(...signComposites(1 / 16)),
        fc.array(fc.double({ min: -5, max: 7, noNaN: true }), { minLength: 6, maxLength: 6 }),
        (sign, values) => {
          const standIn = compositeStandIn(formOf(kind, parameters), sign);
          if (standIn.node.op !== 'composite') throw new Error('no composite');
          const b = new TensorBuilder();
          const x = b.add('input', [], { name: 'x', shape: [2, 3] }, []);
          b.add('output', [b.add('composite', [x], standIn.node.attrs, [])], { name: 'y' }, []);
          const module = b.build('m');
          expect(verify(module)).toEqual([]);
          const { module: expanded } = expandComposites.run(module, {}, { samples: [], report: () => undefined });
          expect(verify(expanded)).toEqual([]);
          expect(expanded.nodes.some(({ op }) => op === 'composite')).toBe(false);
          const sample = new Map([['x', Float64Array.from(values)]]);
          const [before, after] = [module, expanded].map((each) => evaluateTensor(each, sample).get('y'));
          for (const [i, value] of (before ?? []).entries()) expect(after?.[i]).toBeCloseTo(value, 9);
          // A line that is left over, and what is taken off an operand, are linear ops of their own.
          const lines = expanded.nodes.filter(({ op }) => op === 'scale-shift').length;
          expect(networkDepth(expanded).depth).toBeGreaterThanOrEqual(standIn.depth);
          expect(networkDepth(expanded).depth).toBeLessThanOrEqual(standIn.depth + Math.min(1, lines));
        },
      ),
      { numRuns: 12 },
    );
  });

  test('relu has one product beside its sign', () => {
    const [sign] = signComposites(1 / 16);
    if (sign === undefined) throw new Error('no composition');
    const { depth, products, node } = compositeStandIn(formOf('relu', []), sign);
    expect([depth, products]).toEqual([sign.depth + 1, sign.products + 1]);
    expect(node.op === 'composite' && [node.attrs.pieces.length, ...node.attrs.offsets.values]).toEqual([1, 0]);
  });

  test('breaks beyond the range do not count, and smooth functions have none', () => {
    const form = (kind: ActivationKind, parameters: number[], center: number) =>
      signForm({ kind, parameters }, { center, halfWidth: 1 })?.breaks.map(({ at }) => at);
    expect(form('clip', [-1, 2.5], 2)).toEqual([2.5]);
    expect(form('clip', [-1, 2.5], -0.5)).toEqual([-1]);
    expect(form('relu', [], 3)).toBeUndefined();
    expect(form('tanh', [], 0)).toBeUndefined();
  });
});
