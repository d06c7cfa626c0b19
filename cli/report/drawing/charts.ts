/** Pictures and tables that several sections draw. */
import { html, Html, printable, shorten } from './html.ts';
import type { Plotting } from './plotting.ts';
import { rowAxis, rowNames } from './row-axis.ts';
import { type Size, sizes } from './sizes.ts';
import { opFamilies } from '../figures/tally.ts';

export interface StackedBar {
  readonly name: string;
  /** Of the parts, in their order. */
  readonly values: readonly number[];
}

export interface BarPart {
  readonly name: string;
  /** Of the style: a property, since colours differ in the dark. */
  readonly color: string;
}

export interface StackedBarOptions {
  readonly label: string;
  readonly valueLabel: string;
  readonly format: (value: number) => string;
  readonly parts: readonly BarPart[];
}

/** The kinds of operations that belong together. */
export const familyParts: readonly BarPart[] = opFamilies.map(({ name }, family) => {
  return { name, color: `var(--family-${family})` };
});

const barHeight = { wide: 24, narrow: 40 } as const satisfies Record<Size, number>;
const longestName = { wide: 24, narrow: 40 } as const satisfies Record<Size, number>;

/** A bar for each row, stacked; its name beside it, or above it where there is little room. */
export function drawStackedBars(
  plotting: Plotting,
  bars: readonly StackedBar[],
  options: StackedBarOptions,
  size: Size,
): Html {
  const { plot } = plotting;
  const names = bars.map(({ name }) => shorten(name, longestName[size]));
  const isWide = size === 'wide';
  const data = bars.flatMap(({ name, values }, row) =>
    values.flatMap((value, part) =>
      value === 0
        ? []
        : [
            {
              row,
              value,
              part,
              title: `${printable(name)}: ${options.parts[part]?.name ?? ''}, ${options.format(value)}`,
            },
          ],
    ),
  );
  const totals = bars.map(({ values }, row) => ({ row, value: values.reduce((x, y) => x + y, 0) }));
  const svg = plotting.draw(options.label, {
    width: isWide ? sizes.half : sizes.narrow,
    height: 46 + barHeight[size] * bars.length,
    ...rowAxis(names, size),
    marginRight: 62,
    marginTop: 4,
    marginBottom: 40,
    x: { label: options.valueLabel, ticks: isWide ? 4 : 3, tickFormat: formatTick, grid: true, labelArrow: 'none' },
    // Parts by number, so that no name is taken for a colour.
    color: {
      type: 'categorical',
      domain: options.parts.map((_, part) => part),
      range: options.parts.map(({ color }) => color),
    },
    marks: [
      rowNames(plotting, names, size),
      plot.barX(data, { x: 'value', y: 'row', fill: 'part', title: 'title' }),
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

/** About `count` powers of ten within two numbers above zero, for ticks of a logarithmic axis. */
export function powersOfTen(least: number, most: number, count: number): number[] {
  const [first, last] = [Math.ceil(Math.log10(least)), Math.floor(Math.log10(most))];
  const step = Math.max(1, Math.ceil((last - first + 1) / count));
  return Array.from({ length: Math.max(0, Math.floor((last - first) / step) + 1) }, (_, k) =>
    Number(`1e${last - k * step}`),
  );
}

/** The unit of an axis up to so many milliseconds. */
export function timeUnit(milliseconds: number): { readonly name: 'milliseconds' | 'seconds'; readonly factor: number } {
  return milliseconds < 10_000 ? { name: 'milliseconds', factor: 1 } : { name: 'seconds', factor: 1 / 1000 };
}

/** What the colours of parts mean. */
export function partsLegend(parts: readonly BarPart[]): Html {
  return html`<p class="legend">
    ${parts.map(
      ({ name, color }) =>
        html`<span
          ><svg class="swatch" viewBox="0 0 1 1"><rect fill="${color}" width="1" height="1" /></svg> ${name}</span
        > `,
    )}
  </p>`;
}

/** Parts in the colours of series. */
export function seriesParts(names: readonly string[]): readonly BarPart[] {
  return names.map((name, k) => ({ name, color: `var(--series-${k})` }));
}

/** A picture with what there is to say about it. */
export function figure(draw: (size: Size) => Html, caption: Html | string): Html {
  const [wide, narrow] = [draw('wide'), draw('narrow')];
  const pictures =
    wide.text === narrow.text
      ? wide
      : html`<div class="on-wide">${wide}</div>
          <div class="on-narrow">${narrow}</div>`;
  return html`<figure>
    ${pictures}
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
  // On a narrow screen a row is a paragraph, in which every cell says what it is.
  const cell = (content: Html | string | number | undefined, i: number): Html => {
    const { title = '', align } = columns[i] ?? {};
    const isEmpty = content === undefined || content === '';
    const name = [align === 'right' ? 'number' : '', isEmpty ? 'blank' : ''].join(' ').trim();
    return html`<td class="${name}" data-name="${title}">${content}</td>`;
  };
  return html`<table>
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
  </table>`;
}
