/** Networks with functions of encrypted values, encrypted: a normalisation, a softmax and a root inside, and what cannot be. */
import { describe, expect, test } from 'vitest';

import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { seededRandom } from '../../ir/random.ts';
import { floats, model, node, type NodeSpec, type TensorSpec } from '../support/onnx-builder.ts';
import { compileBytes, reference, relativeError, runEncrypted } from '../support/run-plans.ts';

const width = 16;

function random(count: number, seed: number, spread = 1): number[] {
  const source = seededRandom(seed);
  return Array.from({ length: count }, () => spread * (2 * source.uniform() - 1));
}

/** A dense layer, the nodes from `a` to `f`, and another. */
function network(nodes: readonly NodeSpec[], initializers: Readonly<Record<string, TensorSpec>> = {}): Uint8Array {
  return model({
    opset: 17,
    inputs: { x: ['batch', width] },
    nodes: [node('MatMul', 'x w', 'm'), node('Add', 'm b', 'a'), ...nodes, node('MatMul', 'f v', 'y')],
    initializers: {
      w: floats([width, width], random(width * width, 1, 0.4)),
      b: floats([width], random(width, 2)),
      v: floats([width, 4], random(width * 4, 3, 0.4)),
      ...initializers,
    },
    outputs: ['y'],
  });
}

const samples = Array.from({ length: 120 }, (_, k) => new Map([['x', Float64Array.from(random(width, 100 + k, 1.5))]]));
const ones = floats([width], new Array<number>(width).fill(1));

describe('encrypted', () => {
  test.each([
    ['LayerNormalization', network([node('LayerNormalization', 'a s', 'f')], { s: ones })],
    ['Softmax', network([node('Softmax', 'a', 'f', { axis: -1 })])],
    ['a square root', network([node('Mul', 'a a', 'q'), node('Add', 'q s', 'p'), node('Sqrt', 'p', 'f')], { s: ones })],
    ['Abs', network([node('Abs', 'a', 'f')])],
  ])(
    '%s has the answers of the model',
    async (_, bytes) => {
      const { plan } = compileBytes(bytes, { samples, maxError: 0.03 });
      const few = samples.slice(0, 2);
      const error = relativeError(await runEncrypted(plan, few, 2), await reference(bytes, few));
      expect(error).toBeLessThanOrEqual(0.03);
    },
    120_000,
  );

  test('a root of what reaches zero is refused, with the node and what to do', () => {
    const bytes = network([node('Relu', 'a', 'q'), node('Sqrt', 'q', 'f')]);
    const refusal = diagnosticsOf(() => compileBytes(bytes, { samples, maxError: 0.03 }));
    expect(refusal.map(({ code }) => code)).toEqual(['H359']);
    expect(refusal[0]?.message).toMatch(/operand of this sqrt is between 0 and [\d.]+ .* stay away from 0/);
    expect(refusal[0]?.at.nodes?.map(({ opType }) => opType)).toEqual(['Sqrt']);
  });

  test('so is a quotient by what changes its sign', () => {
    const bytes = network([node('Reciprocal', 'a', 'f')]);
    expect(diagnosticsOf(() => compileBytes(bytes, { samples, maxError: 0.03 })).map(({ code }) => code)).toEqual([
      'H359',
    ]);
  });
});

function diagnosticsOf(compile: () => unknown): HepcError['diagnostics'] {
  try {
    compile();
  } catch (error) {
    if (error instanceof HepcError) return error.diagnostics;
    throw error;
  }
  return [];
}
