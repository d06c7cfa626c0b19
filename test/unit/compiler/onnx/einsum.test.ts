/** Einsum: random equations against onnxruntime, what is refused, and what a contraction becomes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { evaluateTensor } from '../../../../ir/interpret/tensor.ts';
import { model, type ModelSpec, node } from '../../../support/onnx-builder.ts';
import { weights } from './cases/case.ts';
import { expectSameAsOnnxruntime, importModel } from './differential.ts';

/** A model of one Einsum of `x`, `z` and `v`, in this order; operands with shapes of weights are constants. */
function einsumOf(
  equation: string,
  inputs: ModelSpec['inputs'],
  constants: Readonly<Record<string, readonly number[]>> = {},
): ModelSpec {
  const names = ['x', 'z', 'v'].filter((name) => name in inputs || name in constants).join(' ');
  const initializers = Object.fromEntries(Object.entries(constants).map(([name, dims]) => [name, weights(...dims)]));
  return { inputs, initializers, nodes: [node('Einsum', names, 'y', { equation })], outputs: ['y'] };
}

test.each([
  ['a batch of vectors times a matrix', einsumOf('bi,ij->bj', { x: ['batch', 4] }, { z: [4, 3] })],
  ['a matrix times a batch of vectors', einsumOf('oi,bi->bo', { z: ['batch', 4] }, { x: [3, 4] })],
  ['attention scores', einsumOf('bqhd,bkhd->bhqk', { x: ['batch', 3, 2, 4], z: ['batch', 3, 2, 4] })],
  ['heads of weights', einsumOf('bhi,hij->bhj', { x: ['batch', 2, 4] }, { z: [2, 4, 3] })],
  ['a quadratic form', einsumOf('bi,ij,bj->b', { x: ['batch', 4], v: ['batch', 4] }, { z: [4, 4] })],
  ['an ellipsis that holds the batch', einsumOf('...i,ij->...j', { x: ['batch', 2, 4] }, { z: [4, 3] })],
  ['ellipses that broadcast', einsumOf('...ij,...jk->...ik', { x: [2, 1, 3, 4], z: [1, 3, 4, 2] })],
  ['an implied result', einsumOf('zi,ia', { x: [2, 3] }, { z: [3, 4] })],
  ['an implied result with a batch', einsumOf('aij,jk', { x: ['batch', 2, 3] }, { z: [3, 2] })],
  ['a trace of each sample', einsumOf('bii->b', { x: ['batch', 3, 3] })],
  ['a diagonal times a row', einsumOf('bii,i->bi', { x: ['batch', 3, 3] }, { z: [3] })],
  ['an outer product', einsumOf('bi,bj->bij', { x: ['batch', 3], z: ['batch', 2] })],
  ['a sum of everything', einsumOf('ij->', { x: [3, 4] })],
  ['samples that move', einsumOf('bi->ib', { x: ['batch', 4] })],
])('%s', async (_, spec) => {
  await expectSameAsOnnxruntime(spec);
});

test('random equations', async () => {
  const label = fc.constantFrom('a', 'b', 'c', 'd');
  const operand = fc.record({
    labels: fc.array(label, { minLength: 1, maxLength: 3 }),
    isConstant: fc.boolean(),
    dots: fc.constantFrom([1, 3], [2, 1], [2, 3]),
  });
  const spec = fc
    .record({
      operands: fc.array(operand, { minLength: 1, maxLength: 3 }),
      extents: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 4, maxLength: 4 }),
      order: fc.shuffledSubarray(['a', 'b', 'c', 'd']),
      implied: fc.boolean(),
      dotted: fc.boolean(),
    })
    .map(({ operands, extents, order, implied, dotted }) => {
      const extentOf = (letter: string) => extents['abcd'.indexOf(letter)] ?? 1;
      const term = (labels: readonly string[]) => (dotted ? ['...', ...labels] : labels).join('');
      const shapes = operands.map(({ labels, dots }) => [...(dotted ? dots : []), ...labels.map(extentOf)]);
      const kept = order.filter((letter) => operands.some(({ labels }) => labels.some((own) => own === letter)));
      const left = operands.map(({ labels }) => term(labels)).join(',');
      const names = ['x', 'z', 'v'].slice(0, operands.length);
      const part = (constant: boolean) =>
        Object.fromEntries(
          names.flatMap((name, i) =>
            (operands[i]?.isConstant === true && i > 0) === constant ? [[name, shapes[i] ?? []]] : [],
          ),
        );
      return einsumOf(implied ? left : `${left}->${term(kept)}`, part(false), part(true));
    });
  await fc.assert(
    fc.asyncProperty(spec, async (own) => {
      await expectSameAsOnnxruntime(own);
    }),
    { numRuns: 60 },
  );
});

// onnxruntime-web refuses capital letters.
test('capital letters come first in an implied result', () => {
  const { module } = importModel(model(einsumOf('bA', { x: [2, 3] })));
  const x = Float64Array.of(1, 2, 3, 4, 5, 6);
  expect(evaluateTensor(module, new Map([['x', x]])).get('y')).toEqual(Float64Array.of(1, 4, 2, 5, 3, 6));
});

test('a contraction with weights is one layer', () => {
  const { module } = importModel(model(einsumOf('bi,oi->bo', { x: ['batch', 4] }, { z: [3, 4] })));
  expect(module.nodes.map(({ op }) => op)).toEqual(['input', 'dense', 'output']);
});

test('many operands multiply in a tree', () => {
  const nodes = [node('Einsum', 'x x x x x x x x', 'y', { equation: 'i,i,i,i,i,i,i,i->i' })];
  const { module } = importModel(model({ inputs: { x: [3] }, nodes, outputs: ['y'] }));
  const depth = module.nodes.reduce<number[]>((depths, { op, operands }) => {
    return [...depths, Math.max(0, ...operands.map((id) => depths[id] ?? 0)) + (op === 'multiply' ? 1 : 0)];
  }, []);
  expect(Math.max(...depth)).toBe(3);
});

describe('refused', () => {
  function codeOf(spec: ModelSpec): string | undefined {
    try {
      importModel(model(spec));
    } catch (error) {
      if (error instanceof HepcError) return error.diagnostics[0]?.code;
      throw error;
    }
    return undefined;
  }
  const x = { x: [3, 4] };

  test.each([
    ['too few operands', einsumOf('ij,jk', x)],
    ['another rank', einsumOf('ijk->i', x)],
    ['what is no letter', einsumOf('i1->i', x)],
    ['two arrows', einsumOf('ij->i->i', x)],
    ['two ellipses', einsumOf('......i->i', x)],
    ['an ellipsis that the result lacks', einsumOf('...j->j', x)],
    ['a label that only the result has', einsumOf('ij->k', x)],
    ['a label twice in the result', einsumOf('ij->ii', x)],
    ['extents that differ', einsumOf('ij,jk->ik', x, { z: [3, 2] })],
    ['a diagonal of no square', einsumOf('ii->i', x)],
    ['no equation', { ...einsumOf('', x), nodes: [node('Einsum', 'x', 'y')] }],
  ])('%s', (_, spec) => {
    expect(codeOf(spec)).toBe('H106');
  });

  test.each([
    ['a sum over samples', einsumOf('bi->i', { x: ['batch', 4] })],
    ['a product of all pairs of samples', einsumOf('ai,bi->ab', { x: ['batch', 4], z: ['batch', 4] })],
    ['weights for each sample', einsumOf('bi,bi->bi', { x: ['batch', 4] }, { z: [3, 4] })],
  ])('%s', (_, spec) => {
    expect(codeOf(spec)).toBe('H111');
  });

  test('more operands than can be', () => {
    const names = Array.from({ length: 40 }, () => 'x');
    const equation = `${names.map(() => 'ij').join(',')}->ij`;
    const nodes = [{ ...node('Einsum', '', 'y', { equation }), inputs: names }];
    expect(codeOf({ inputs: x, nodes, outputs: ['y'] })).toBe('H105');
  });
});
