/** Pictures that several sections draw. */
import { html, Html, printable, shorten } from './html.ts';
import type { Plotting } from './plotting.ts';
import { opFamilies } from '../figures/tally.ts';

export interface StackedBar {
  readonly name: string;
  /** By family of operations. */
  readonly values: readonly number[];
}

export interface StackedBarOptions {
  readonly label: string;
  readonly valueLabel: string;
  readonly format: (value: number) => string;
}

/** Of a picture that has another one beside it. */
export const halfWidth = 560;

const barHeight = 24;
const longestName = 24;
const characterWidth = 7.4;

/** A bar for each row, stacked by family of operations. */
export function drawStackedBars(plotting: Plotting, bars: readonly StackedBar[], options: StackedBarOptions): Html {
  const { plot } = plotting;
  const names = bars.map(({ name }) => shorten(name, longestName));
  const marginLeft = 20 + characterWidth * Math.max(2, ...names.map(({ length }) => length));
  const parts = bars.flatMap(({ name, values }, row) =>
    values.flatMap((value, family) =>
      value === 0
        ? []
        : [
            {
              row,
              value,
              family,
              title: `${printable(name)}: ${opFamilies[family]?.name ?? ''}, ${options.format(value)}`,
            },
          ],
    ),
  );
  const totals = bars.map(({ values }, row) => ({ row, value: values.reduce((x, y) => x + y, 0) }));
  const svg = plotting.draw(options.label, {
    width: halfWidth,
    height: 46 + barHeight * bars.length,
    marginLeft,
    marginRight: 62,
    marginTop: 4,
    marginBottom: 40,
    x: { label: options.valueLabel, ticks: 4, tickFormat: formatTick, grid: true, labelArrow: 'none' },
    y: { type: 'band', domain: names.map((_, row) => row), label: null, padding: 0.25 },
    color: familyColors,
    marks: [
      plot.axisY({ tickFormat: (row: number) => names[row] ?? '', tickSize: 0, label: null }),
      plot.barX(parts, { x: 'value', y: 'row', fill: 'family', title: 'title' }),
      plot.text(totals, {
        x: 'value',
        y: 'row',
        text: ({ value }: { value: number }) => options.format(value),
        textAnchor: 'start',
        dx: 5,
        fill: 'currentColor',
      }),
      plot.ruleX([0], { stroke: 'currentColor' }),
    ],
  });
  return new Html(svg);
}

/** A number on an axis, in full. */
export function formatTick(value: number): string {
  return value.toLocaleString('en-US');
}

/** The unit of an axis up to so many milliseconds. */
export function timeUnit(milliseconds: number): { readonly name: 'milliseconds' | 'seconds'; readonly factor: number } {
  return milliseconds < 10_000 ? { name: 'milliseconds', factor: 1 } : { name: 'seconds', factor: 1 / 1000 };
}

/** Named by number, so that no name is taken for a colour. */
const familyColors = {
  type: 'categorical',
  domain: opFamilies.map((_, family) => family),
  range: opFamilies.map((_, family) => `var(--family-${family})`),
} as const;

export function familyLegend(families: readonly number[]): Html {
  return html`<p class="legend">
    ${families.map(
      (family) =>
        html`<span
          ><svg class="swatch" viewBox="0 0 1 1"><rect class="family-${family}" width="1" height="1" /></svg>
          ${opFamilies[family]?.name}</span
        > `,
    )}
  </p>`;
}

/** How small a picture may become on a narrow screen before it is scrolled: its text has to stay readable. */
export type LeastWidth = 'small' | 'wide' | 'widest';

/** A picture with what there is to say about it. */
export function figure(picture: Html, caption: Html | string, leastWidth: LeastWidth = 'wide'): Html {
  return html`<figure>
    <div class="scroll"><div class="${leastWidth}">${picture}</div></div>
    <figcaption>${caption}</figcaption>
  </figure>`;
}

export interface ColumnHead {
  readonly title: string;
  readonly align?: 'right';
}

export function table(
  columns: readonly ColumnHead[],
  rows: readonly (readonly (Html | string | number | undefined)[])[],
): Html {
  const cell = (content: Html | string | number | undefined, i: number): Html =>
    columns[i]?.align === 'right' ? html`<td class="number">${content}</td>` : html`<td>${content}</td>`;
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${columns.map(({ title, align }) => (align === 'right' ? html`<th class="number">${title}</th>` : html`<th>${title}</th>`))}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells) =>
            html`<tr>
              ${cells.map(cell)}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}
