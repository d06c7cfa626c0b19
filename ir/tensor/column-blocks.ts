/** Maps of several operands: the columns run over one flattened operand after another. */
import { type LinearMap, RowWriter } from './csr.ts';

/** One map for each block of `widths` columns; the bias stays with the first. */
export function splitColumns(map: LinearMap, widths: readonly number[]): LinearMap[] {
  if (widths.length === 1) return [map];
  let from = 0;
  return widths.map((width, k) => {
    const start = from;
    from += width;
    const writer = new RowWriter(map.rows, width);
    for (let r = 0; r < map.rows; r++) {
      for (let i = map.starts[r] ?? 0; i < (map.starts[r + 1] ?? 0); i++) {
        const column = (map.indices[i] ?? 0) - start;
        if (column >= 0 && column < width) writer.push(column, map.values[i] ?? 0);
      }
      writer.endRow();
    }
    return writer.finish(k === 0 ? map.bias : new Float64Array(map.rows));
  });
}
