/** A grid of weight tiles as a picture: shade by magnitude, nothing where there is no tile. */
import type { Size } from './sizes.ts';
import { cellPaths, gone, type Grid, reduceGrid } from './cells.ts';
import { html, Html } from './html.ts';
import type { Mark, Plotting } from './plotting.ts';

export interface HeatMapOptions {
  /** For whoever does not see it. */
  readonly label: string;
  /** Cells that are drawn; a grid of more is drawn by blocks. */
  readonly mostCells: number;
  readonly size: Size;
}

export interface DrawnHeatMap {
  readonly picture: Html;
  /** What a cell of the picture is, where it is not a cell of the grid. */
  readonly note: string | undefined;
}

const largestPicture = {
  wide: { width: 500, height: 420, cell: 26 },
  narrow: { width: 268, height: 300, cell: 26 },
} as const satisfies Record<Size, unknown>;
const smallestPicture = { width: 130, height: 26 };
const margins = { marginLeft: 34, marginRight: 14, marginTop: 8, marginBottom: 24 };

export function drawHeatMap(plotting: Plotting, grid: Grid, options: HeatMapOptions): DrawnHeatMap {
  const reduced = reduceGrid(grid, options.mostCells);
  const largest = largestPicture[options.size];
  const cell = Math.min(largest.cell, largest.width / grid.columns, largest.height / grid.rows);
  const width = Math.max(smallestPicture.width, cell * grid.columns);
  const height = Math.max(smallestPicture.height, cell * grid.rows);
  const axis = { nice: false, label: null } as const;
  const svg = plotting.draw(options.label, {
    ...margins,
    width: Math.round(width + margins.marginLeft + margins.marginRight),
    height: Math.round(height + margins.marginTop + margins.marginBottom),
    x: { ...axis, domain: [0, grid.columns] },
    y: { ...axis, domain: [0, grid.rows], reverse: true },
    marks: [
      plotting.plot.axisX({ ticks: wholeTicks(grid.columns, width / 45), tickSize: 4, tickFormat: 'd', label: null }),
      plotting.plot.axisY({ ticks: wholeTicks(grid.rows, height / 30), tickSize: 4, tickFormat: 'd', label: null }),
      cellsMark(reduced, grid),
    ],
  });
  const { rowsOfBlock, columnsOfBlock } = reduced;
  const note =
    rowsOfBlock * columnsOfBlock === 1
      ? undefined
      : `a cell of the picture is the mean of ${rowsOfBlock} × ${columnsOfBlock} tiles`;
  return { picture: new Html(svg), note };
}

/** Whole numbers from 0 on, about `count` of them. */
function wholeTicks(extent: number, count: number): number[] {
  const least = extent / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= least) ?? 10 * power;
  return Array.from({ length: Math.floor(extent / step) + 1 }, (_, i) => i * step);
}

/** The cells between the positions of the axes, which count cells of the whole grid. */
function cellsMark(reduced: ReturnType<typeof reduceGrid>, whole: Grid): Mark {
  return (_index, { x, y }, _values, _dimensions, { document }) => {
    if (x === undefined || y === undefined) return null;
    const group = document.createElementNS('http://www.w3.org/2000/svg', 'g');
    const [left, right, top, bottom] = [x(0), x(whole.columns), y(0), y(whole.rows)].map(Number);
    const background = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    const [width, height] = [(right ?? 0) - (left ?? 0), (bottom ?? 0) - (top ?? 0)];
    for (const [name, value] of Object.entries({ x: left, y: top, width, height, class: 'empty' }))
      background.setAttribute(name, String(value));
    const cells = document.createElementNS('http://www.w3.org/2000/svg', 'g');
    // The last block of an axis may stand for fewer cells than the others.
    const [scaleX, scaleY] = [
      (width / whole.columns) * reduced.columnsOfBlock,
      (height / whole.rows) * reduced.rowsOfBlock,
    ];
    cells.setAttribute('transform', `translate(${left} ${top}) scale(${rounded(scaleX)} ${rounded(scaleY)})`);
    for (const [shade, path] of cellPaths(reduced)) {
      const element = document.createElementNS('http://www.w3.org/2000/svg', 'path');
      element.setAttribute('class', shade === gone ? 'gone' : `shade-${shade}`);
      element.setAttribute('d', path);
      cells.append(element);
    }
    group.append(background, cells);
    return group;
  };
}

function rounded(x: number): string {
  return String(Number(x.toPrecision(8)));
}

/** What the shades mean. */
export function heatMapLegend(withGone: boolean): Html {
  const swatch = (name: string): Html =>
    html`<svg class="swatch" viewBox="0 0 1 1"><rect class="${name}" width="1" height="1" /></svg>`;
  const shades = Array.from({ length: 10 }, (_, k) => swatch(`shade-${k + 1}`));
  return html`<p class="legend">
    <span>small ${shades} large: root mean square of the weights of a tile, on a scale of each layer</span>
    <span>${swatch('empty')} no tile</span>
    ${withGone ? html`<span>${swatch('gone')} pruned away</span>` : undefined}
  </p>`;
}
