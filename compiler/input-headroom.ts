/**
 * How far an input may exceed the calibrated range. Values inside of the network have 3 bits of headroom; an input that
 * is h times as large makes a value of degree d in the input at most about h^d times as large, so h = 8^(1/d) for the
 * largest degree on the way to an output.
 */
import type { TensorModule } from '../ir/tensor/ops.ts';

/** Whatever the degree, rounding and resampling of inputs must pass. */
const least = 1.05;

/** A factor of at least 1.05 for the input of this name. */
export function inputHeadroom(module: TensorModule, name: string): number {
  const degrees: number[] = [];
  for (const node of module.nodes) {
    const [x = 0, y = 0] = node.operands.map((operand) => degrees[operand] ?? 0);
    switch (node.op) {
      case 'input':
        degrees[node.id] = node.attrs.name === name ? 1 : 0;
        break;
      case 'multiply':
        degrees[node.id] = x + y;
        break;
      case 'polynomial':
        degrees[node.id] = x * Math.max(1, (node.attrs.coefficients.shape[1] ?? 1) - 1);
        break;
      case 'activation':
      case 'dense':
      case 'conv':
      case 'gather':
      case 'scale-shift':
      case 'sparse':
      case 'add':
      case 'output':
        degrees[node.id] = Math.max(0, ...node.operands.map((operand) => degrees[operand] ?? 0));
    }
  }
  return Math.max(least, 8 ** (1 / Math.max(1, ...degrees)));
}
