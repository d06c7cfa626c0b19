/**
 * What the search for a plan tried, as tables: the content of `hepc inspect --search` and of the same section of the
 * report page, which only differ in how they draw tables and write large numbers.
 */
import type {
  AlternativeReport,
  CandidateReport,
  ConfigurationReport,
  KernelReport,
  LayerReport,
  SearchReport,
} from '../../ir/plan/search-report.ts';
import { formatBytes, formatMilliseconds, plural } from './units.ts';

/** Of the terminal's tables and of the page's. */
interface Column {
  readonly title: string;
  readonly align?: 'right';
}

/** How counts are written. */
type FormatCount = (count: number) => string;

type Unit = SearchReport['unit'];

const right = (title: string): Column => ({ title, align: 'right' });

export const configurationColumns: readonly Column[] = [
  ...['N', 'batch', 'states', 'estimate'].map(right),
  { title: '' },
];

export function configurationCells(
  { polyModulusDegree, batchTile, states, exact, estimate, skipped }: ConfigurationReport,
  unit: Unit,
  formatCount: FormatCount,
): string[] {
  const cost = estimate === undefined ? '' : formatCost(estimate, unit);
  const note = skipped ?? (exact ? '' : 'not exact');
  return [String(polyModulusDegree), String(batchTile), states === 0 ? '' : formatCount(states), cost, note];
}

export const candidateColumns: readonly Column[] = [
  ...['N', 'batch'].map(right),
  { title: 'layouts by' },
  ...['estimate', 'cost', 'evaluation', 'rotations', 'keys', 'upload', 'memory'].map(right),
  { title: 'verdict' },
];

/** All cells but the verdict, and why it was given. */
export function candidateCells(
  { configuration, aim, estimate, cost, isBound, measures, keyBudget, reason }: CandidateReport,
  { configurations, unit }: SearchReport,
  formatCount: FormatCount,
): { readonly cells: readonly string[]; readonly reason: string } {
  const { polyModulusDegree = '', batchTile = '' } = configurations[configuration] ?? {};
  const measured =
    measures === undefined
      ? ['', '', '', '', '']
      : [
          formatMilliseconds(measures.milliseconds),
          formatCount(measures.rotations),
          String(measures.galoisKeys),
          formatBytes(measures.uploadBytes),
          formatBytes(measures.peakBytes),
        ];
  const costs = [
    formatCost(estimate, unit),
    cost === undefined ? '' : `${isBound === true ? '≥ ' : ''}${formatCost(cost, unit)}`,
  ];
  const held = keyBudget === undefined ? '' : `, held to ${plural(keyBudget, 'key')}`;
  return {
    cells: [String(polyModulusDegree), String(batchTile), aim, ...costs, ...measured],
    reason: `${reason}${held}`,
  };
}

export const wayColumns: readonly Column[] = [
  ...['network', 'layer', 'rotations', 'products'].map(right),
  { title: 'kernel' },
  { title: 'layouts' },
];

/** The ways to compute a layer, the chosen one first: all cells but the last, and the layouts. */
export function wayCells(
  { chosen, chosenMore = 0, alternatives }: LayerReport,
  unit: SearchReport['layerUnit'],
  formatCount: FormatCount,
): { readonly cells: readonly string[]; readonly from: string; readonly to: string }[] {
  const row = (way: KernelReport, more: string) => ({
    cells: [more, formatCost(way.cost, unit), formatCount(way.rotations), formatCount(way.products), way.kernel],
    from: way.from,
    to: way.to,
  });
  const own = chosenMore === 0 ? 'chosen' : `chosen, +${formatCost(chosenMore, unit)}`;
  return [row(chosen, own), ...alternatives.map((way) => row(way, formatMore(way, unit)))];
}

/** What signs in the tables mean, for those that have any. */
export function searchLegend({ candidates, layers }: SearchReport): readonly string[] {
  const isCut = layers.some(({ alternatives }) => alternatives.some(({ isBound }) => isBound));
  return [
    ...(candidates.some(({ isBound }) => isBound === true)
      ? ['a cost with ≥ is on the shortest chain that carries a plan, which may not be accurate enough']
      : []),
    ...(isCut ? ['network with ≥: the search left the way as soon as it was at least that much dearer'] : []),
    ...(layers.length > 0
      ? ['network: what all of it costs more than with the cheapest way, by the estimate; exact costs decide']
      : []),
  ];
}

/** How many ways were weighed, and how many of them are shown. */
export function describeWays({ weighed, alternatives }: LayerReport): string {
  const shown = 1 + alternatives.length;
  return `${plural(weighed, 'way')} weighed${shown < weighed ? `, the best ${shown} shown` : ''}`;
}

export function describeObjective({ objective, bandwidthMbit }: SearchReport): string {
  return objective + (objective === 'end-to-end' ? ` at ${bandwidthMbit} Mbit/s` : '');
}

/** `≥` where only a bound is known: the search left the way as soon as that was too much. */
function formatMore({ more, isBound }: AlternativeReport, unit: SearchReport['layerUnit']): string {
  return `${isBound ? '≥ ' : ''}+${formatCost(more, unit)}`;
}

/** In the unit of estimates and costs. */
export function formatCost(cost: number, unit: Unit): string {
  if (unit === 'bytes') return formatBytes(Math.round(cost));
  return unit === 'ms' ? formatMilliseconds(cost) : `${formatMilliseconds(cost)}/sample`;
}
