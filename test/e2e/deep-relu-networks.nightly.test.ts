/** Networks of more ReLUs than any chain has levels for. */
import { expect, test } from 'vitest';
import { seededRandom } from '../../ir/random.ts';
import { floats, model, node, type NodeSpec, type TensorSpec } from '../support/onnx-builder.ts';
import { compileBytes } from '../support/run-plans.ts';

const width = 4;

/** Layers that are the identity and a little more, so that values neither vanish nor grow. */
function layers(count: number): Uint8Array {
  const random = seededRandom(3);
  const nodes: NodeSpec[] = [];
  const initializers: Record<string, TensorSpec> = {};
  const dense = (input: string, output: string): void => {
    const weights = new Float64Array(width * width);
    random.fillGaussian(weights, 0.35);
    for (let i = 0; i < width; i++) weights[i * (width + 1)] = (weights[i * (width + 1)] ?? 0) + 0.7;
    initializers[`w_${output}`] = floats([width, width], [...weights]);
    initializers[`b_${output}`] = floats([width], [0.1, -0.1, 0.05, 0]);
    nodes.push(node('Gemm', `${input} w_${output} b_${output}`, output, { transB: 1 }));
  };
  let x = 'x';
  for (let layer = 0; layer < count; layer++) {
    dense(x, `d${layer}`);
    nodes.push(node('Relu', `d${layer}`, `r${layer}`));
    x = `r${layer}`;
  }
  dense(x, 'y');
  return model({ inputs: { x: ['batch', width] }, outputs: ['y'], nodes, initializers });
}

const random = seededRandom(4);
const samples = Array.from({ length: 32 }, () => {
  return new Map([['x', Float64Array.from({ length: width }, () => 2 * random.uniform() - 1)]]);
});
const limits = { memoryBytes: 6 * 2 ** 30 };

test('sixteen compile with bootstraps, by polynomials that fit between two', { timeout: 300_000 }, () => {
  const { plan } = compileBytes(layers(16), { samples, maxError: 0.05, limits });
  expect(plan.client.needsEncapsulation).toBe(true);
  expect(plan.client.predictedMaxError).toBeLessThanOrEqual(0.05);
});

test('a degree that was asked for is kept where bootstraps would take higher ones', { timeout: 300_000 }, () => {
  expect(() => compileBytes(layers(16), { samples, maxError: 0.02, maxDegree: 3, limits })).toThrow(
    /H314.*degree 3 change/,
  );
});
