/**
 * Moves the elements of a network to other places without changing what it computes: rows, biases and coefficients move
 * with an axis, and so do the columns of everything that reads it.
 *
 * An order says where elements come from: `order[i]` is the old index of the item that stands at the new position i.
 * Samples and answers keep the order of the model: a gather behind each input and one before each output, which cost
 * nothing where the client packs and unpacks.
 */
import { Constant, elementCount, indexConstant } from '../../../ir/constant.ts';
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { activationSets } from '../../../ir/interpret/activations.ts';
import { nodeAt } from '../../../ir/module.ts';
import type { ValueId } from '../../../ir/op.ts';
import { TensorBuilder, type TensorModule, type TensorNode, type TensorNodeNamed } from '../../../ir/tensor/ops.ts';
import { type PermutableAxes, permutableAxes, type Segment } from './permutable-axes.ts';

/** By the name of an axis; an axis that is left out stays as it is. */
export type Orders = ReadonlyMap<string, Int32Array>;

/**
 * `module` with every axis in its order. Computes the same values but for the order in which products are added up.
 * Throws `InternalError` for an order that is not of one of the axes' items: see `ordersFromJson` for what comes from
 * outside.
 */
export function permuteModule(module: TensorModule, orders: Orders): TensorModule {
  const axes = permutableAxes(module);
  for (const [name, order] of orders) {
    const axis = axes.axes.find((each) => each.name === name);
    if (axis?.items !== order.length) throw new InternalError(`there is no axis ${name} of ${order.length} items`);
  }
  const builder = new TensorBuilder();
  const values = new Map<ValueId, ValueId>();
  const places = new Places(axes, orders);
  for (const node of module.nodes) {
    const operands = node.operands.map((id) => values.get(id) ?? -1);
    values.set(node.id, append(builder, module, node, operands, places));
  }
  return builder.build(module.name);
}

function append(
  builder: TensorBuilder,
  module: TensorModule,
  node: TensorNode,
  operands: readonly ValueId[],
  places: Places,
): ValueId {
  const { origins } = node;
  const [operand = -1] = node.operands;
  const rows = places.of(node.id);
  switch (node.op) {
    case 'input': {
      const input = builder.add('input', [], node.attrs, origins);
      if (rows === undefined) return input;
      return builder.add('gather', [input], { index: indexConstant(node.type, rows) }, origins);
    }
    case 'output': {
      const moved = places.of(operand);
      if (moved === undefined) return builder.add('output', operands, node.attrs, origins);
      const index = indexConstant(nodeAt(module, operand).type, inverse(moved));
      return builder.add('output', [builder.add('gather', operands, { index }, origins)], node.attrs, origins);
    }
    case 'dense':
      return builder.add('dense', operands, permuteDense(node, rows, places.of(operand)), origins);
    case 'conv': {
      const { type } = nodeAt(module, operand);
      const outputs = places.of(node.id, elementCount(node.type.slice(1)));
      const inputs = places.of(operand, elementCount(type.slice(1)));
      return builder.add('conv', operands, permuteConv(node, outputs, inputs), origins);
    }
    case 'sparse':
      return builder.add('sparse', operands, permuteSparse(node, rows, places.of(operand)), origins);
    case 'gather':
      return builder.add('gather', operands, permuteGather(module, node, places), origins);
    case 'scale-shift': {
      const { factors, offsets } = node.attrs;
      return builder.add(
        'scale-shift',
        operands,
        { factors: pick(factors, rows), offsets: pick(offsets, rows) },
        origins,
      );
    }
    case 'polynomial': {
      const { coefficients } = node.attrs;
      const [sets = 1, terms = 1] = coefficients.shape;
      const order = sets === 1 ? undefined : places.of(node.id, elementCount(node.type) / sets);
      return builder.add(
        'polynomial',
        operands,
        { ...node.attrs, coefficients: pick(coefficients, order, terms) },
        origins,
      );
    }
    case 'composite':
      throw new InternalError('composites are expanded before a network is permuted');
    case 'activation': {
      const { parameters } = node.attrs;
      const sets = activationSets(node.attrs);
      const order = sets === 1 ? undefined : places.of(node.id, elementCount(node.type) / sets);
      const moved = order === undefined ? parameters : Array.from(order, (from) => parameters[from] ?? 0);
      return builder.add('activation', operands, { ...node.attrs, parameters: moved }, origins);
    }
    case 'add':
    case 'multiply':
    case 'quantize':
    case 'refresh':
      return builder.copy(node, (id) => operands[node.operands.indexOf(id)] ?? -1);
  }
}

function permuteDense(
  { attrs }: TensorNodeNamed<'dense'>,
  rows: Int32Array | undefined,
  columns: Int32Array | undefined,
) {
  const [, n = 1] = attrs.weights.shape;
  const move = (matrix: Constant): Constant => pickColumns(pick(matrix, rows, n), columns, 1);
  return { weights: move(attrs.weights), bias: pick(attrs.bias, rows), ...optional(attrs.pruned, move) };
}

function permuteConv(
  { attrs }: TensorNodeNamed<'conv'>,
  outputs: Int32Array | undefined,
  inputs: Int32Array | undefined,
) {
  const [, perGroup = 1, ...kernel] = attrs.weights.shape;
  const taps = elementCount(kernel);
  // The groups of a depthwise convolution move with its outputs; other groups stay.
  const channels = attrs.groups === 1 ? inputs : undefined;
  const move = (weights: Constant): Constant => pickColumns(pick(weights, outputs, perGroup * taps), channels, taps);
  return { ...attrs, weights: move(attrs.weights), bias: pick(attrs.bias, outputs), ...optional(attrs.pruned, move) };
}

function permuteSparse(
  { attrs }: TensorNodeNamed<'sparse'>,
  rows: Int32Array | undefined,
  columns: Int32Array | undefined,
) {
  const starts = attrs.starts.indices;
  const oldColumns = attrs.columns.indices;
  const newColumns = columns === undefined ? undefined : inverse(columns);
  const columnOf = (entry: number): number => newColumns?.[oldColumns[entry] ?? 0] ?? oldColumns[entry] ?? 0;
  const entries: number[] = [];
  const newStarts = [0];
  for (let at = 0; at + 1 < starts.length; at++) {
    const row = rows?.[at] ?? at;
    const first = starts[row] ?? 0;
    const own = Array.from({ length: (starts[row + 1] ?? 0) - first }, (_, i) => first + i);
    if (newColumns !== undefined) own.sort((a, b) => columnOf(a) - columnOf(b));
    for (const entry of own) entries.push(entry);
    newStarts.push(entries.length);
  }
  const order = Int32Array.from(entries);
  return {
    ...attrs,
    starts: indexConstant([newStarts.length], newStarts),
    columns: indexConstant([order.length], order.map(columnOf)),
    values: pick(attrs.values, order),
    bias: pick(attrs.bias, rows),
    ...optional(attrs.pruned, (pruned) => pick(pruned, order)),
  };
}

function permuteGather(module: TensorModule, node: TensorNodeNamed<'gather'>, places: Places) {
  const { index } = node.attrs;
  const rows = places.of(node.id);
  const operands = node.operands.map((id) => places.of(id));
  if (rows === undefined && operands.every((order) => order === undefined)) return { index };
  const picks = index.indices;
  const newPlaces: number[] = [];
  for (const [k, id] of node.operands.entries()) {
    const start = newPlaces.length;
    const order = operands[k];
    const to = order === undefined ? undefined : inverse(order);
    const n = elementCount(nodeAt(module, id).type);
    for (let i = 0; i < n; i++) newPlaces.push(start + (to?.[i] ?? i));
  }
  return {
    index: indexConstant(
      index.shape,
      picks.map((_, i) => newPlaces[picks[rows?.[i] ?? i] ?? -1] ?? -1),
    ),
  };
}

function optional(pruned: Constant | undefined, move: (pruned: Constant) => Constant): { pruned?: Constant } {
  return pruned === undefined ? {} : { pruned: move(pruned) };
}

/** Blocks of `block` values in another order; a constant of one block, such as one factor for all elements, stays. */
function pick(constant: Constant, order: Int32Array | undefined, block = 1): Constant {
  if (order === undefined || constant.data.length <= block) return constant;
  const { values } = constant;
  const moved = new Float64Array(values.length);
  for (const [to, from] of order.entries()) moved.set(values.subarray(from * block, (from + 1) * block), to * block);
  return new Constant(constant.shape, moved);
}

/** As `pick`, in every row of a matrix of `order.length · block` columns. */
function pickColumns(constant: Constant, order: Int32Array | undefined, block: number): Constant {
  if (order === undefined) return constant;
  const { values } = constant;
  const width = order.length * block;
  const moved = new Float64Array(values.length);
  for (let row = 0; row < values.length; row += width) {
    for (const [to, from] of order.entries()) {
      const at = row + from * block;
      moved.set(values.subarray(at, at + block), row + to * block);
    }
  }
  return new Constant(constant.shape, moved);
}

function inverse(order: Int32Array): Int32Array {
  const places = new Int32Array(order.length);
  for (const [to, from] of order.entries()) places[from] = to;
  return places;
}

/** Where the elements of each value come from. */
class Places {
  private readonly axes: PermutableAxes;
  private readonly orders: readonly (Int32Array | undefined)[];

  constructor(axes: PermutableAxes, orders: Orders) {
    this.axes = axes;
    this.orders = axes.axes.map(({ name }) => {
      const order = orders.get(name);
      return order?.every((from, to) => from === to) === true ? undefined : order;
    });
  }

  /** In units of `unit` elements, of which every item has a whole number; undefined where nothing moves. */
  of(value: ValueId, unit = 1): Int32Array | undefined {
    const segments = this.axes.values[value] ?? [];
    if (segments.every(({ axis }) => this.orders[axis] === undefined)) return undefined;
    const places: number[] = [];
    for (const segment of segments) this.appendSegment(segment, unit, places);
    return Int32Array.from(places);
  }

  private appendSegment({ axis, length }: Segment, unit: number, places: number[]): void {
    const start = places.length;
    const order = this.orders[axis];
    const block = length / unit / (this.axes.axes[axis]?.items ?? 1);
    for (let i = 0; i < length / unit; i++) {
      const item = Math.floor(i / block);
      places.push(order === undefined ? start + i : start + (order[item] ?? 0) * block + (i % block));
    }
  }
}
