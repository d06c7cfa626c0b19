/** The weights of a linear op without the rows and columns that go, constants that it reads in its bias. */
import { Constant, elementCount, vector } from '../../../ir/constant.ts';
import { nodeAt } from '../../../ir/module.ts';
import { rowBuffer } from '../../../ir/tensor/affine-map.ts';
import { type LinearMap, RowWriter } from '../../../ir/tensor/csr.ts';
import type { TensorNodeNamed } from '../../../ir/tensor/ops.ts';
import { channelSize } from './classes.ts';
import { foldableChannels, foldedBias } from './conv-channels.ts';
import type { KeptElements } from './kept-elements.ts';
import type { Needs } from './needs.ts';

/**
 * The map between what stays of operand and result; undefined where nothing changes. `added` is added to the bias, by
 * the elements that the result had.
 */
export function shrunkMap(
  node: TensorNodeNamed<'dense' | 'sparse'>,
  needs: Needs,
  kept: KeptElements,
  added: Float64Array | undefined,
): LinearMap | undefined {
  const [x = -1] = node.operands;
  const map = needs.maps.of(node);
  const rows = kept.of(node.id);
  const columns = kept.positions(x);
  const known = needs.known[x] ?? new Float64Array();
  // Constants that no row reads are none of the layer's.
  if (kept.isWhole(node.id) && kept.isWhole(x) && added === undefined && known.every(Number.isNaN)) return undefined;
  const writer = new RowWriter(rows.length, kept.of(x).length, map.nonZeros);
  const buffer = rowBuffer(map);
  let isSame = kept.isWhole(node.id) && kept.isWhole(x) && added === undefined;
  const bias = Float64Array.from(rows, (row) => {
    let sum = (map.bias[row] ?? 0) + (added?.[row] ?? 0);
    const count = map.readRow(row, buffer);
    for (let k = 0; k < count; k++) {
      const column = buffer.columns[k] ?? 0;
      const weight = map.weights[buffer.weights[k] ?? 0] ?? 0;
      const constant = needs.constantAt(x, column);
      if (Number.isNaN(constant)) {
        writer.push(columns[column] ?? 0, weight);
      } else {
        sum += weight * constant;
        isSame = false;
      }
    }
    writer.endRow();
    return sum;
  });
  return isSame ? undefined : writer.finish(bias);
}

/** As `shrunkMap`, for the attributes of a convolution and whole channels; `added` is the same all over each. */
export function shrunkConv(
  node: TensorNodeNamed<'conv'>,
  needs: Needs,
  kept: KeptElements,
  added: Float64Array | undefined,
): TensorNodeNamed<'conv'>['attrs'] | undefined {
  const [x = -1] = node.operands;
  const { weights, groups, strides, pads, dilations } = node.attrs;
  const foldable = foldableChannels(node, needs.known[x] ?? new Float64Array());
  const isFolded = foldable.some((value) => !Number.isNaN(value));
  if (kept.isWhole(node.id) && kept.isWhole(x) && !isFolded && added === undefined) return undefined;
  const [outputs = 0, perGroup = 0, ...kernel] = weights.shape;
  const taps = elementCount(kernel);
  const positions = channelSize(node.type);
  const keptOutputs = channelsOf(kept.of(node.id), positions);
  const keptInputs = channelsOf(kept.of(x), channelSize(nodeAt(needs.module, x).type));
  const keptGroups = groups === 1 ? 1 : keptInputs.length / perGroup;
  const perKept = keptInputs.length / keptGroups;
  const data = new Float64Array(keptOutputs.length * perKept * taps);
  for (const [o, output] of keptOutputs.entries()) {
    const first = Math.floor((output * groups) / outputs) * perGroup;
    const own = groups === 1 ? keptInputs : Array.from({ length: perGroup }, (_, channel) => first + channel);
    for (const [i, input] of own.entries()) {
      if (!Number.isNaN(foldable[input] ?? NaN)) continue;
      const from = (output * perGroup + input - first) * taps;
      data.set(weights.values.subarray(from, from + taps), (o * perKept + i) * taps);
    }
  }
  const bias = foldedBias(node, foldable);
  return {
    weights: new Constant([keptOutputs.length, perKept, ...kernel], data),
    bias: vector(keptOutputs.map((output) => (bias[output] ?? 0) + (added?.[output * positions] ?? 0))),
    strides,
    pads,
    dilations,
    groups: keptGroups,
  };
}

function channelsOf(elements: Int32Array, size: number): number[] {
  return Array.from(
    elements.filter((e) => e % size === 0),
    (e) => e / size,
  );
}
