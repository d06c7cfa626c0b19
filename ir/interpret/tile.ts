/**
 * Reference semantics of the tile level, on elements: what a packed network computes, whatever the slots. Together with
 * the he interpreter, which sees slots alone, it pins down what lowering must preserve.
 */
import { InternalError } from '../diagnostics/diagnostic.ts';
import type { Sample } from '../interface.ts';
import type { NodeBase, ValueId } from '../op.ts';
import type { AffineMap } from '../tensor/affine-map.ts';
import type { Layout } from '../tile/layout.ts';
import { type MapAttributes, mapOf } from '../tile/linear-attributes.ts';
import type { TileModule, TileNodeNamed, TileOpName } from '../tile/ops.ts';
import { evaluatePolynomial } from './polynomial.ts';

type Rules = {
  readonly [K in TileOpName]: (
    node: TileNodeNamed<K>,
    operands: readonly Float64Array[],
    inputs: Sample,
  ) => Float64Array;
};

const rules: Rules = {
  pack: ({ attrs: { name, index, factor } }, _, inputs) => {
    const x = inputs.get(name);
    if (x === undefined) throw new InternalError(`there is no input ${name}`);
    const picks = index.indices;
    const y = new Float64Array(picks.length);
    for (let e = 0; e < y.length; e++) {
      const from = picks[e] ?? -1;
      if (from >= 0) y[e] = (x[from] ?? 0) * factor;
    }
    return y;
  },
  linear: ({ attrs }, [x = empty]) => {
    const y = mapOfNode(attrs, x.length).multiply(x);
    const { factor = 1 } = attrs;
    const bias = attrs.bias.values;
    for (let i = 0; i < y.length; i++) y[i] = factor * (y[i] ?? 0) + (bias[i] ?? 0);
    return y;
  },
  add: (_, operands) => {
    const sum = new Float64Array(operands[0]?.length ?? 0);
    for (const x of operands) for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (x[i] ?? 0);
    return sum;
  },
  multiply: (_, [x = empty, y = empty]) => x.map((value, i) => value * (y[i] ?? 0)),
  polynomial: ({ attrs: { basis, coefficients, set, center, halfWidth } }, [x = empty]) => {
    const terms = coefficients.shape[1] ?? 1;
    return x.map((value, i) => {
      const row = set.indices.length === 1 ? 0 : (set.indices[i] ?? 0);
      const series = coefficients.values.subarray(row * terms, (row + 1) * terms);
      return evaluatePolynomial(basis, series, (value - center) / halfWidth);
    });
  },
  refresh: (_, [x = empty]) => x,
  unpack: ({ attrs: { factor, index, constants } }, [x = empty]) => {
    if (index === undefined) return x.map((value) => value * factor);
    const known = constants?.values;
    return Float64Array.from(index.indices, (from, i) => (from < 0 ? (known?.[i] ?? 0) : (x[from] ?? 0) * factor));
  },
};

const empty = new Float64Array();

/** Windows are prepared once, for all samples. */
const maps = new WeakMap<MapAttributes, AffineMap>();

function mapOfNode(attributes: MapAttributes, columns: number): AffineMap {
  let map = maps.get(attributes);
  if (map === undefined) maps.set(attributes, (map = mapOf(attributes, columns)));
  return map;
}

/**
 * The outputs by name, for one sample: a row-major array for each input by name. `observe` sees the elements of every
 * value.
 */
export function evaluateTile(
  module: TileModule,
  inputs: Sample,
  observe?: (id: ValueId, elements: Float64Array) => void,
): Map<string, Float64Array> {
  const values: Float64Array[] = [];
  const outputs = new Map<string, Float64Array>();
  for (const node of module.nodes) {
    const rule = rules[node.op] as (
      node: NodeBase<Layout>,
      operands: readonly Float64Array[],
      inputs: Sample,
    ) => Float64Array;
    const value = rule(
      node,
      node.operands.map((id) => values[id] ?? empty),
      inputs,
    );
    values.push(value);
    observe?.(node.id, value);
    if (node.op === 'unpack') outputs.set(node.attrs.name, value);
  }
  return outputs;
}
