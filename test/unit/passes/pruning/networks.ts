/** Small networks with weights from a generator. */
import { Constant, vector } from '../../../../ir/constant.ts';
import type { ValueId } from '../../../../ir/op.ts';
import { TensorBuilder, type TensorModule } from '../../../../ir/tensor/ops.ts';
import { type WeightMap, type WeightNode, weightMapOf } from '../../../../ir/tensor/weight-layers.ts';

/** Dense layers between values of these sizes, with a square after each but the last. */
export function squaredChain([inputs = 1, ...sizes]: readonly number[], draw: () => number): TensorModule {
  const builder = new TensorBuilder();
  let x: ValueId = builder.add('input', [], { name: 'x', shape: [inputs] }, []);
  let n = inputs;
  for (const [k, m] of sizes.entries()) {
    const weights = new Constant([m, n], Float64Array.from({ length: m * n }, draw));
    x = builder.add('dense', [x], { weights, bias: vector(Array.from({ length: m }, draw)) }, []);
    if (k + 1 < sizes.length) x = builder.add('multiply', [x, x], {}, []);
    n = m;
  }
  builder.add('output', [x], { name: 'y' }, []);
  return builder.build('chain');
}

/** As `weightMapOf`, but a sparse row that has several weights in a column keeps them apart. */
export function weightEntries(module: TensorModule, node: WeightNode): Omit<WeightMap, 'columns'> {
  if (node.op !== 'sparse') return weightMapOf(module, node);
  const { starts, columns } = node.attrs;
  const weight = columns.indices.map((_, i) => i);
  return { rows: starts.indices.length - 1, starts: starts.indices, indices: columns.indices, weight };
}
