/** What `hepc inspect --search` says: what was tried, and for each layer why the winner won. */
import type { LayerReport, SearchLimits, SearchReport } from '../../ir/plan/search-report.ts';
import {
  candidateCells,
  candidateColumns,
  configurationCells,
  configurationColumns,
  describeObjective,
  describeWays,
  searchLegend,
  wayCells,
  wayColumns,
} from './search-content.ts';
import { renderFields, renderTable } from './table.ts';
import { formatBytes, plural } from './units.ts';

export function renderSearch(report: SearchReport): string {
  const { configurations, candidates, layers, unit, stateBound } = report;
  const inexact = configurations.some(({ exact }) => !exact);
  return [
    renderFields([
      ['objective', describeObjective(report)],
      ['batch', report.batch === undefined ? 'free' : plural(report.batch, 'sample')],
      ['limits', describeLimits(report.limits)],
      [
        'layouts',
        inexact
          ? `the ${stateBound} cheapest states after each op went on: not exact where a configuration says so`
          : 'every state that could have led to a cheaper plan was followed',
      ],
    ]),
    '\nConfigurations\n\n',
    renderTable(
      configurationColumns,
      configurations.map((each) => configurationCells(each, unit, String)),
    ),
    '\nPlans that were weighed\n\n',
    renderTable(
      candidateColumns,
      candidates.map((each) => {
        const { cells, reason } = candidateCells(each, report, String);
        return [...cells, `${each.verdict}: ${reason}`];
      }),
    ),
    ...searchLegend(report).map((line, i) => `${i === 0 ? '\n' : ''}  ${line}\n`),
    ...layers.map((layer) => renderLayer(layer, report.layerUnit)),
  ].join('');
}

function renderLayer(layer: LayerReport, unit: SearchReport['layerUnit']): string {
  const { name, op } = layer;
  const rows = wayCells(layer, unit, String).map(({ cells, from, to }) => [
    ...cells,
    from === '' ? to : `${from} -> ${to}`,
  ]);
  return `\n${name || op} (${op}): ${describeWays(layer)}\n\n${renderTable(wayColumns, rows)}`;
}

function describeLimits({ memoryBytes, uploadBytes, galoisKeys }: SearchLimits): string {
  const parts = [
    ...(memoryBytes === undefined ? [] : [`memory ${formatBytes(memoryBytes)}`]),
    ...(uploadBytes === undefined ? [] : [`upload ${formatBytes(uploadBytes)}`]),
    ...(galoisKeys === undefined ? [] : [plural(galoisKeys, 'Galois key')]),
  ];
  return parts.length === 0 ? 'none' : parts.join(', ');
}
