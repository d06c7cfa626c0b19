/** The schedule over modelled time. */
import { formatBytes, formatMilliseconds, formatPercent, plural } from '../../render/units.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import { cellPaths, shadeCount } from '../drawing/cells.ts';
import { figure, formatTick, timeUnit } from '../drawing/charts.ts';
import { type Size, sizes } from '../drawing/sizes.ts';
import { html, Html, shorten } from '../drawing/html.ts';
import type { Layers } from '../../../ir/he/layers.ts';
import type { Mark, Plotting } from '../drawing/plotting.ts';
import { levelsByMoment, type LevelTimeline, levelTimelineOf } from '../../render/level-timeline.ts';
import { rowMargin } from '../drawing/row-axis.ts';
import { type Timeline, timelineOf } from '../figures/timeline.ts';

const moments = { wide: 600, narrow: 160 } as const satisfies Record<Size, number>;
const mostLayers = 60;
const rowHeight = 22;
const longestName = { wide: 24, narrow: 14 } as const satisfies Record<Size, number>;

/** Undefined for a program that takes no time. */
export function timelineSection(plotting: Plotting, plan: Plan, layers: Layers): Html | undefined {
  const timeline = timelineOf(plan, layers, moments.wide);
  if (!(timeline.milliseconds > 0)) return undefined;
  const levels = levelTimelineOf(plan);
  const shown = layers.names.slice(0, mostLayers);
  const peak = timeline.liveBytes.reduce((most, bytes) => Math.max(most, bytes), 0);
  const groups = (plan.schedule.group.at(-1) ?? -1) + 1;
  const left = layers.names.length - shown.length;
  return html`<section id="timeline">
    <h2>Schedule</h2>
    ${figure(
      (size) => {
        const own = size === 'wide' ? timeline : timelineOf(plan, layers, moments.narrow);
        const names = shown.map((name) => shorten(name, longestName[size]));
        const frame = {
          width: size === 'wide' ? sizes.whole : sizes.narrow,
          marginLeft: rowMargin(names),
          marginRight: 24,
          ticks: size === 'wide' ? 8 : 3,
        };
        return html`${drawLayers(plotting, own, names, frame)} ${drawLevels(plotting, levels, own.moments, frame)}
        ${drawMemory(plotting, own, frame)}`;
      },
      `A run of ${formatMilliseconds(timeline.milliseconds)} on one thread in the order of the plan, which keeps few ` +
        `ciphertexts alive: at most ${formatBytes(peak)} of them. The stronger the colour, the more of the moment a layer takes. ` +
        `A level is the number of rescales that are left; of each moment it is the one at which most of it is spent. ` +
        captionOfRefreshes(levels) +
        `The program has ${groups.toLocaleString('en-US')} groups of operations that workers can share.` +
        (left === 0 ? '' : ` ${left} more layers are not drawn.`),
    )}
  </section>`;
}

interface Frame {
  readonly width: number;
  readonly marginLeft: number;
  readonly marginRight: number;
  /** Of the axis of time. */
  readonly ticks: number;
}

function drawLayers(
  plotting: Plotting,
  timeline: Timeline,
  names: readonly string[],
  { ticks, ...frame }: Frame,
): Html {
  const { milliseconds, moments, shares } = timeline;
  const { plot } = plotting;
  const grid = { rows: names.length, columns: moments, values: shares.subarray(0, names.length * moments) };
  const cells: Mark = (_index, { x }, _values, { marginTop }, { document }) => {
    if (x === undefined) return null;
    const [start, end] = [Number(x(0)), Number(x(milliseconds))];
    const group = document.createElementNS('http://www.w3.org/2000/svg', 'g');
    const scale = `scale(${((end - start) / moments).toPrecision(8)} ${rowHeight})`;
    group.setAttribute('transform', `translate(${start} ${marginTop}) ${scale}`);
    for (const [shade, path] of cellPaths(grid)) {
      const element = document.createElementNS('http://www.w3.org/2000/svg', 'path');
      element.setAttribute('class', 'busy');
      element.setAttribute('fill-opacity', String(shade / shadeCount));
      element.setAttribute('d', path);
      group.append(element);
    }
    return group;
  };
  const [marginTop, marginBottom] = [4, 4];
  return new Html(
    plotting.draw('Which layer is computed when', {
      ...frame,
      height: rowHeight * names.length + marginTop + marginBottom,
      marginTop,
      marginBottom,
      x: { domain: [0, milliseconds], axis: null },
      y: { type: 'band', domain: names.map((_, row) => row), label: null, padding: 0, round: false },
      marks: [
        plot.axisY({ tickFormat: (row: number) => names[row] ?? '', tickSize: 0, label: null }),
        plot.gridX({ ticks }),
        cells,
      ],
    }),
  );
}

/** Empty where nothing is refreshed. */
function captionOfRefreshes({ milliseconds, stretches, refreshedAt }: LevelTimeline): string {
  const refreshes = stretches.flatMap(({ refresh }) => refresh ?? []);
  if (refreshes.length === 0) return '';
  const taken = refreshes.reduce((sum, refresh) => sum + refresh.milliseconds, 0);
  const who =
    taken > 0
      ? `bootstraps bring ${plural(refreshedAt.length, 'ciphertext')} back to higher levels, which takes ${formatMilliseconds(taken)}, ${formatPercent(taken / milliseconds)} of the run`
      : `the client brings ${plural(refreshedAt.length, 'ciphertext')} back to higher levels in ${plural(refreshes.length, 'round trip')}; waiting for that is not in the time`;
  return `Where lines are drawn, ${who}. `;
}

/** Level over time, a line at each refresh. */
function drawLevels(plotting: Plotting, timeline: LevelTimeline, moments: number, { ticks, ...frame }: Frame): Html {
  const { plot } = plotting;
  const { milliseconds, refreshedAt } = timeline;
  const data = Array.from(levelsByMoment(timeline, moments), (level, k) => ({
    time: ((k + 0.5) * milliseconds) / moments,
    level,
  }));
  const top = Math.max(...data.map(({ level }) => level));
  return new Html(
    plotting.draw('Level over time', {
      ...frame,
      height: 110,
      marginTop: 18,
      marginBottom: 8,
      x: { domain: [0, milliseconds], axis: null },
      y: {
        domain: [0, Math.max(1, top)],
        label: 'level',
        ticks: Math.min(top, 4),
        tickFormat: 'd',
        labelArrow: 'none',
      },
      marks: [
        plot.gridX({ ticks }),
        plot.gridY({ ticks: Math.min(top, 4) }),
        plot.areaY(data, { x: 'time', y: 'level', curve: 'step', fill: 'var(--accent)', fillOpacity: 0.35 }),
        plot.ruleX([...new Set(refreshedAt)], { stroke: 'var(--family-0)', strokeWidth: 1.5 }),
        plot.ruleY([0], { stroke: 'currentColor' }),
      ],
    }),
  );
}

function drawMemory(
  plotting: Plotting,
  { milliseconds, moments, liveBytes }: Timeline,
  { ticks, ...frame }: Frame,
): Html {
  const { plot } = plotting;
  const { name: unit, factor } = timeUnit(milliseconds);
  const data = Array.from(liveBytes, (bytes, k) => ({
    time: (factor * (k + 0.5) * milliseconds) / moments,
    mebibytes: Number((bytes / 2 ** 20).toPrecision(4)),
  }));
  return new Html(
    plotting.draw('Ciphertexts that are alive', {
      ...frame,
      height: 120,
      marginTop: 18,
      marginBottom: 40,
      x: { domain: [0, factor * milliseconds], label: unit, ticks, tickFormat: formatTick, labelArrow: 'none' },
      y: { label: 'MiB of ciphertexts', ticks: 3, zero: true, grid: true, labelArrow: 'none' },
      marks: [
        plot.areaY(data, { x: 'time', y: 'mebibytes', curve: 'step', fill: 'var(--accent)', fillOpacity: 0.35 }),
        plot.ruleY([0], { stroke: 'currentColor' }),
      ],
    }),
  );
}
