/** What the search for a plan tried. The same as `hepc inspect --search` says, as a picture and tables. */
import type { CandidateReport, LayerReport, SearchReport } from '../../../ir/plan/search-report.ts';
import {
  candidateCells,
  candidateColumns,
  configurationCells,
  configurationColumns,
  describeObjective,
  formatCost,
  wayCells,
  wayColumns,
} from '../../render/search-content.ts';
import { plural } from '../../render/units.ts';
import { figure, formatTick, halfWidth, table } from '../drawing/charts.ts';
import { html, Html, printable, shorten } from '../drawing/html.ts';
import type { Plotting } from '../drawing/plotting.ts';

const mostCandidates = 60;
const mostLayers = 200;

export function searchSection(plotting: Plotting, report: SearchReport): Html {
  const { configurations, candidates, unit, layers } = report;
  const batch = report.batch === undefined ? 'any number of samples' : plural(report.batch, 'sample');
  return html`<section id="search">
    <h2>Search for the plan</h2>
    <p>Made small: ${describeObjective(report)}, for ${batch}.</p>
    ${candidates.length > 1 ? costPicture(plotting, report) : undefined}
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

/** The cost of every candidate as a mark; the chosen one is full. */
function costPicture(plotting: Plotting, { candidates, configurations, unit }: SearchReport): Html {
  const { plot } = plotting;
  const shown = candidates.slice(0, mostCandidates);
  const factor = unit === 'bytes' ? 1 / 2 ** 20 : 1;
  const rows = shown.map(({ cost, estimate, verdict, configuration, aim }, row) => ({
    row,
    value: factor * (cost ?? estimate),
    isChosen: verdict === 'chosen',
    isExact: cost !== undefined,
    name: `N = ${configurations[configuration]?.polyModulusDegree ?? '?'}, ${shorten(aim, 14)}`,
    title: printable(`${verdict}: ${formatCost(cost ?? estimate, unit)}`),
  }));
  const position = { x: 'value', y: 'row', title: 'title' } as const;
  const svg = plotting.draw('Cost of the plans that were weighed', {
    width: halfWidth,
    height: 48 + 22 * rows.length,
    marginLeft: 170,
    marginRight: 110,
    marginTop: 6,
    marginBottom: 40,
    x: {
      label: unit === 'bytes' ? 'MiB' : unit,
      zero: true,
      grid: true,
      ticks: 5,
      tickFormat: formatTick,
      labelArrow: 'none',
    },
    y: { type: 'point', domain: rows.map(({ row }) => row), label: null },
    marks: [
      plot.axisY({ tickFormat: (row: number) => rows[row]?.name ?? '', tickSize: 0, label: null }),
      plot.ruleY(rows, { x1: 0, x2: 'value', y: 'row', stroke: 'currentColor', strokeOpacity: 0.35 }),
      plot.dot(rows, { ...position, stroke: 'var(--accent)', fill: 'var(--panel)', strokeWidth: 1.5, r: 4 }),
      plot.dot(
        rows.filter(({ isChosen }) => isChosen),
        { ...position, fill: 'var(--accent)', stroke: 'var(--accent)', strokeWidth: 1.5, r: 5 },
      ),
      plot.text(rows, {
        ...position,
        text: ({ isChosen, isExact }: (typeof rows)[number]) => (isChosen ? 'chosen' : isExact ? '' : 'estimate'),
        textAnchor: 'start',
        dx: 10,
        fill: 'currentColor',
      }),
    ],
  });
  return figure(
    new Html(svg),
    'Cost of the plans that were weighed, in the unit of what is made small; the full mark is the chosen one.',
  );
}

function layerTable(layer: LayerReport, unit: SearchReport['layerUnit']): Html {
  const { name, op, weighed } = layer;
  return html`<h3>${shorten(name || op, 100)} <span class="muted">${op}, ${plural(weighed, 'way')} weighed</span></h3>
    ${table(
      wayColumns,
      wayCells(layer, unit, formatCount).map(({ cells, from, to }) => [
        ...cells,
        html`<code>${from === '' ? to : `${from} → ${to}`}</code>`,
      ]),
    )}`;
}
