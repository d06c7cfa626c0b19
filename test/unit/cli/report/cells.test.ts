/** Grids as paths, and grids of blocks. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cellPaths, gone, type Grid, reduceGrid, shadeCount } from '../../../../cli/report/drawing/cells.ts';

const grids: fc.Arbitrary<Grid> = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
  .chain(([rows, columns]) =>
    fc
      .array(fc.oneof(fc.constant(0), fc.constant(gone), fc.double({ min: 1e-6, max: 1, noNaN: true })), {
        minLength: rows * columns,
        maxLength: rows * columns,
      })
      .map((values) => ({ rows, columns, values: Float32Array.from(values) })),
  );

/** The shade of every cell, from the rectangles of the paths; throws where two overlap. */
function shadesOf({ rows, columns, values }: Grid): number[] {
  const shades = new Array<number>(values.length).fill(0);
  for (const [shade, path] of cellPaths({ rows, columns, values })) {
    for (const [, x, y, width, back] of path.matchAll(/M(\d+) (\d+)h(\d+)v1H(\d+)z/g)) {
      expect(back).toBe(x);
      for (let c = Number(x); c < Number(x) + Number(width); c++) {
        expect(shades[Number(y) * columns + c]).toBe(0);
        shades[Number(y) * columns + c] = shade;
      }
    }
    expect(path.replaceAll(/M\d+ \d+h\d+v1H\d+z/g, '')).toBe('');
  }
  return shades;
}

test('paths cover exactly the cells that are not empty, each in its shade', () => {
  fc.assert(
    fc.property(grids, (grid) => {
      expect(shadesOf(grid)).toEqual(
        Array.from(grid.values, (value) => (value <= 0 ? value : Math.max(1, Math.ceil(value * shadeCount)))),
      );
    }),
  );
});

test('blocks are as many as allowed, and have the mean of their cells', () => {
  fc.assert(
    fc.property(grids, fc.integer({ min: 1, max: 40 }), (grid, most) => {
      const reduced = reduceGrid(grid, most);
      expect(reduced.values).toHaveLength(reduced.rows * reduced.columns);
      expect(reduced.values.length).toBeLessThanOrEqual(Math.max(most, 1));
      for (const [block, value] of reduced.values.entries()) {
        const [top, left] = [Math.floor(block / reduced.columns), block % reduced.columns];
        const cells = Array.from(grid.values).filter((_, cell) => {
          const [row, column] = [Math.floor(cell / grid.columns), cell % grid.columns];
          return Math.floor(row / reduced.rowsOfBlock) === top && Math.floor(column / reduced.columnsOfBlock) === left;
        });
        const sum = cells.reduce((total, cell) => total + Math.max(0, cell), 0);
        if (sum === 0) expect(value).toBe(cells.includes(gone) ? gone : 0);
        else expect(value).toBeCloseTo(sum / cells.length, 5);
      }
    }),
  );
});
