/** What `hepc inspect --search` says: what was tried, and for each layer why the winner won. */
import type {
  AlternativeReport,
  CandidateReport,
  ConfigurationReport,
  KernelReport,
  LayerReport,
  SearchLimits,
  SearchReport,
} from '../../ir/plan/search-report.ts';
import { renderFields, renderTable } from './table.ts';
import { formatBytes, formatMilliseconds, plural } from './units.ts';

export function renderSearch(report: SearchReport): string {
  const { configurations, candidates, layers, unit, stateBound } = report;
  const inexact = configurations.some(({ exact }) => !exact);
  return [
    renderFields([
      ['objective', report.objective + (report.objective === 'end-to-end' ? ` at ${report.bandwidthMbit} Mbit/s` : '')],
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
      [
        { title: 'N', align: 'right' },
        { title: 'batch', align: 'right' },
        { title: 'states', align: 'right' },
        { title: 'estimate', align: 'right' },
        { title: '' },
      ],
      configurations.map((each) => configurationRow(each, unit)),
    ),
    '\nPlans that were weighed\n\n',
    renderTable(
      [
        { title: 'N', align: 'right' },
        { title: 'batch', align: 'right' },
        { title: 'layouts by' },
        { title: 'estimate', align: 'right' },
        { title: 'cost', align: 'right' },
        { title: 'evaluation', align: 'right' },
        { title: 'rotations', align: 'right' },
        { title: 'keys', align: 'right' },
        { title: 'upload', align: 'right' },
        { title: 'memory', align: 'right' },
        { title: 'verdict' },
      ],
      candidates.map((each) => candidateRow(each, configurations[each.configuration], unit)),
    ),
    ...layers.map((layer) => renderLayer(layer, report.layerUnit)),
  ].join('');
}

function configurationRow(
  { polyModulusDegree, batchTile, states, exact, estimate, skipped }: ConfigurationReport,
  unit: SearchReport['unit'],
): string[] {
  const cost = estimate === undefined ? '' : formatCost(estimate, unit);
  const note = skipped ?? (exact ? '' : 'not exact');
  return [String(polyModulusDegree), String(batchTile), states === 0 ? '' : String(states), cost, note];
}

function candidateRow(
  { aim, estimate, cost, measures, keyBudget, verdict, reason }: CandidateReport,
  configuration: ConfigurationReport | undefined,
  unit: SearchReport['unit'],
): string[] {
  const held = keyBudget === undefined ? '' : `, held to ${plural(keyBudget, 'key')}`;
  return [
    String(configuration?.polyModulusDegree ?? ''),
    String(configuration?.batchTile ?? ''),
    aim,
    formatCost(estimate, unit),
    cost === undefined ? '' : formatCost(cost, unit),
    measures === undefined ? '' : formatMilliseconds(measures.milliseconds),
    measures === undefined ? '' : String(measures.rotations),
    measures === undefined ? '' : String(measures.galoisKeys),
    measures === undefined ? '' : formatBytes(measures.uploadBytes),
    measures === undefined ? '' : formatBytes(measures.peakBytes),
    `${verdict}: ${reason}${held}`,
  ];
}

function renderLayer(
  { name, op, chosen, alternatives, weighed }: LayerReport,
  unit: SearchReport['layerUnit'],
): string {
  const head = `\n${name || op} (${op}): ${plural(weighed, 'way')} weighed\n\n`;
  const row = (way: KernelReport, more: string): string[] => [
    more,
    formatCost(way.cost, unit),
    String(way.rotations),
    String(way.products),
    way.kernel,
    way.from === '' ? way.to : `${way.from} -> ${way.to}`,
  ];
  return (
    head +
    renderTable(
      [
        { title: 'network', align: 'right' },
        { title: 'layer', align: 'right' },
        { title: 'rotations', align: 'right' },
        { title: 'products', align: 'right' },
        { title: 'kernel' },
        { title: 'layouts' },
      ],
      [row(chosen, 'chosen'), ...alternatives.map((way) => row(way, formatMore(way, unit)))],
    )
  );
}

/** `≥` where only a bound is known: the search left the way as soon as that was too much. */
export function formatMore({ more, isBound }: AlternativeReport, unit: SearchReport['layerUnit']): string {
  return `${isBound ? '≥ ' : ''}${more < 0 ? '-' : '+'}${formatCost(Math.abs(more), unit)}`;
}

/** In the unit of estimates and costs. */
export function formatCost(cost: number, unit: SearchReport['unit']): string {
  if (unit === 'bytes') return formatBytes(Math.round(cost));
  return unit === 'ms' ? formatMilliseconds(cost) : `${formatMilliseconds(cost)}/sample`;
}

function describeLimits({ memoryBytes, uploadBytes, galoisKeys }: SearchLimits): string {
  const parts = [
    ...(memoryBytes === undefined ? [] : [`memory ${formatBytes(memoryBytes)}`]),
    ...(uploadBytes === undefined ? [] : [`upload ${formatBytes(uploadBytes)}`]),
    ...(galoisKeys === undefined ? [] : [plural(galoisKeys, 'Galois key')]),
  ];
  return parts.length === 0 ? 'none' : parts.join(', ');
}
