/**
 * Which neuron each weight of a layer feeds and which it reads. A neuron is a row of a `dense` or `sparse` layer, or a
 * channel of a `conv`: the unit that can go as a whole.
 */
import { elementCount } from '../constant.ts';
import { nodeAt } from '../module.ts';
import type { TensorModule } from './ops.ts';
import { type WeightNode, weightsOf } from './weight-layers.ts';

export interface LayerGeometry {
  /** Neurons that the layer computes and reads: rows and columns, or output and input channels. */
  readonly rows: number;
  readonly columns: number;
  /** For each weight the row that it feeds and the column that it reads. */
  readonly rowOf: Int32Array;
  readonly columnOf: Int32Array;
  /** Elements of one row in the result and of one column in the operand; 1 but for `conv`. */
  readonly rowElements: number;
  readonly columnElements: number;
}

/** The geometry of `node` in its module. */
export function layerGeometry(module: TensorModule, node: WeightNode): LayerGeometry {
  const count = weightsOf(node).data.length;
  const rowOf = new Int32Array(count);
  const columnOf = new Int32Array(count);
  const operand = nodeAt(module, node.operands[0] ?? -1).type;
  if (node.op === 'conv') {
    const { weights, groups } = node.attrs;
    const [outputs = 0, perGroup = 0, ...kernel] = weights.shape;
    const taps = elementCount(kernel);
    for (let i = 0; i < count; i++) {
      const row = Math.floor(i / (perGroup * taps));
      rowOf[i] = row;
      columnOf[i] = Math.floor((row * groups) / outputs) * perGroup + (Math.floor(i / taps) % perGroup);
    }
    const [columns = 0, ...spatial] = operand;
    const rowElements = elementCount(node.type.slice(1));
    return { rows: outputs, columns, rowOf, columnOf, rowElements, columnElements: elementCount(spatial) };
  }
  const rows = elementCount(node.type);
  const columns = elementCount(operand);
  if (node.op === 'dense') {
    for (let i = 0; i < count; i++) {
      rowOf[i] = Math.floor(i / columns);
      columnOf[i] = i % columns;
    }
  } else {
    const starts = node.attrs.starts.indices;
    for (let row = 0; row < rows; row++) rowOf.fill(row, starts[row], starts[row + 1]);
    columnOf.set(node.attrs.columns.indices);
  }
  return { rows, columns, rowOf, columnOf, rowElements: 1, columnElements: 1 };
}
