/** Levels of a run over modelled time as text: a chart for every plan, and a table of stretches for those that have refreshes. */
import { formatMilliseconds } from './units.ts';
import { levelsByMoment, type LevelTimeline, type Stretch, type StretchRefresh } from './level-timeline.ts';
import { renderTable, shortLabel } from './table.ts';
import { wrap } from './wrap.ts';

/** Columns of the chart. */
const chartMoments = 70;

/** Levels that a line of the chart has: blocks come in eighths. */
const levelsOfLine = 8;
const eighths = ' ▁▂▃▄▅▆▇█';

/** Title, chart and table, with an empty line before; empty for a program that takes no time. */
export function renderLevels(timeline: LevelTimeline): string {
  const { milliseconds, refreshedAt } = timeline;
  if (!(milliseconds > 0)) return '';
  const levels = levelsByMoment(timeline, chartMoments);
  const marks = new Set(
    refreshedAt.map((time) => Math.min(chartMoments - 1, Math.floor((time / milliseconds) * chartMoments))),
  );
  const isRefreshed = refreshedAt.length > 0;
  const legend =
    `A column is ${formatMilliseconds(milliseconds / chartMoments)} and has the level at which most of it is spent, an eighth of a block for each` +
    (isRefreshed ? ', and ^ where ciphertexts are refreshed.' : '.');
  return [
    `\nLevel over time, ${formatMilliseconds(milliseconds)} on one thread by the cost model\n\n`,
    ...chartLines(levels, isRefreshed ? marks : undefined),
    `\n${wrap(legend, 2)}\n`,
    isRefreshed ? `\n${stretchTable(timeline)}` : '',
  ].join('');
}

/** The same as data: levels of the moments of the chart, and all stretches. */
export function describeLevels(timeline: LevelTimeline): Record<string, unknown> {
  const { milliseconds, stretches } = timeline;
  return { milliseconds, levels: Array.from(levelsByMoment(timeline, chartMoments)), stretches };
}

function chartLines(levels: Uint8Array, marks: ReadonlySet<number> | undefined): string[] {
  const top = levels.reduce((most, level) => Math.max(most, level), 0);
  const lines = Array.from({ length: Math.floor(top / levelsOfLine) + 1 }, (_, line) => {
    const [first, last] = [line * levelsOfLine, Math.min(top, (line + 1) * levelsOfLine - 1)];
    const blocks = Array.from(levels, (level) => eighths[Math.max(0, Math.min(levelsOfLine, level + 1 - first))] ?? '');
    return [first === last ? String(first) : `${first}-${last}`, blocks.join('')] as const;
  }).reverse();
  if (marks !== undefined)
    lines.push(['', Array.from(levels.keys(), (moment) => (marks.has(moment) ? '^' : ' ')).join('')]);
  const width = Math.max(...lines.map(([label]) => label.length));
  return lines.map(([label, blocks]) => `${`  ${label.padStart(width)}  ${blocks}`.trimEnd()}\n`);
}

/** A row for each stretch and the refresh at its end, and their sum. */
function stretchTable({ stretches }: LevelTimeline): string {
  const isServer = stretches.some(({ refresh }) => refresh?.by === 'server');
  const columns = [
    ...['begins', 'takes', 'levels'],
    ...(isServer ? ['bootstraps', 'take', 'levels'] : ['refreshed', 'levels']),
  ].map((title) => ({ title, align: 'right' as const }));
  const cells = (refresh: StretchRefresh | undefined): string[] => {
    if (refresh === undefined) return columns.slice(3).map(() => '');
    const { ciphertexts, milliseconds, fromLevel, toLevel } = refresh;
    const took = isServer ? [formatMilliseconds(milliseconds)] : [];
    return [String(ciphertexts), ...took, `${fromLevel} → ${toLevel}`];
  };
  const all = (of: (stretch: Stretch) => number): number => stretches.reduce((sum, stretch) => sum + of(stretch), 0);
  const bootstrapping = all(({ refresh }) => refresh?.milliseconds ?? 0);
  return renderTable(
    [...columns, { title: 'layers' }],
    [
      ...stretches.map(({ startMilliseconds, milliseconds, highestLevel, lowestLevel, layers, refresh }) => [
        formatMilliseconds(startMilliseconds),
        formatMilliseconds(milliseconds),
        `${highestLevel} → ${lowestLevel}`,
        ...cells(refresh),
        nameLayers(layers),
      ]),
      [
        'all',
        formatMilliseconds(all(({ milliseconds }) => milliseconds)),
        '',
        String(all(({ refresh }) => refresh?.ciphertexts ?? 0)),
        isServer ? formatMilliseconds(bootstrapping) : '',
      ],
    ],
  );
}

/** The first and the last of many. */
function nameLayers(layers: readonly string[]): string {
  const [first = '', last = ''] = [layers[0], layers.at(-1)].map((name = '') => shortLabel(name));
  if (layers.length < 2) return first;
  return layers.length === 2 ? `${first}, ${last}` : `${first} to ${last}, ${layers.length} layers`;
}
