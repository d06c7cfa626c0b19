/** A model as layers that the demo page evaluates in the clear. */
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import type { AffineMap } from '../../../../ir/tensor/affine-map.ts';
import { affineMapOf } from '../../../../ir/tensor/linear-map.ts';
import type { TensorModule } from '../../../../ir/tensor/ops.ts';
import type { DemoModelData } from '../../../../service/site/demo-data.ts';

export interface ClearLayers {
  readonly layers: DemoModelData['layers'];
  /** As the layers have them: weights in rows, then the bias. */
  readonly weights: Float32Array<ArrayBuffer>;
}

/** Throws `InternalError` for a module that is not a chain of linear ops and squares. */
export function clearLayers(module: TensorModule): ClearLayers {
  const layers: { inputs: number; outputs: number; squares: boolean }[] = [];
  const values: Float32Array[] = [];
  for (const node of module.nodes) {
    if (node.op === 'input' || node.op === 'output') continue;
    if (node.operands.some((operand) => operand !== node.id - 1))
      throw new InternalError('a model of the demo is no chain');
    if (node.op === 'multiply') {
      const last = layers.at(-1);
      if (last === undefined) throw new InternalError('a model of the demo squares its input');
      last.squares = true;
      continue;
    }
    const shapes = node.operands.map((operand) => module.nodes[operand]?.type ?? []);
    const map = affineMapOf(node, shapes);
    if (map === undefined) throw new InternalError(`the demo page does not evaluate ${node.op}`);
    layers.push({ inputs: map.columns, outputs: map.rows, squares: false });
    values.push(denseRows(map), Float32Array.from(map.bias));
  }
  return { layers, weights: joined(values) };
}

function denseRows(map: AffineMap): Float32Array {
  const dense = new Float32Array(map.rows * map.columns);
  const row = { columns: new Int32Array(map.longestRow), weights: new Int32Array(map.longestRow) };
  for (let r = 0; r < map.rows; r++) {
    const count = map.readRow(r, row);
    for (let k = 0; k < count; k++)
      dense[r * map.columns + (row.columns[k] ?? 0)] = map.weights[row.weights[k] ?? 0] ?? 0;
  }
  return dense;
}

function joined(parts: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
