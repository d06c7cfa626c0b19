/** What travels, and what a request takes with the way there and back. */
import type { Plan } from '../../../ir/plan/plan.ts';
import { formatBytes, formatMilliseconds } from '../../render/units.ts';
import { drawStackedBars, figure, partsLegend, seriesParts, table, timeUnit } from '../drawing/charts.ts';
import { html, type Html } from '../drawing/html.ts';
import type { Plotting } from '../drawing/plotting.ts';
import { bandwidths, requestParts, requestTimes, trafficOf, transferMilliseconds } from '../figures/traffic.ts';

export function trafficSection(plotting: Plotting, plan: Plan): Html {
  const { keyBytes, uploadBytes, downloadBytes } = trafficOf(plan);
  const rows: readonly (readonly [what: string, bytes: number])[] = [
    ['evaluation keys, once for each client', keyBytes],
    ['upload of each request', uploadBytes],
    ['download of each request', downloadBytes],
  ];
  const times = bandwidths.map((mbit) => ({ mbit, parts: requestTimes(plan, mbit) }));
  const totals = times.map(({ parts }) => requestParts.reduce((sum, part) => sum + parts[part], 0));
  const { name: unit, factor } = timeUnit(Math.max(...totals));
  const { batch } = plan.client;
  return html`<section id="traffic">
    <h2>Traffic</h2>
    ${table(
      [
        { title: '' },
        ...['bytes', ...bandwidths.map((mbit) => `at ${mbit} Mbit/s`)].map((title) => ({
          title,
          align: 'right' as const,
        })),
      ],
      rows.map(([what, bytes]) => [
        what,
        formatBytes(Math.round(bytes)),
        ...bandwidths.map((mbit) => formatDuration(transferMilliseconds(bytes, mbit))),
      ]),
    )}
    <h3>A request from end to end</h3>
    ${partsLegend(seriesParts(requestParts))}
    ${figure(
      (size) =>
        drawStackedBars(
          plotting,
          times.map(({ mbit, parts }) => ({
            name: `${mbit} Mbit/s`,
            values: requestParts.map((part) => factor * parts[part]),
          })),
          {
            label: 'Time of a request from end to end',
            valueLabel: unit,
            format: (time) => formatMilliseconds(time / factor),
            parts: seriesParts(requestParts),
          },
          size,
        ),
      `Client and server with one thread each, by the cost model, and the bytes above${batch === 1 ? '' : `; ${batch} samples at once`}.`,
    )}
  </section>`;
}

function formatDuration(milliseconds: number): string {
  const minutes = milliseconds / 60_000;
  return minutes < 2 ? formatMilliseconds(milliseconds) : `${minutes.toFixed(minutes < 10 ? 1 : 0)} min`;
}
