/** What the search for a plan tried. The same as `hepc inspect --search` says, as a picture and tables. */
import type { CandidateReport, LayerReport, SearchReport } from '../../../ir/plan/search-report.ts';
import {
  candidateCells,
  candidateColumns,
  configurationCells,
  configurationColumns,
  describeObjective,
  formatCost,
  describeWays,
  searchLegend,
  wayCells,
  wayColumns,
} from '../../render/search-content.ts';
import { formatError } from '../../../ir/maths/error-unit.ts';
import { plural } from '../../render/units.ts';
import { figure, formatTick, powersOfTen, table } from '../drawing/charts.ts';
import { type Size, sizes } from '../drawing/sizes.ts';
import { html, Html, printable, shorten } from '../drawing/html.ts';
import type { Plotting } from '../drawing/plotting.ts';

const mostLayers = 200;

export function searchSection(plotting: Plotting, report: SearchReport, maxError: number): Html {
  const { configurations, candidates, unit, layers } = report;
  const batch = report.batch === undefined ? 'any number of samples' : plural(report.batch, 'sample');
  return html`<section id="search">
    <h2>Search for the plan</h2>
    <p>Made small: ${describeObjective(report)}, for ${batch}.</p>
    ${
      candidates.length === 0
        ? undefined
        : figure(
            (size) => costPicture(plotting, report, maxError, size),
            'The plans that were weighed: what they cost, in the unit of what is made small, and the error that is predicted ' +
              'of those that were cheap enough to predict it. The full mark is the chosen one.',
          )
    }
    <h3>Configurations</h3>
    ${table(
      configurationColumns,
      configurations.map((each) => configurationCells(each, unit, formatCount)),
    )}
    <h3>Plans that were weighed</h3>
    ${table(
      candidateColumns,
      candidates.map((each) => candidateRow(each, report)),
    )}
    ${searchLegend(report).map((line) => html`<p class="muted">${line}</p>`)}
    ${
      layers.length === 0
        ? undefined
        : html`<details>
            <summary>How each layer could have been computed</summary>
            ${layers.slice(0, mostLayers).map((layer) => layerTable(layer, report.layerUnit))}
          </details>`
    }
  </section>`;
}

const formatCount = (count: number): string => count.toLocaleString('en-US');

function candidateRow(candidate: CandidateReport, report: SearchReport): (Html | string)[] {
  const { verdict } = candidate;
  const { cells, reason } = candidateCells(candidate, report, formatCount);
  return [...cells, html`${verdict === 'chosen' ? html`<strong>chosen</strong>` : verdict}: ${reason}`];
}

/** The error of every candidate against its cost; those whose error nobody predicted stand in a row below. */
function costPicture(plotting: Plotting, report: SearchReport, maxError: number, size: Size): Html {
  const { plot } = plotting;
  const { unit } = report;
  const factor = unit === 'bytes' ? 1 / 2 ** 20 : 1;
  const marks = report.candidates.map((candidate) => {
    const { cost, estimate, error, verdict } = candidate;
    return {
      cost: factor * (cost ?? estimate),
      error,
      isChosen: verdict === 'chosen',
      title: titleOf(candidate, report),
    };
  });
  const errors = [maxError, ...marks.flatMap(({ error = 0 }) => (error > 0 ? [error] : []))];
  const [least, most] = [Math.min(...errors), Math.max(...errors)];
  const floor = least / 8;
  const points = marks.map((mark) => ({ ...mark, y: Math.max(floor, mark.error ?? floor) }));
  const position = { x: 'cost', y: 'y', title: 'title' } as const;
  const svg = plotting.draw('Predicted error against the cost of the plans that were weighed', {
    width: size === 'wide' ? sizes.half : sizes.narrow,
    height: 260,
    marginLeft: 62,
    marginRight: 24,
    marginTop: 24,
    marginBottom: 42,
    x: {
      label: unit === 'bytes' ? 'cost, MiB' : `cost, ${unit}`,
      zero: true,
      grid: true,
      nice: true,
      ticks: size === 'wide' ? 6 : 3,
      tickFormat: formatTick,
      labelArrow: 'none',
    },
    y: { type: 'log', domain: [floor / 1.6, 2 * most], label: null },
    marks: [
      plot.axisY({
        ticks: powersOfTen(least / 2, 2 * most, 5),
        text: formatError,
        label: 'predicted error',
        labelArrow: 'none',
        tickSize: 4,
      }),
      plot.ruleY([maxError], { stroke: 'currentColor', strokeDasharray: '4 3' }),
      plot.text(['allowed'], {
        y: [maxError],
        text: (text: string) => text,
        frameAnchor: 'left',
        dx: 4,
        dy: -7,
        fill: 'currentColor',
      }),
      plot.text(points.some(({ error }) => error === undefined) ? ['error not predicted'] : [], {
        y: [floor],
        text: (text: string) => text,
        frameAnchor: 'left',
        dx: 4,
        dy: -10,
        fill: 'currentColor',
      }),
      plot.dot(points, { ...position, stroke: 'var(--accent)', fill: 'var(--panel)', strokeWidth: 1.5, r: 4.5 }),
      plot.dot(
        points.filter(({ isChosen }) => isChosen),
        { ...position, fill: 'var(--accent)', stroke: 'var(--accent)', strokeWidth: 1.5, r: 5.5 },
      ),
    ],
  });
  return new Html(svg);
}

function titleOf(candidate: CandidateReport, report: SearchReport): string {
  const { cost, estimate, error, verdict, configuration, aim } = candidate;
  const { polyModulusDegree = '?' } = report.configurations[configuration] ?? {};
  const predicted = error === undefined ? '' : `, predicted error ${formatError(error)}`;
  return printable(
    `${verdict}: N = ${polyModulusDegree}, by ${aim}, ${formatCost(cost ?? estimate, report.unit)}${predicted}`,
  );
}

function layerTable(layer: LayerReport, unit: SearchReport['layerUnit']): Html {
  const { name, op } = layer;
  return html`<h3>${shorten(name || op, 100)} <span class="muted">${op}, ${describeWays(layer)}</span></h3>
    ${table(
      wayColumns,
      wayCells(layer, unit, formatCount).map(({ cells, from, to }) => [
        ...cells,
        html`<code>${from === '' ? to : `${from} → ${to}`}</code>`,
      ]),
    )}`;
}
