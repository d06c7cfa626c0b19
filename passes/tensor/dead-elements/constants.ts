/** Which elements of a network are the same whatever its inputs are, and what they are. */
import { elementCount } from '../../../ir/constant.ts';
import { degreeOf } from '../../../ir/interpret/polynomial.ts';
import { tensorKernel } from '../../../ir/interpret/tensor.ts';
import { type AffineMap, rowBuffer } from '../../../ir/tensor/affine-map.ts';
import type { TensorModule, TensorNode, TensorNodeNamed } from '../../../ir/tensor/ops.ts';
import { foldableChannels, foldedBias, readingOutputs } from './conv-channels.ts';
import type { LinearMaps } from './linear-maps.ts';

/** The elements of every value by id: what they are, or NaN where they depend on the inputs. */
export type Constants = readonly Float64Array[];

export function findConstants(module: TensorModule, maps: LinearMaps): Constants {
  const known: Float64Array[] = [];
  for (const node of module.nodes) {
    const operands = node.operands.map((id) => known[id] ?? new Float64Array());
    // What overflows is left to the program.
    known.push(knownOf(module, node, operands, maps).map((value) => (Number.isFinite(value) ? value : NaN)));
  }
  return known;
}

/** NaN spreads through sums and products; only what multiplies by zero stops it. */
function knownOf(
  module: TensorModule,
  node: TensorNode,
  operands: readonly Float64Array[],
  maps: LinearMaps,
): Float64Array {
  const [x = new Float64Array(), y = new Float64Array()] = operands;
  switch (node.op) {
    case 'input':
      return new Float64Array(elementCount(node.type)).fill(NaN);
    case 'dense':
    case 'sparse':
    case 'scale-shift':
      return knownSums(maps.of(node), x);
    case 'conv':
      return knownOfConv(node, x);
    case 'multiply':
      return x.map((value, e) => (value === 0 || y[e] === 0 ? 0 : value * (y[e] ?? NaN)));
    case 'polynomial':
      return tensorKernel(module, node)(operands, new Map()).map((value, e) => {
        const own = constantOf(node, e);
        return own ?? (Number.isNaN(x[e] ?? NaN) ? NaN : value);
      });
    case 'activation':
    case 'composite':
      // A comparison with NaN is false, and not unknown.
      return tensorKernel(module, node)(operands, new Map()).map((value, e) =>
        Number.isNaN(x[e] ?? NaN) ? NaN : value,
      );
    case 'quantize':
      return x.map(() => NaN);
    case 'gather':
    case 'add':
    case 'refresh':
    case 'output':
      return tensorKernel(module, node)(operands, new Map());
  }
}

/** A x + b, where an unknown element matters to the rows alone that have a weight for it. */
function knownSums(map: AffineMap, x: Float64Array): Float64Array {
  const { weights } = map;
  const buffer = rowBuffer(map);
  return map.bias.map((bias, row) => {
    const count = map.readRow(row, buffer);
    let sum = bias;
    for (let k = 0; k < count; k++) sum += (weights[buffer.weights[k] ?? 0] ?? 0) * (x[buffer.columns[k] ?? 0] ?? 0);
    return sum;
  });
}

function knownOfConv(node: TensorNodeNamed<'conv'>, x: Float64Array): Float64Array {
  const foldable = foldableChannels(node, x);
  const bias = foldedBias(node, foldable);
  const reads = readingOutputs(node, foldable);
  const positions = elementCount(node.type.slice(1));
  return Float64Array.from({ length: bias.length * positions }, (_, e) => {
    const channel = Math.floor(e / positions);
    return reads[channel] === true ? NaN : (bias[channel] ?? NaN);
  });
}

/** The value of a polynomial at element e whatever its operand is, where it is of degree zero there. */
function constantOf({ attrs, type }: TensorNodeNamed<'polynomial'>, e: number): number | undefined {
  const [sets = 1, terms = 1] = attrs.coefficients.shape;
  const set = Math.floor((e * sets) / elementCount(type));
  const own = attrs.coefficients.values.subarray(set * terms, (set + 1) * terms);
  return degreeOf(own) === 0 ? own[0] : undefined;
}
