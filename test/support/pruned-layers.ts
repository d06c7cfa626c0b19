/** Layers with weights taken out, the kernels that compute them, and what their programs take. */
import type { KernelOption } from '../../compiler/kernels/parts/kernel-option.ts';
import { Constant, vector } from '../../ir/constant.ts';
import type { HeModule } from '../../ir/he/module.ts';
import { HE } from '../../ir/he/ops.ts';
import { seededRandom } from '../../ir/random.ts';
import { denseMatrix, expanded, type LinearMap, RowWriter } from '../../ir/tensor/csr.ts';
import { TensorBuilder, type TensorModule } from '../../ir/tensor/ops.ts';
import { replaceWeights, weightNodes, weightsOf } from '../../ir/tensor/weight-layers.ts';
import { deadCiphertexts } from '../../passes/he/dead-ciphertexts.ts';
import { PassManager } from '../../passes/manager.ts';
import type { LayerPrices, NetworkKernels } from '../../passes/pruning/tiles/kernels.ts';

/** All different, so that one cannot stand for another. */
const prices: LayerPrices = { product: 1, sum: 0.1, baby: 5, giant: 7, fold: 6, output: 3, input: 2 };

/** y = A x + b as a dense layer. */
export function denseLayer(map: LinearMap): TensorModule {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [map.columns] }, []);
  const weights = new Constant([map.rows, map.columns], denseMatrix(map));
  builder.add('output', [builder.add('dense', [x], { weights, bias: vector(map.bias) }, [])], { name: 'y' }, []);
  return builder.build('layer');
}

/** `option` as the kernel of the only layer of `module`. */
export function kernelsOf(module: TensorModule, { kernel, input, output, packing }: KernelOption): NetworkKernels {
  const rows = packing && expanded(packing.map);
  const gathered = rows && { index: packing.index, starts: rows.starts, indices: rows.indices };
  const layers = weightNodes(module).map(({ id }) => ({
    node: id,
    input,
    output,
    kernel,
    ...(gathered && { packing: gathered }),
    prices,
  }));
  return { layers, slotwise: [] };
}

/** Takes each weight out with the probability `share`; `pruned` keeps what went. */
export function prunedAtRandom(module: TensorModule, share: number, seed: number): TensorModule {
  const random = seededRandom(seed);
  const changes = weightNodes(module).map((node) => {
    const { values } = weightsOf(node);
    const goes = values.map(() => Number(random.uniform() < share));
    const weights = values.map((w, i) => (goes[i] === 1 ? 0 : w));
    return [node.id, { weights, pruned: values.map((w, i) => (goes[i] === 1 ? w : 0)) }] as const;
  });
  return replaceWeights(module, new Map(changes));
}

/** `option` for the same layer with the weights of `map`, some of which may have become zero. */
export function withWeights({ packing, ...option }: KernelOption, map: LinearMap): KernelOption {
  if (packing === undefined) return option;
  const matrix = denseMatrix(map);
  const { rows, columns, starts, indices } = expanded(packing.map);
  const writer = new RowWriter(rows, columns);
  for (let row = 0; row < rows; row++) {
    for (let k = starts[row] ?? 0; k < (starts[row + 1] ?? 0); k++) {
      const column = indices[k] ?? 0;
      writer.push(column, matrix[row * map.columns + (packing.index[column] ?? 0)] ?? 0);
    }
    writer.endRow();
  }
  return { ...option, packing: { index: packing.index, map: writer.finish(map.bias) } };
}

/** Products with plaintexts and rotations of a program, without what is zero. */
export function countsOf(program: HeModule): { products: number; rotations: number; inputs: number } {
  const { op } = new PassManager([]).run(deadCiphertexts, program, {}).columns;
  const count = (code: number): number => op.filter((each) => each === code).length;
  return { products: count(HE['multiply-plain']), rotations: count(HE.rotate), inputs: count(HE.input) };
}
