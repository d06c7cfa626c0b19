/** The weight tiles of every layer as heat maps: in the plan, and before and after pruning where that is known. */
import type { Plan } from '../../../ir/plan/plan.ts';
import type { PrunedLayer } from '../../../ir/plan/pruning-report.ts';
import { formatPercent, plural } from '../../render/units.ts';
import { gone, type Grid } from '../drawing/cells.ts';
import { figure } from '../drawing/charts.ts';
import type { Size } from '../drawing/sizes.ts';
import { drawHeatMap, heatMapLegend } from '../drawing/heat-map.ts';
import { html, Html, shorten } from '../drawing/html.ts';
import type { Layers } from '../../../ir/he/layers.ts';
import type { Plotting } from '../drawing/plotting.ts';
import { type LayerTiles, weightTiles } from '../figures/weight-tiles.ts';

/** Layers that are drawn. */
const mostLayers = 48;
/** Cells of a picture, and of all together: a cell takes about ten bytes. */
const mostCells = 16_384;
const mostCellsOfAll = 200_000;
const leastCells = 512;

/** Undefined for a plan that multiplies by no weights. */
export function tilesSection(plotting: Plotting, plan: Plan, layers: Layers): Html | undefined {
  const tiles = weightTiles(plan.program, layers);
  const pruned = plan.pruning?.layers ?? [];
  if (tiles.length === 0 && pruned.length === 0) return undefined;
  const shownTiles = tiles.slice(0, mostLayers);
  const shownPruned = pruned.slice(0, mostLayers);
  const pictures = shownTiles.length + 2 * shownPruned.length;
  const cells = Math.max(leastCells, Math.min(mostCells, Math.floor(mostCellsOfAll / pictures)));
  const left = Math.max(tiles.length - shownTiles.length, pruned.length - shownPruned.length);
  const isHidden = plan.bound !== undefined;
  return html`<section id="tiles">
    <h2>Weight tiles</h2>
    <p class="muted">
      A cell is one product of a ciphertext with a tile of weights: what a run multiplies by. A tile of zeros costs
      nothing, for its product is left out. Rows are output ciphertexts, columns are pairs of an input ciphertext and a
      step by which it is rotated.
      ${isHidden ? 'The weights are encrypted in this plan, so that how large they are is not known.' : undefined}
    </p>
    ${heatMapLegend(shownPruned.length > 0)} ${shownPruned.map((layer) => prunedFigures(plotting, layer, cells))}
    ${
      shownPruned.length > 0
        ? html`<h3>In the plan</h3>
            <p class="muted">
              What the compiled program multiplies by, after it was laid out anew for the pruned model: ciphertexts that
              nobody reads are gone, and rows and columns with them.
            </p>`
        : undefined
    }
    <div class="row">${shownTiles.map((layer) => planFigure(plotting, layer, layers, cells, isHidden))}</div>
    ${left > 0 ? html`<p class="muted">${plural(left, 'layer')} more are not drawn.</p>` : undefined}
  </section>`;
}

function planFigure(plotting: Plotting, tiles: LayerTiles, layers: Layers, mostCells: number, isHidden: boolean): Html {
  const { rows, columns, inputs, products, layer } = tiles;
  const name = layers.names[layer] ?? '';
  const sizes = [
    plural(products.length, 'product'),
    plural(rows, 'output ciphertext'),
    plural(inputs, 'input ciphertext'),
  ].join(', ');
  const head = html`<h3>${shorten(name, 100)}</h3>`;
  if (rows * columns > gridBound)
    return html`<div>
      ${head}
      <p class="muted">${sizes}: too many to draw.</p>
    </div>`;
  const label = `Weight tiles of ${name}: ${rows} by ${columns}`;
  const { grid, least, largest } = gridOf(tiles);
  const { draw, note } = heatMap(plotting, grid, label, mostCells);
  const remarks = [
    ...(isHidden ? [] : [`, from ${formatMagnitude(least)} to ${formatMagnitude(largest)}`]),
    ...(note === undefined ? [] : [`; ${note}`]),
  ];
  return html`<div>${head}${figure(draw, `${sizes}${remarks.join('')}.`)}</div>`;
}

/** Cells of a grid: a program whose products share no rows and columns has far more cells than products. */
const gridBound = 2 ** 24;

/**
 * Magnitudes between the least and the largest of the layer, for in dense layers all are alike; where several products share
 * a cell, the largest of them.
 */
export function gridOf({ rows, columns, products }: LayerTiles): {
  readonly grid: Grid;
  readonly least: number;
  readonly largest: number;
} {
  const largest = products.reduce((most, { magnitude }) => Math.max(most, magnitude), 0);
  const least = products.reduce((most, { magnitude }) => Math.min(most, magnitude), largest);
  const values = new Float32Array(rows * columns);
  for (const { row, column, magnitude } of products) {
    const cell = row * columns + column;
    // Encrypted weights have no magnitude, but are there.
    const share = largest === least ? 1 : (magnitude - least) / (largest - least);
    values[cell] = Math.max(values[cell] ?? 0, faintest + (1 - faintest) * share);
  }
  return { grid: { rows, columns, values }, least, largest };
}

/** Of the least tile, which is there all the same. */
const faintest = 0.01;

/** Drawn for both sizes; narrow pictures have fewer cells. */
function heatMap(
  plotting: Plotting,
  grid: Grid,
  label: string,
  mostCells: number,
): { readonly draw: (size: Size) => Html; readonly note: string | undefined } {
  const wide = drawHeatMap(plotting, grid, { label, mostCells, size: 'wide' });
  const narrow = drawHeatMap(plotting, grid, { label, mostCells: Math.ceil(mostCells / 4), size: 'narrow' });
  return { draw: (size) => (size === 'wide' ? wide : narrow).picture, note: wide.note };
}

function prunedFigures(plotting: Plotting, layer: PrunedLayer, mostCells: number): Html {
  const { name, rows, columns, before, after, largest } = layer;
  const draw = (when: string, values: Float32Array) =>
    heatMap(plotting, { rows, columns, values }, `Weight tiles of ${name} ${when}`, mostCells);
  const was = draw(
    'before pruning',
    Float32Array.from(before, (step) => step / 255),
  );
  const is = draw(
    'after pruning',
    Float32Array.from(after, (step, cell) => (step > 0 ? step / 255 : (before[cell] ?? 0) > 0 ? gone : 0)),
  );
  const [tilesBefore, tilesAfter] = [before, after].map((steps) => steps.reduce((n, step) => n + Number(step > 0), 0));
  const share = formatPercent(1 - (tilesAfter ?? 0) / Math.max(1, tilesBefore ?? 0));
  const remark = was.note === undefined ? '' : `; ${was.note}`;
  return html`<h3>${shorten(name, 100)}</h3>
    <div class="row">
      ${figure(was.draw, `Before: ${plural(tilesBefore ?? 0, 'tile')}, largest ${formatMagnitude(largest)}${remark}.`)}
      ${figure(is.draw, `After: ${plural(tilesAfter ?? 0, 'tile')}, ${share} fewer${remark}.`)}
    </div>`;
}

function formatMagnitude(magnitude: number): string {
  return String(Number(magnitude.toPrecision(3)));
}
