/**
 * A transformer block as language models have them, with seeded weights: x + attention(norm(x)) and h + MLP(norm(h)), with
 * LayerNormalization before both, softmax attention of several heads, and GELU (Vaswani et al., NeurIPS 2017, with the
 * normalisation first as in GPT-2). Weights have the deviation 1/√width, as layers are initialised, so that values stay about
 * as large as the input.
 */
import type { Sample } from '../../ir/interface.ts';
import { type SeededRandom, seededRandom } from '../../ir/random.ts';
import { floats, int64s, model, node, type NodeSpec, type TensorSpec } from '../../test/support/onnx-builder.ts';

export interface TransformerBlock {
  readonly tokens: number;
  readonly width: number;
  readonly heads: number;
}

const sampleCount = 64;

/** Of the hidden layer over the width. */
const expansion = 4;

/** The ONNX file, of an input `x` and an output `y`, both [batch, tokens, width], and samples of it. */
export function transformerBlock({ tokens, width, heads }: TransformerBlock): {
  readonly bytes: Uint8Array;
  readonly samples: readonly Sample[];
} {
  const random = seededRandom(11);
  const nodes: NodeSpec[] = [];
  const initializers: Record<string, TensorSpec> = {};
  const perHead = width / heads;
  const linear = (input: string, output: string, columns: number, rows: number): string => {
    initializers[`w_${output}`] = floats([columns, rows], gaussian(random, columns * rows, 1 / Math.sqrt(columns)));
    initializers[`b_${output}`] = floats([rows], gaussian(random, rows, 0.1));
    nodes.push(node('MatMul', `${input} w_${output}`, `${output}_product`));
    nodes.push(node('Add', `${output}_product b_${output}`, output));
    return output;
  };
  const norm = (input: string, output: string): string => {
    initializers[`scale_${output}`] = floats(
      [width],
      gaussian(random, width, 0.1).map((x) => 1 + x),
    );
    initializers[`shift_${output}`] = floats([width], gaussian(random, width, 0.1));
    nodes.push(node('LayerNormalization', `${input} scale_${output} shift_${output}`, output, { axis: -1 }));
    return output;
  };
  /** [batch, tokens, width] as [batch, heads, tokens, width of a head], transposed by `perm`. */
  const inHeads = (input: string, perm: readonly number[]): string => {
    nodes.push(node('Reshape', `${input} headed`, `${input}_heads`));
    nodes.push(node('Transpose', `${input}_heads`, `${input}_head_rows`, { perm }));
    return `${input}_head_rows`;
  };
  Object.assign(initializers, {
    headed: int64s([4], [0, tokens, heads, perHead]),
    joined: int64s([3], [0, tokens, width]),
    alpha: floats([], [1 / Math.sqrt(perHead)]),
    root: floats([], [Math.SQRT2]),
    half: floats([], [0.5]),
    one: floats([], [1]),
  });

  const first = norm('x', 'n1');
  const queries = inHeads(linear(first, 'queries', width, width), [0, 2, 1, 3]);
  const keys = inHeads(linear(first, 'keys', width, width), [0, 2, 3, 1]);
  const values = inHeads(linear(first, 'values', width, width), [0, 2, 1, 3]);
  nodes.push(node('MatMul', `${queries} ${keys}`, 'products'));
  nodes.push(node('Mul', 'products alpha', 'scores'));
  nodes.push(node('Softmax', 'scores', 'shares', { axis: -1 }));
  nodes.push(node('MatMul', `shares ${values}`, 'read'));
  nodes.push(node('Transpose', 'read', 'read_rows', { perm: [0, 2, 1, 3] }));
  nodes.push(node('Reshape', 'read_rows joined', 'attended'));
  nodes.push(node('Add', `x ${linear('attended', 'mixed', width, width)}`, 'h'));

  const hidden = linear(norm('h', 'n2'), 'hidden', width, expansion * width);
  nodes.push(node('Div', `${hidden} root`, 'over_root'));
  nodes.push(node('Erf', 'over_root', 'erf'));
  nodes.push(node('Add', 'erf one', 'gate'));
  nodes.push(node('Mul', `${hidden} gate`, 'gated'));
  nodes.push(node('Mul', 'gated half', 'gelu'));
  nodes.push(node('Add', `h ${linear('gelu', 'out', expansion * width, width)}`, 'y'));

  const bytes = model({ inputs: { x: ['batch', tokens, width] }, outputs: ['y'], nodes, initializers });
  const samples = Array.from({ length: sampleCount }, (): Sample => {
    return new Map([['x', Float64Array.from(gaussian(random, tokens * width, 1), Math.fround)]]);
  });
  return { bytes, samples };
}

function gaussian(random: SeededRandom, count: number, deviation: number): number[] {
  const values = new Float64Array(count);
  random.fillGaussian(values, deviation);
  return [...values];
}
