/**
 * Grids of cells as SVG paths: one path for each shade, in which neighbours in a row are one rectangle. A cell takes
 * about ten bytes, where a rectangle of its own would take seventy.
 */

/** Shades besides none; `style.ts` has as many colours. */
export const shadeCount = 10;

/** The value and the shade of a cell that is empty now. */
export const gone = -1;

export interface Grid {
  readonly rows: number;
  readonly columns: number;
  /** Row by row, 0 to 1; a cell of 0 is empty, one of `gone` was not before. */
  readonly values: Float32Array;
}

/** A grid of blocks of cells, each with the mean of its cells. */
export interface ReducedGrid extends Grid {
  /** Cells of a block along each axis. */
  readonly rowsOfBlock: number;
  readonly columnsOfBlock: number;
}

/** The smallest blocks of which there are at most `most`; a block is empty where all of its cells are, or gone. */
export function reduceGrid({ rows, columns, values }: Grid, most: number): ReducedGrid {
  let rowsOfBlock = 1;
  let columnsOfBlock = 1;
  const blockRows = (): number => Math.ceil(rows / rowsOfBlock);
  const blockColumns = (): number => Math.ceil(columns / columnsOfBlock);
  while (blockRows() * blockColumns() > most) {
    if (blockColumns() >= blockRows()) columnsOfBlock++;
    else rowsOfBlock++;
  }
  if (rowsOfBlock === 1 && columnsOfBlock === 1) return { rows, columns, values, rowsOfBlock, columnsOfBlock };
  const [newRows, newColumns] = [blockRows(), blockColumns()];
  const sums = new Float64Array(newRows * newColumns);
  const cells = new Int32Array(sums.length);
  const isGone = new Uint8Array(sums.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const block = Math.floor(r / rowsOfBlock) * newColumns + Math.floor(c / columnsOfBlock);
      const value = values[r * columns + c] ?? 0;
      if (value === gone) isGone[block] = 1;
      else sums[block] = (sums[block] ?? 0) + value;
      cells[block] = (cells[block] ?? 0) + 1;
    }
  }
  const means = Float32Array.from(sums, (total, i) => {
    return total === 0 && isGone[i] === 1 ? gone : total / (cells[i] ?? 1);
  });
  return { rows: newRows, columns: newColumns, values: means, rowsOfBlock, columnsOfBlock };
}

/** The paths of the shades that occur, by number: 1 is the least value above 0, `shadeCount` the largest. */
export function cellPaths({ rows, columns, values }: Grid): ReadonlyMap<number, string> {
  const paths = new Map<number, string>();
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns;) {
      const shade = shadeOf(values[r * columns + c] ?? 0);
      const start = c;
      do c++;
      while (c < columns && shadeOf(values[r * columns + c] ?? 0) === shade);
      if (shade !== 0) paths.set(shade, `${paths.get(shade) ?? ''}M${start} ${r}h${c - start}v1H${start}z`);
    }
  }
  return new Map([...paths].sort(([x], [y]) => x - y));
}

function shadeOf(value: number): number {
  return value === 0 || value === gone ? value : Math.max(1, Math.min(shadeCount, Math.ceil(value * shadeCount)));
}
