/**
 * The two networks of the submission, as ONNX with the weights to start from: 784 → 128 → 64 → 10 on pixels in [0, 1],
 * which it normalises itself by the mean and deviation of MNIST, with ReLU as in the harness, or with squares.
 */
import { seededRandom } from '../../../ir/random.ts';
import { floats, model, node, type NodeSpec, type TensorSpec } from '../../../test/support/onnx-builder.ts';

export const networkNames = ['relu', 'squares'] as const;
export type NetworkName = (typeof networkNames)[number];

const sizes = [784, 128, 64, 10] as const;
/** Of the pixels of MNIST's training images. */
const mean = 0.1307;
const deviation = 0.3081;

export function initialNetwork(name: NetworkName): Uint8Array {
  const random = seededRandom(0).fork(name);
  // Squares grow: with He's deviation (arXiv 1502.01852) the first steps would diverge.
  const gain = name === 'relu' ? Math.SQRT2 : 0.7;
  const initializers: Record<string, TensorSpec> = {
    mean: floats([1], [mean]),
    deviation: floats([1], [deviation]),
  };
  const nodes: NodeSpec[] = [node('Sub', 'pixels mean', 'centred'), node('Div', 'centred deviation', 'normalised')];
  let value = 'normalised';
  sizes.slice(1).forEach((rows, layer) => {
    const columns = sizes[layer] ?? 0;
    const bound = gain * Math.sqrt(3 / columns);
    const weights = Float64Array.from({ length: rows * columns }, () => bound * (2 * random.uniform() - 1));
    initializers[`fc${layer + 1}.weight`] = floats([rows, columns], weights);
    initializers[`fc${layer + 1}.bias`] = floats([rows], new Float64Array(rows));
    const isLast = layer === sizes.length - 2;
    const dense = isLast ? 'scores' : `fc${layer + 1}`;
    nodes.push(node('Gemm', `${value} fc${layer + 1}.weight fc${layer + 1}.bias`, dense, { transB: 1 }));
    if (isLast) return;
    value = `activation${layer + 1}`;
    nodes.push(name === 'relu' ? node('Relu', dense, value) : node('Mul', `${dense} ${dense}`, value));
  });
  return model({ inputs: { pixels: ['batch', 784] }, outputs: ['scores'], nodes, initializers });
}
