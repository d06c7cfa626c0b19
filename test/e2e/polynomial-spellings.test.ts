/** Networks whose activations are polynomials that exporters spell in several ways: one plan, and at night right answers. */
import { describe, expect, test } from 'vitest';

import { elementCount } from '../../ir/constant.ts';
import { randomVector } from '../support/arbitrary-maps.ts';
import { floats, model, node, type NodeSpec } from '../support/onnx-builder.ts';
import { compileBytes, reference, relativeError, runEncrypted } from '../support/run-plans.ts';
import { isNightly } from '../support/setup/suite.ts';

/** 0.1 x² + x as nodes from `x` to `y`; `a` is 0.1, `b` 1 and `two` 2. */
const spellings: Readonly<Record<string, (x: string, y: string) => readonly NodeSpec[]>> = {
  '0.1 * x * x + x': (x, y) => [
    node('Mul', `${x} a`, `${y}.m`),
    node('Mul', `${y}.m ${x}`, `${y}.s`),
    node('Add', `${y}.s ${x}`, y),
  ],
  '0.1 * x ** 2 + x': (x, y) => [
    node('Pow', `${x} two`, `${y}.p`),
    node('Mul', `${y}.p a`, `${y}.s`),
    node('Add', `${y}.s ${x}`, y),
  ],
  'x * (0.1 * x + 1)': (x, y) => [
    node('Mul', `${x} a`, `${y}.m`),
    node('Add', `${y}.m b`, `${y}.s`),
    node('Mul', `${x} ${y}.s`, y),
  ],
  'x - x * x / -10': (x, y) => [
    node('Neg', 'a', `${y}.n`),
    node('Mul', `${x} ${x}`, `${y}.p`),
    node('Mul', `${y}.p ${y}.n`, `${y}.m`),
    node('Sub', `${x} ${y}.m`, y),
  ],
};

const weights = (dims: readonly number[], seed: number) =>
  floats(
    dims,
    randomVector(elementCount(dims), seed).map((w) => w / 2),
  );

/** Three linear layers with the polynomial between them. */
function network(spell: (x: string, y: string) => readonly NodeSpec[]): Uint8Array {
  return model({
    inputs: { x: ['batch', 16] },
    outputs: ['y'],
    initializers: {
      w1: weights([16, 16], 1),
      w2: weights([16, 16], 2),
      w3: weights([16, 4], 3),
      a: floats([], [0.1]),
      b: floats([], [1]),
      two: floats([], [2]),
    },
    nodes: [
      node('MatMul', 'x w1', 'h1'),
      ...spell('h1', 'a1'),
      node('MatMul', 'a1 w2', 'h2'),
      ...spell('h2', 'a2'),
      node('MatMul', 'a2 w3', 'y'),
    ],
  });
}

const samples = Array.from({ length: 32 }, (_, k) => new Map([['x', randomVector(16, 100 + k)]]));

describe('a polynomial of degree two takes one level', () => {
  test.each(Object.entries(spellings))('as %s', (_, spell) => {
    const { plan, modules } = compileBytes(network(spell), { samples });
    expect(modules.tensor.nodes.map(({ op }) => op)).toEqual([
      ...['input', 'dense', 'polynomial', 'dense', 'polynomial', 'dense', 'output'],
    ]);
    const { polyModulusDegree, primes } = plan.program.parameters;
    expect({ polyModulusDegree, levels: primes.length }).toEqual({ polyModulusDegree: 8192, levels: 4 });
    expect(plan.statistics).toMatchObject({ multiplyCipher: 2 });
  });

  if (isNightly)
    test('encrypted answers are the model’s', async () => {
      const [spell = () => []] = Object.values(spellings);
      const bytes = network(spell);
      const { plan } = compileBytes(bytes, { samples });
      const few = samples.slice(0, 3);
      expect(relativeError(await runEncrypted(plan, few), await reference(bytes, few))).toBeLessThan(0.01);
    });
});
