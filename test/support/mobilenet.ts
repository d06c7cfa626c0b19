/** A MobileNet of three depthwise-separable blocks on 32×32: some 10,000 weights, seeded. */
import { seededRandom } from '../../ir/random.ts';
import { floats, model, node, type NodeSpec, type TensorSpec } from './onnx-builder.ts';

const widths = [16, 32, 64, 64] as const;
const strides = [1, 2, 2] as const;

/** Input x [3, 32, 32], output y [10]; the activation follows the first convolution and each pointwise one. */
export function mobileNet(activation: 'Relu' | 'square'): Uint8Array {
  const random = seededRandom(7);
  const nodes: NodeSpec[] = [];
  const initializers: Record<string, TensorSpec> = {};
  const weights = (name: string, dims: readonly number[], fanIn: number): string => {
    const size = dims.reduce((product, extent) => product * extent, 1);
    const values = Float64Array.from({ length: size }, () => (2 * random.uniform() - 1) * Math.sqrt(3 / fanIn));
    initializers[name] = floats(dims, values);
    return name;
  };
  const convolution = (x: string, y: string, dims: readonly number[], stride: number, group: number): string => {
    const [rows = 1, columns = 1, side = 1] = dims;
    const pad = (side - 1) / 2;
    const inputs = `${x} ${weights(`${y}.w`, dims, columns * side * side)} ${weights(`${y}.b`, [rows], 100)}`;
    const attributes = { kernel_shape: [side, side], strides: [stride, stride], pads: [pad, pad, pad, pad], group };
    nodes.push({ ...node('Conv', inputs, y, attributes), name: y });
    return y;
  };
  const activated = (x: string): string => {
    const y = `${x}.a`;
    nodes.push({ ...(activation === 'Relu' ? node('Relu', x, y) : node('Mul', `${x} ${x}`, y)), name: y });
    return y;
  };

  let x = activated(convolution('x', 'first', [widths[0], 3, 3, 3], 1, 1));
  for (const [k, stride] of strides.entries()) {
    const [from = 1, to = 1] = widths.slice(k, k + 2);
    x = convolution(x, `depthwise${k + 1}`, [from, 1, 3, 3], stride, from);
    x = activated(convolution(x, `pointwise${k + 1}`, [to, from, 1, 1], 1, 1));
  }
  nodes.push(node('GlobalAveragePool', x, 'pooled'), node('Flatten', 'pooled', 'flat'));
  nodes.push(
    node('Gemm', `flat ${weights('last.w', [10, 64], 64)} ${weights('last.b', [10], 100)}`, 'y', { transB: 1 }),
  );
  return model({ inputs: { x: ['batch', 3, 32, 32] }, outputs: ['y'], nodes, initializers });
}
