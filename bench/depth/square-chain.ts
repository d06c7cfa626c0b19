/**
 * A chain of dense layers with squares between them that is as deep as is asked for and still computes something. Weights are
 * seeded, and each layer is normalised on samples as by a batch normalisation that was folded into it: its values are about 1,
 * with a deviation that falls by `decay` from layer to layer. Squares of seeded weights alone vanish or grow without bounds.
 * Here what an output is depends on the input through all layers, and errors fade by about as much as the input does.
 */
import type { Sample } from '../../ir/interface.ts';
import { seededRandom } from '../../ir/random.ts';
import { floats, model, node, type NodeSpec, type TensorSpec } from '../../test/support/onnx-builder.ts';

export interface SquareChain {
  readonly width: number;
  readonly squares: number;
  readonly outputs: number;
}

const centre = 1;
const firstSpread = 0.3;
const decay = 0.96;

/** Samples that layers are normalised on, and that are given with the model. */
const sampleCount = 64;

/** The ONNX file, of an input `x` [batch, width] and an output `y` [batch, outputs], and samples of it. */
export function squareChain({ width, squares, outputs }: SquareChain): {
  readonly bytes: Uint8Array;
  readonly samples: readonly Sample[];
} {
  const random = seededRandom(7);
  let values = Array.from({ length: sampleCount }, () =>
    Float64Array.from({ length: width }, () => Math.fround(2 * random.uniform() - 1)),
  );
  const samples = values.map((x) => new Map([['x', x]]));
  const nodes: NodeSpec[] = [];
  const initializers: Record<string, TensorSpec> = {};
  const dense = (input: string, output: string, rows: number, layer: number): void => {
    const spread = firstSpread * decay ** layer;
    const weights = new Float64Array(rows * width);
    random.fillGaussian(weights, 1);
    const bias = new Float64Array(rows);
    for (let r = 0; r < rows; r++) normalise(weights.subarray(r * width, (r + 1) * width), bias, r, values, spread);
    initializers[`w_${output}`] = floats([rows, width], [...weights]);
    initializers[`b_${output}`] = floats([rows], [...bias]);
    nodes.push(node('Gemm', `${input} w_${output} b_${output}`, output, { transB: 1 }));
    values = values.map((x) => bias.map((b, r) => b + dot(weights.subarray(r * width, (r + 1) * width), x)));
  };
  let input = 'x';
  for (let k = 0; k < squares; k++) {
    dense(input, `d${k}`, width, k);
    nodes.push(node('Mul', `d${k} d${k}`, `s${k}`));
    values = values.map((x) => x.map((value) => value ** 2));
    input = `s${k}`;
  }
  dense(input, 'y', outputs, squares);
  const bytes = model({ inputs: { x: ['batch', width] }, outputs: ['y'], nodes, initializers });
  return { bytes, samples };
}

/** Row `r` of a layer, scaled and shifted so that over the samples its results have the mean `centre` and the deviation `spread`. */
function normalise(
  row: Float64Array,
  bias: Float64Array,
  r: number,
  values: readonly Float64Array[],
  spread: number,
): void {
  const results = values.map((x) => dot(row, x));
  const average = results.reduce((sum, y) => sum + y, 0) / results.length;
  const variance = results.reduce((sum, y) => sum + (y - average) ** 2, 0) / results.length;
  const factor = spread / Math.sqrt(variance);
  for (let c = 0; c < row.length; c++) row[c] = factor * (row[c] ?? 0);
  bias[r] = centre - factor * average;
}

function dot(row: Float64Array, x: Float64Array): number {
  return row.reduce((sum, weight, c) => sum + weight * (x[c] ?? 0), 0);
}
