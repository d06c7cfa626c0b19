/**
 * Which elements of a network may change places, and which must do so together.
 *
 * An axis is a number of items of equal standing: rows of a layer, channels of a convolution, elements of a network
 * input. A value is a sequence of segments, each of which runs over the items of one axis in blocks of equally many
 * elements; a segment of no axis stays as it is. Elementwise ops keep the segments, sums and products tie those of their
 * operands, layers read them as columns and begin a new axis with their rows. Whatever demands larger blocks (the
 * channels of a convolution, the coefficients of a polynomial, a value that is tied) makes the items of the axis fewer,
 * each of several neighbours. What is not understood has a single item, and so stays in place.
 *
 * Two axes are tied item by item, in order: their numbers of items become the greatest common divisor of both.
 */
import { elementCount } from '../../../ir/constant.ts';
import { activationSets } from '../../../ir/interpret/activations.ts';
import { nodeAt } from '../../../ir/module.ts';
import type { Shape, TensorModule, TensorNode, TensorNodeNamed } from '../../../ir/tensor/ops.ts';
import { isWeightNode } from '../../../ir/tensor/weight-layers.ts';
import { AxisSets } from './axis-sets.ts';

export interface PermutableAxis {
  /** The first of `origins`. */
  readonly name: string;
  /** At least two. */
  readonly items: number;
  /** Where the axis begins: `rows:K` for the rows of the K-th node with weights, `input:NAME`; several where tied. */
  readonly origins: readonly string[];
}

export interface Segment {
  /** Index into the axes; −1 for elements that stay in place. */
  readonly axis: number;
  /** Elements; a multiple of the items of the axis. */
  readonly length: number;
}

export interface PermutableAxes {
  /** In the order in which they first appear. */
  readonly axes: readonly PermutableAxis[];
  /** By node, what its value consists of, neighbours that stay in place as one; of an output what its operand consists of. */
  readonly values: readonly (readonly Segment[])[];
}

/** The axes of `module`. */
export function permutableAxes(module: TensorModule): PermutableAxes {
  const sets = new AxisSets();
  const values: Part[][] = [];
  let layer = 0;
  for (const node of module.nodes) {
    const parts = node.operands.map((id) => values[id] ?? []);
    const shapes = node.operands.map((id) => nodeAt(module, id).type);
    values.push(partsOf(node, parts, shapes, `rows:${layer}`, sets));
    if (isWeightNode(node)) layer++;
  }
  return resolve(values, sets);
}

/** A segment while axes are still being tied. */
interface Part {
  readonly set: number;
  readonly length: number;
}

function partsOf(
  node: TensorNode,
  operands: readonly (readonly Part[])[],
  shapes: readonly Shape[],
  rows: string,
  sets: AxisSets,
): Part[] {
  const [x = []] = operands;
  const [shape = []] = shapes;
  const length = elementCount(node.type);
  const begin = (items: number, name: string): Part[] => [{ set: sets.add(items, name), length }];
  switch (node.op) {
    case 'input':
      return begin(length, `input:${node.attrs.name}`);
    case 'dense':
      return begin(length, rows);
    case 'sparse':
      // An unrolled convolution: what it reads and computes is in channels, and diagonals within them are worth keeping.
      if (shape.length > 1) align(x, channelElements(shape), sets);
      return begin(node.type.length > 1 ? (node.type[0] ?? 1) : length, rows);
    case 'conv':
      return convParts(node, x, shape, begin, rows, sets);
    case 'gather':
      return gatherParts(node.attrs.index.indices, operands.flat(), sets);
    case 'add':
    case 'multiply':
      return tie(operands, sets);
    case 'polynomial':
      return slotwiseParts(node.attrs.coefficients.shape[0] ?? 1, x, length, sets);
    case 'composite':
      return slotwiseParts(node.attrs.offsets.shape[0] ?? 1, x, length, sets);
    case 'activation':
      return slotwiseParts(activationSets(node.attrs), x, length, sets);
    case 'scale-shift':
    case 'quantize':
    case 'refresh':
    case 'output':
      return [...x];
  }
}

function channelElements(shape: Shape): number {
  return elementCount(shape.slice(1));
}

function convParts(
  node: TensorNodeNamed<'conv'>,
  x: readonly Part[],
  shape: Shape,
  begin: (items: number, name: string) => Part[],
  rows: string,
  sets: AxisSets,
): Part[] {
  const { groups } = node.attrs;
  const [outputs = 1] = node.type;
  const [channels = 1] = shape;
  const before = channelElements(shape);
  const inChannels = align(x, before, sets);
  if (groups === 1) return begin(outputs, rows);
  if (groups === channels && inChannels) {
    // Depthwise: the channels of the result move with those that they are computed from.
    const after = (outputs / groups) * channelElements(node.type);
    return x.map(({ set, length }) => ({ set, length: (length / before) * after }));
  }
  fix(x, sets);
  return begin(1, rows);
}

/** One function for each of `functions` equally long stretches of the operand; a permutation moves them along. */
function slotwiseParts(functions: number, x: readonly Part[], length: number, sets: AxisSets): Part[] {
  if (functions > 1) align(x, length / functions, sets);
  return [...x];
}

/** Lets items be whole blocks of `block` elements of the value. Parts that do not begin and end with one are fixed. */
function align(parts: readonly Part[], block: number, sets: AxisSets): boolean {
  let at = 0;
  let aligned = true;
  for (const { set, length } of parts) {
    const fits = at % block === 0 && length % block === 0;
    sets.coarsen(set, fits ? length / block : 1);
    aligned &&= fits;
    at += length;
  }
  return aligned;
}

function fix(parts: readonly Part[], sets: AxisSets): void {
  for (const { set } of parts) sets.coarsen(set, 1);
}

function tie(operands: readonly (readonly Part[])[], sets: AxisSets): Part[] {
  const [first = [], ...rest] = operands;
  for (const parts of rest) {
    const hasSameParts = parts.length === first.length && parts.every(({ length }, k) => length === first[k]?.length);
    for (const [k, { set }] of parts.entries()) if (hasSameParts) sets.join(first[k]?.set ?? set, set);
    if (!hasSameParts) {
      fix(first, sets);
      fix(parts, sets);
    }
  }
  return [...first];
}

/** A reordering of whole parts (reshapes, concatenations, drops), or one that does the same in every item of a part. */
function gatherParts(index: Int32Array, sources: readonly Part[], sets: AxisSets): Part[] {
  const whole = wholeParts(index, sources, sets);
  if (whole !== undefined) return whole;
  const within = sameInEveryItem(index, sources, sets);
  if (within !== undefined) return [within];
  const setOf = Int32Array.from(sources.flatMap(({ set, length }) => new Array<number>(length).fill(set)));
  for (const pick of index) if (pick >= 0) sets.coarsen(setOf[pick] ?? -1, 1);
  return [{ set: sets.add(1), length: index.length }];
}

function wholeParts(index: Int32Array, sources: readonly Part[], sets: AxisSets): Part[] | undefined {
  const partAt = new Map(startsOf(sources).map((start, k) => [start, sources[k]] as const));
  const parts: Part[] = [];
  for (let at = 0; at < index.length;) {
    const pick = index[at] ?? -1;
    let part = partAt.get(pick);
    if (pick < 0) {
      let length = 1;
      while ((index[at + length] ?? 0) < 0) length++;
      part = { set: sets.add(1), length };
    } else if (part === undefined || !isRun(index, at, part.length)) {
      return undefined;
    }
    parts.push(part);
    at += part.length;
  }
  return parts;
}

/** Whether the index runs on by one for `length` entries. */
function isRun(index: Int32Array, at: number, length: number): boolean {
  const first = index[at] ?? 0;
  for (let i = 1; i < length; i++) if (index[at + i] !== first + i) return false;
  return at + length <= index.length;
}

/** Such as cropping or padding every channel. */
function sameInEveryItem(index: Int32Array, sources: readonly Part[], sets: AxisSets): Part | undefined {
  const starts = startsOf(sources);
  const first = index.find((pick) => pick >= 0) ?? -1;
  const k = starts.findLastIndex((start) => start <= first);
  const { set = -1, length = 0 } = sources[k] ?? {};
  if (set < 0) return undefined;
  const start = starts[k] ?? 0;
  const items = sets.items(set);
  const before = length / items;
  const after = index.length / items;
  if (!Number.isInteger(after)) return undefined;
  const fits = index.every((pick, i) => {
    const pattern = index[i % after] ?? -1;
    if (pattern < 0) return pick < 0;
    return pattern >= start && pattern < start + before && pick === pattern + Math.floor(i / after) * before;
  });
  return fits ? { set, length: index.length } : undefined;
}

function startsOf(parts: readonly Part[]): number[] {
  let at = 0;
  return parts.map(({ length }) => {
    at += length;
    return at - length;
  });
}

function resolve(values: readonly (readonly Part[])[], sets: AxisSets): PermutableAxes {
  const axes: PermutableAxis[] = [];
  const numbers = new Map<number, number>();
  for (const { root, items, origins } of sets.roots()) {
    const [name] = origins;
    if (items < 2 || name === undefined) continue;
    numbers.set(root, axes.length);
    axes.push({ name, items, origins });
  }
  const segments = values.map((parts) =>
    joinFixed(parts.map(({ set, length }) => ({ axis: numbers.get(sets.find(set)) ?? -1, length }))),
  );
  return { axes, values: segments };
}

/** Neighbours that stay are one segment, so that every segment begins and ends with a channel where any must. */
function joinFixed(segments: readonly Segment[]): Segment[] {
  const joined: Segment[] = [];
  for (const segment of segments) {
    const last = joined.at(-1);
    if (last?.axis === -1 && segment.axis === -1)
      joined.splice(-1, 1, { axis: -1, length: last.length + segment.length });
    else joined.push(segment);
  }
  return joined;
}
