/** Where the error comes from: approximation and noise, by layer. */
import type { AccuracyReport, LayerError } from '../../../ir/plan/accuracy-report.ts';
import type { ClientPart } from '../../../ir/plan/plan.ts';
import { formatError, formatLimit } from '../../../ir/maths/error-unit.ts';
import { plural } from '../../render/units.ts';
import { figure, powersOfTen, partsLegend, seriesParts, table } from '../drawing/charts.ts';
import { type Size, sizes } from '../drawing/sizes.ts';
import { html, Html, printable, shorten } from '../drawing/html.ts';
import type { Plotting } from '../drawing/plotting.ts';
import { rowAxis, rowNames } from '../drawing/row-axis.ts';

const mostLayers = 60;
const mostRows = 500;
/** What is this much smaller than the largest error is not drawn. */
const depth = 1e-6;
const rowHeight = { wide: 24, narrow: 40 } as const satisfies Record<Size, number>;

export function accuracySection(plotting: Plotting, report: AccuracyReport, client: ClientPart): Html {
  const { layers } = report;
  const rows = layers.filter((layer) => worstOf(layer) > 0);
  const shown = visibleOf(rows, client.maxError);
  const left = rows.length - shown.length;
  return html`<section id="error">
    <h2>Error</h2>
    <p>${summary(report, client)}</p>
    <p class="muted">
      As a fraction of the median over samples of the largest absolute output. The error of a sample is that of the
      output that is off most; a typical error is the root mean square of those.
    </p>
    ${
      shown.length === 0
        ? undefined
        : html`<h3>By layer</h3>
            ${partsLegend(seriesParts(['approximation', 'noise']))}
            ${figure(
              (size) => drawLayers(plotting, shown, client, size),
              'How far each layer alone moves the outputs, typically, while all others are exact. Noise of several layers ' +
                'adds up to less than the sum, for it points anywhere. The line is what is allowed.' +
                (left === 0 ? '' : ` Layers that err by less are in the table.`),
            )}
            <details>
              <summary>Table by layer</summary>
              ${table(
                [
                  { title: 'layer' },
                  ...['approximation', 'noise'].map((title) => ({ title, align: 'right' as const })),
                ],
                rows
                  .slice(0, mostRows)
                  .map(({ name, approximation, noise }) => [
                    shorten(name, 80),
                    ...[approximation, noise].map((error) => (error === undefined ? '' : formatError(error))),
                  ]),
              )}
            </details>`
    }
  </section>`;
}

function summary({ approximation, noise }: AccuracyReport, { predictedMaxError, maxError }: ClientPart): string {
  const { typical, largest, samples } = approximation;
  return [
    `Predicted: ${formatError(predictedMaxError)} of ${formatLimit(maxError)} allowed.`,
    largest === 0
      ? 'There is nothing to approximate: all of it is noise.'
      : `Approximation alone: ${formatError(typical)} typically, ${formatError(largest)} at most, on ${plural(samples, 'calibration sample')}.`,
    noise === undefined
      ? 'Noise by layer was not measured: the program is too large to be run once for each of them.'
      : `Noise alone: ${formatError(noise.typical)} typically, simulated on ${plural(noise.samples, 'sample')}.`,
  ].join(' ');
}

/** Those that err most, in their order, without those that err by next to nothing. */
function visibleOf(rows: readonly LayerError[], maxError: number): readonly LayerError[] {
  const errors = rows.map(worstOf).sort((x, y) => y - x);
  const least = Math.max(
    errors[Math.min(mostLayers, errors.length) - 1] ?? 0,
    depth * Math.max(maxError, errors[0] ?? 0),
  );
  return rows.filter((row) => worstOf(row) >= least).slice(0, mostLayers);
}

function worstOf({ approximation = 0, noise = 0 }: LayerError): number {
  return Math.max(approximation, noise);
}

function drawLayers(plotting: Plotting, rows: readonly LayerError[], { maxError }: ClientPart, size: Size): Html {
  const { plot } = plotting;
  const errors = rows.flatMap(({ name, approximation, noise }, row) =>
    [approximation, noise].flatMap((error, series) => {
      if (error === undefined || error === 0) return [];
      const what = series === 0 ? 'approximation' : 'noise';
      return [{ row, error, series, title: `${printable(name)}: ${what} ${formatError(error)}` }];
    }),
  );
  const most = Math.max(maxError, ...errors.map(({ error }) => error));
  const visible = errors.filter(({ error }) => error >= depth * most);
  const least = Math.min(...visible.map(({ error }) => error)) / 2;
  const isWide = size === 'wide';
  const names = rows.map(({ name }) => shorten(name, isWide ? 30 : 44));
  const position = { y: 'row', title: 'title' } as const;
  const svg = plotting.draw('Error by layer', {
    width: isWide ? 760 : sizes.narrow,
    height: 46 + rowHeight[size] * rows.length,
    ...rowAxis(names, size),
    marginRight: 24,
    marginTop: 8,
    marginBottom: 38,
    x: {
      type: 'log',
      domain: [least, 1.5 * most],
      label: 'typical error',
      grid: true,
      ticks: powersOfTen(least, 1.5 * most, isWide ? 8 : 4),
      tickFormat: formatError,
      labelArrow: 'none',
    },
    color: { type: 'categorical', domain: [0, 1], range: ['var(--series-0)', 'var(--series-1)'] },
    symbol: { domain: [0, 1], range: ['circle', 'square'] },
    marks: [
      rowNames(plotting, names, size),
      plot.ruleX([maxError], { stroke: 'currentColor', strokeDasharray: '4 3' }),
      plot.ruleY(visible, { x1: least, x2: 'error', y: 'row', stroke: 'series', strokeOpacity: 0.5 }),
      plot.dot(visible, { ...position, x: 'error', fill: 'series', stroke: 'series', symbol: 'series', r: 4 }),
    ],
  });
  return new Html(svg);
}
