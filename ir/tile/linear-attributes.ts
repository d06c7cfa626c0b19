/** The affine map of a tile-level `linear` as attributes, in the form that it has: dense, windows, or compressed rows. */
import { z } from 'zod';

import * as attr from '../attributes.ts';
import { Constant } from '../constant.ts';
import { areFinite } from '../maths/finite.ts';
import type { AffineMap } from '../tensor/affine-map.ts';
import { expanded, LinearMap } from '../tensor/csr.ts';
import { DenseMap } from '../tensor/dense-map.ts';
import { WindowMap } from '../tensor/window-map.ts';

const windows = z.strictObject({
  source: attr.indices,
  groups: z.int().min(1),
  channelElements: z.int().min(1),
});

export const mapAttributes = {
  starts: attr.indices.optional(),
  columns: attr.indices.optional(),
  windows: windows.optional(),
  values: attr.values,
  factor: z.number().optional(),
  bias: attr.values,
};

export type MapAttributes = z.output<z.ZodObject<typeof mapAttributes>>;

/** The map of these attributes on `columns` elements; all weights are to be multiplied by the attribute `factor`. */
export function mapOf({ starts, columns: indices, windows, values, bias }: MapAttributes, columns: number): AffineMap {
  if (windows !== undefined) {
    const [, perGroup = 0, taps = 0] = values.shape;
    const { source, ...rest } = windows;
    return new WindowMap(values.values, bias.values, perGroup, { ...rest, source: source.indices, taps }, columns);
  }
  if (starts === undefined || indices === undefined) return new DenseMap(values.values, bias.values, columns);
  return new LinearMap({
    rows: bias.data.length,
    columns,
    starts: starts.indices,
    indices: indices.indices,
    values: values.values,
    bias: bias.values,
  });
}

/** Attributes that `mapOf` makes the map of. They share its arrays. */
export function attributesOf(map: AffineMap): MapAttributes {
  const bias = new Constant([map.rows], map.bias);
  if (map instanceof WindowMap) {
    const { source, taps, groups, channelElements } = map.windows;
    return {
      windows: { source: new Constant([map.positions, taps], source), groups, channelElements },
      values: new Constant([map.outputs, map.perGroup, taps], map.weights),
      bias,
    };
  }
  if (map instanceof DenseMap) return { values: new Constant([map.rows, map.width], map.weights), bias };
  const { starts, indices, values } = expanded(map);
  return {
    starts: new Constant([starts.length], starts),
    columns: new Constant([indices.length], indices),
    values: new Constant([values.length], values),
    bias,
  };
}

/** Why these attributes are no affine map of `width` elements to `rows` elements; nothing where they are one. */
export function mapProblem(attributes: MapAttributes, rows: number, width: number): string | undefined {
  const { starts, columns, windows, values, factor, bias } = attributes;
  if (factor !== undefined && !Number.isFinite(factor)) return 'factor must be finite';
  if (starts !== undefined && columns !== undefined) {
    if (windows !== undefined) return 'a map has either rows or windows';
    return attr.rowsProblem({ starts, columns, values, bias }, rows, width);
  }
  if (starts !== undefined || columns !== undefined) return 'starts and columns stand together';
  if (bias.data.length !== rows) return `bias must have ${rows} entries`;
  const problem =
    windows === undefined ? denseProblem(values, rows, width) : windowsProblem(windows, values, rows, width);
  if (problem !== undefined) return problem;
  if (!areFinite(values.values)) return 'values must be finite';
  return areFinite(bias.values) ? undefined : 'bias must be finite';
}

function denseProblem({ shape }: Constant, rows: number, width: number): string | undefined {
  const [m, n = 0] = shape;
  if (shape.length !== 2 || m !== rows) return `values without starts must be [${rows}, columns]`;
  return n > width ? `values take ${n} elements, the operand has ${width}` : undefined;
}

function windowsProblem(
  { source, groups, channelElements }: z.output<typeof windows>,
  { shape }: Constant,
  rows: number,
  width: number,
): string | undefined {
  const [outputs = 0, perGroup = 0, taps = 0] = shape;
  const [positions = 0, each] = source.shape;
  if (shape.length !== 3 || taps < 1) return 'values of windows must be [outputs, channels of a group, taps]';
  if (source.shape.length !== 2 || each !== taps) return `the source of windows must be [positions, ${taps}]`;
  if (outputs * positions !== rows) return `${outputs} outputs at ${positions} positions are no ${rows} rows`;
  if (outputs % groups !== 0) return `${outputs} outputs do not divide into ${groups} groups`;
  if (groups * perGroup * channelElements > width)
    return `${groups * perGroup} channels of ${channelElements} elements, the operand has ${width} elements`;
  const elements = source.indices;
  for (let position = 0; position < positions; position++) {
    let before = -1;
    for (let i = position * taps; i < (position + 1) * taps; i++) {
      const element = elements[i] ?? -1;
      if (element < -1 || element >= channelElements) return `element ${element} is outside of a channel`;
      if (element === -1) continue;
      if (element <= before) return `the elements of position ${position} must ascend, ${element} follows ${before}`;
      before = element;
    }
  }
  return undefined;
}
