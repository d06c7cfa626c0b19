/** Schemas that the attributes of several ops share, and what a schema cannot say of several attributes together. */
import { z } from 'zod';

import { Constant } from './constant.ts';
import { areFinite } from './maths/finite.ts';

const constant = z.instanceof(Constant);

/** A constant of doubles. */
export const values = constant.refine((c) => c.dtype === 'f64', 'must be a constant of f64');

/** A constant of indices. */
export const indices = constant.refine((c) => c.dtype === 'i32', 'must be a constant of i32');

export const shape = z.array(z.int().min(1));

export const steps = z.array(z.int());

export const name = z.string().min(1);

/** An affine map y = A x + b with A in compressed rows, as attributes. */
export interface CompressedRows {
  readonly starts: Constant;
  readonly columns: Constant;
  readonly values: Constant;
  readonly bias: Constant;
}

/**
 * Why these attributes are no affine map of `width` elements to `rows` elements; nothing where they are one. The non-zeros
 * of row r are entries starts[r] … starts[r + 1] of `columns` and `values`. The columns of a row ascend strictly: whoever
 * looks an entry up searches by halves, and two entries of one place would be one of them.
 */
export function rowsProblem(
  { starts, columns, values, bias }: CompressedRows,
  rows: number,
  width: number,
): string | undefined {
  const offsets = starts.indices;
  const places = columns.indices;
  const numbers = values.values;
  if (offsets.length !== rows + 1) return `starts must have ${rows + 1} entries`;
  if (bias.data.length !== rows) return `bias must have ${rows} entries`;
  if (offsets[0] !== 0) return 'starts must begin with 0';
  if (places.length !== numbers.length || offsets[rows] !== numbers.length)
    return 'columns and values must have as many entries as the last of starts says';
  for (let row = 0; row < rows; row++) if ((offsets[row + 1] ?? 0) < (offsets[row] ?? 0)) return 'starts must not fall';
  for (let row = 0; row < rows; row++) {
    let before = -1;
    for (let entry = offsets[row] ?? 0; entry < (offsets[row + 1] ?? 0); entry++) {
      const column = places[entry] ?? -1;
      if (column < 0 || column >= width) return `column ${column} is outside of ${width} elements`;
      if (column <= before) return `the columns of row ${row} must ascend, ${column} follows ${before}`;
      before = column;
    }
  }
  if (!areFinite(numbers)) return 'values must be finite';
  if (!areFinite(bias.values)) return 'bias must be finite';
  return undefined;
}
