/** The schedule over modelled time. */
import { formatBytes, formatMilliseconds } from '../../render/units.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import { cellPaths, shadeCount } from '../drawing/cells.ts';
import { figure, formatTick, timeUnit } from '../drawing/charts.ts';
import { html, Html, shorten } from '../drawing/html.ts';
import type { Layers } from '../../../ir/he/layers.ts';
import type { Mark, Plotting } from '../drawing/plotting.ts';
import { type Timeline, timelineOf } from '../figures/timeline.ts';

const moments = 600;
const mostLayers = 60;
const width = 1000;
const rowHeight = 22;
const longestName = 24;
const characterWidth = 7.4;

/** Undefined for a program that takes no time. */
export function timelineSection(plotting: Plotting, plan: Plan, layers: Layers): Html | undefined {
  const timeline = timelineOf(plan, layers, moments);
  if (!(timeline.milliseconds > 0)) return undefined;
  const shown = layers.names.slice(0, mostLayers);
  const names = shown.map((name) => shorten(name, longestName));
  const marginLeft = 24 + characterWidth * Math.max(7, ...names.map(({ length }) => length));
  const peak = timeline.liveBytes.reduce((most, bytes) => Math.max(most, bytes), 0);
  const groups = (plan.schedule.group.at(-1) ?? -1) + 1;
  const left = layers.names.length - shown.length;
  return html`<section id="timeline">
    <h2>Schedule</h2>
    ${figure(
      html`${drawLayers(plotting, timeline, names, marginLeft)} ${drawMemory(plotting, timeline, marginLeft)}`,
      `A run of ${formatMilliseconds(timeline.milliseconds)} on one thread in the order of the plan, which keeps few ` +
        `ciphertexts alive: at most ${formatBytes(peak)} of them. The stronger the colour, the more of the moment a layer takes. ` +
        `The program has ${groups.toLocaleString('en-US')} groups of operations that workers can share.` +
        (left === 0 ? '' : ` ${left} more layers are not drawn.`),
      'widest',
    )}
  </section>`;
}

function drawLayers(plotting: Plotting, timeline: Timeline, names: readonly string[], marginLeft: number): Html {
  const { milliseconds, shares } = timeline;
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
      width,
      height: rowHeight * names.length + marginTop + marginBottom,
      marginLeft,
      marginRight: 24,
      marginTop,
      marginBottom,
      x: { domain: [0, milliseconds], axis: null },
      y: { type: 'band', domain: names.map((_, row) => row), label: null, padding: 0, round: false },
      marks: [
        plot.axisY({ tickFormat: (row: number) => names[row] ?? '', tickSize: 0, label: null }),
        plot.gridX({ ticks: 8 }),
        cells,
      ],
    }),
  );
}

function drawMemory(plotting: Plotting, { milliseconds, liveBytes }: Timeline, marginLeft: number): Html {
  const { plot } = plotting;
  const { name: unit, factor } = timeUnit(milliseconds);
  const data = Array.from(liveBytes, (bytes, k) => ({
    time: (factor * (k + 0.5) * milliseconds) / moments,
    mebibytes: Number((bytes / 2 ** 20).toPrecision(4)),
  }));
  return new Html(
    plotting.draw('Ciphertexts that are alive', {
      width,
      height: 120,
      marginLeft,
      marginRight: 24,
      marginTop: 18,
      marginBottom: 40,
      x: { domain: [0, factor * milliseconds], label: unit, ticks: 8, tickFormat: formatTick, labelArrow: 'none' },
      y: { label: 'MiB of ciphertexts', ticks: 3, zero: true, grid: true, labelArrow: 'none' },
      marks: [
        plot.areaY(data, { x: 'time', y: 'mebibytes', curve: 'step', fill: 'var(--accent)', fillOpacity: 0.35 }),
        plot.ruleY([0], { stroke: 'currentColor' }),
      ],
    }),
  );
}
