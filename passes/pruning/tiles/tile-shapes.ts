/** How many results and operands of a layer one product multiplies by: blocks of a given size, or what kernels pack. */
import type { ValueId } from '../../../ir/op.ts';
import type { TensorModule } from '../../../ir/tensor/ops.ts';
import { isWeightNode, weightNodes } from '../../../ir/tensor/weight-layers.ts';
import type { Layout } from '../../../ir/tile/layout.ts';
import type { LayerKernel, NetworkKernels } from './kernels.ts';
import type { TileShape } from '../../../ir/tile/place-weights.ts';

/** Blocks of `tile` in every layer; with `alternate`, rows and columns change places from one layer to the next. */
export function blockShapes(module: TensorModule, tile: TileShape, alternate: boolean): Map<ValueId, TileShape> {
  const turned = { rows: tile.columns, columns: tile.rows };
  const depths = layersBefore(module);
  return new Map(weightNodes(module).map(({ id }) => [id, alternate && (depths[id] ?? 0) % 2 === 1 ? turned : tile]));
}

/** For each layer the elements of a full ciphertext of its result, and of its operand. */
export function tilesOfKernels({ layers }: NetworkKernels): Map<ValueId, TileShape> {
  return new Map(
    layers.map((layer) => [
      layer.node,
      { rows: elementsOfCiphertext(layer.output), columns: columnsOfCiphertext(layer) },
    ]),
  );
}

function elementsOfCiphertext({ dims }: Layout): number {
  return dims.reduce((product, { n, t }) => product * Math.min(n, t), 1);
}

/** Where the client gathers the operand, an element that it repeats counts once. */
function columnsOfCiphertext({ input, packing }: LayerKernel): number {
  if (packing === undefined) return elementsOfCiphertext(input);
  const elements = input.elementMap();
  const perCiphertext = Array.from({ length: input.ciphertexts }, (_, c) => {
    const own = elements.subarray(c * input.virtualSlots, (c + 1) * input.virtualSlots);
    return new Set(Array.from(own, (element) => packing.index[element] ?? -1).filter((source) => source >= 0)).size;
  });
  return perCiphertext.reduce((most, count) => Math.max(most, count), 1);
}

/** For each value the most layers with weights on a way to it, itself left out. */
function layersBefore(module: TensorModule): number[] {
  const before: number[] = [];
  const after: number[] = [];
  for (const node of module.nodes) {
    const depth = node.operands.reduce((most, operand) => Math.max(most, after[operand] ?? 0), 0);
    before.push(depth);
    after.push(isWeightNode(node) ? depth + 1 : depth);
  }
  return before;
}
