/** Loss against cost: what pruned models lose for what they save. For the report, the documentation and `bench/`. */
import { paretoFront } from '../../../ir/plan/pruning-report.ts';
import { escapeHtml, Html, printable, shorten } from './html.ts';
import { formatTick } from './charts.ts';
import { loadPlotting, type Plotting } from './plotting.ts';

export interface LossCostPoint {
  /** Such as its scheme. */
  readonly series: string;
  readonly cost: number;
  /** Better the smaller it is. */
  readonly loss: number;
  /** What stands there when it is pointed at. */
  readonly title?: string;
  /** Drawn hollow. */
  readonly isRejected?: boolean;
  /** Drawn with a ring around it. */
  readonly isChosen?: boolean;
}

export interface LossCostOptions {
  /** For whoever does not see it. */
  readonly label: string;
  readonly costLabel: string;
  readonly lossLabel: string;
  /** A line through the points of each series by cost, or one through the Pareto front of all that are not rejected. */
  readonly lines: 'series' | 'front';
  /** Losses to compare with, such as that of the unpruned model. */
  readonly references?: readonly { readonly name: string; readonly loss: number }[];
  /** All series in order, where there are more than the points have: so that pictures side by side agree in colours. */
  readonly series?: readonly string[];
  readonly width?: number;
  readonly height?: number;
}

/** Colours in `style.ts`; beyond them they repeat, with other symbols. */
export const seriesColorCount = 12;

const symbols = ['circle', 'square', 'triangle', 'diamond', 'star', 'wye', 'cross'] as const;
const legendRow = 20;
const legendItem = 22;
const characterWidth = 7.2;

/**
 * A picture of its own as SVG: losses on a logarithmic axis where all are above zero and far apart, one colour and symbol for each
 * series in the order in which they first occur, light or dark by `prefers-color-scheme`.
 */
export async function lossCostChart(points: readonly LossCostPoint[], options: LossCostOptions): Promise<string> {
  return draw(await loadPlotting(), points, options, new Html(`<style>${standaloneStyle}</style>`));
}

/** The picture for a page that has the style of reports. */
export function drawLossCost(plotting: Plotting, points: readonly LossCostPoint[], options: LossCostOptions): string {
  return draw(plotting, points, options, undefined);
}

function draw(
  plotting: Plotting,
  points: readonly LossCostPoint[],
  options: LossCostOptions,
  style: Html | undefined,
): string {
  const { plot } = plotting;
  const { width = 720, height = 400, references = [], series = points.map(({ series }) => series) } = options;
  const names = [...new Set(series)];
  const data = points.map((point) => ({ ...point, key: names.indexOf(point.series) }));
  const losses = [...points, ...references].map(({ loss }) => loss);
  const [least, most] = [Math.min(...losses), Math.max(...losses)];
  const lowest = Math.min(...references.map(({ loss }) => loss));
  const isLogarithmic = least > 0 && most > 3 * least;
  const [low, high] = [least / 1.2, most * 1.2];
  const ticks = isLogarithmic ? logarithmicTicks(low, high) : undefined;
  const front = paretoFront(data.filter(({ isRejected = false }) => !isRejected));
  const lines = options.lines === 'front' ? front : data.toSorted((p, q) => p.cost - q.cost);
  const scales = seriesScales(names);
  const position = { x: 'cost', y: 'loss' } as const;
  const chart = plotting.draw(options.label, {
    width,
    height,
    marginLeft: 62,
    marginRight: 20,
    marginTop: 26,
    marginBottom: 42,
    ...scales,
    x: {
      label: options.costLabel,
      grid: true,
      nice: true,
      zero: true,
      ticks: width < 400 ? 3 : 6,
      tickFormat: formatTick,
      labelArrow: 'none',
    },
    y: isLogarithmic ? { type: 'log', domain: [low, high], label: null } : { nice: true, inset: 6, label: null },
    marks: [
      plot.gridY({ ticks: ticks ?? 5 }),
      // As text: Plot leaves out the labels of some ticks of a logarithmic axis.
      plot.axisY({ ticks: ticks ?? 5, text: formatLoss, label: options.lossLabel, labelArrow: 'none' }),
      plot.ruleY(references, { y: 'loss', stroke: 'currentColor', strokeDasharray: '4 3', strokeOpacity: 0.7 }),
      ...references.map(({ name, loss }) =>
        plot.text([printable(name)], {
          y: [loss],
          text: (text: string) => text,
          // What costs little loses much: there are the fewest points at the left of a line.
          frameAnchor: 'left',
          textAnchor: 'start',
          dx: 4,
          // The lowest one below its line, so that neighbours do not meet.
          dy: references.length > 1 && loss === lowest ? 8 : -7,
          fill: 'currentColor',
        }),
      ),
      options.lines === 'front'
        ? plot.line(lines, { ...position, curve: 'step-after', stroke: 'currentColor', strokeWidth: 1.5 })
        : plot.line(lines, { ...position, z: 'key', stroke: 'key', strokeWidth: 1.8 }),
      plot.dot(
        data.filter(({ isRejected = false }) => isRejected),
        { ...position, stroke: 'key', symbol: 'key', r: 3.5, strokeOpacity: 0.7, title: titleOf },
      ),
      plot.dot(
        data.filter(({ isRejected = false }) => !isRejected),
        { ...position, fill: 'key', stroke: 'key', symbol: 'key', r: 3.5, title: titleOf },
      ),
      plot.dot(
        data.filter(({ isChosen = false }) => isChosen),
        { ...position, stroke: 'currentColor', strokeWidth: 2, r: 9, title: titleOf },
      ),
    ],
  });
  return withLegend(plotting, chart, names, scales, { width, height, label: options.label, style });
}

type Scales = ReturnType<typeof seriesScales>;

/** Series by number, so that no name is taken for a colour or a symbol. */
function seriesScales(names: readonly string[]) {
  const domain = names.map((_, key) => key);
  return {
    color: { type: 'categorical', domain, range: domain.map((key) => `var(--series-${key % seriesColorCount})`) },
    symbol: {
      domain,
      range: domain.map((key) => symbols[(key + Math.floor(key / seriesColorCount)) % symbols.length]),
    },
  } as const;
}

interface LegendOptions {
  readonly width: number;
  readonly height: number;
  readonly label: string;
  readonly style: Html | undefined;
}

/** The chart with the names of its series above, in as many rows as they need. */
function withLegend(
  plotting: Plotting,
  chart: string,
  names: readonly string[],
  scales: Scales,
  { width, height, label, style }: LegendOptions,
): string {
  const items: { key: number; name: string; x: number; y: number }[] = [];
  let [x, y] = [12, legendRow / 2];
  for (const [key, each] of names.entries()) {
    const name = shorten(each, 40);
    const extent = legendItem + characterWidth * name.length;
    if (x > 12 && x + extent > width) [x, y] = [12, y + legendRow];
    items.push({ key, name, x, y });
    x += extent;
  }
  const legendHeight = y + legendRow / 2;
  const position = { x: 'x', y: 'y' } as const;
  const legend = plotting.draw('series', {
    width,
    height: legendHeight,
    margin: 0,
    axis: null,
    ...scales,
    x: { type: 'identity' },
    y: { type: 'identity' },
    marks: [
      plotting.plot.dot(items, { ...position, fill: 'key', stroke: 'key', symbol: 'key', r: 3.5 }),
      plotting.plot.text(items, { ...position, text: 'name', textAnchor: 'start', dx: 9, fill: 'currentColor' }),
    ],
  });
  const whole = height + legendHeight;
  const attributes = [
    'xmlns="http://www.w3.org/2000/svg" class="chart" role="img"',
    `aria-label="${escapeHtml(label)}"`,
    `viewBox="0 0 ${width} ${whole}" width="${width}" height="${whole}"`,
  ].join(' ');
  const placed = chart.replace('<svg ', `<svg y="${legendHeight}" `);
  return `<svg ${attributes}>${style?.text ?? ''}${legend}${placed}</svg>`;
}

function titleOf({ series, title }: LossCostPoint): string {
  return printable(title ?? series);
}

/** Powers of ten between the two, with 2 and 5 times them where there are few. */
function logarithmicTicks(low: number, high: number): number[] {
  const first = Math.floor(Math.log10(low));
  const powers = Array.from({ length: Math.ceil(Math.log10(high)) - first + 1 }, (_, k) => first + k);
  const factors = powers.length > 4 ? [1] : [1, 2, 5];
  return powers
    .flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)))
    .filter((tick) => tick >= low && tick <= high);
}

function formatLoss(loss: number): string {
  const short = Number(loss.toPrecision(3));
  return Math.abs(short) >= 0.001 || short === 0 ? String(short) : short.toExponential();
}

const seriesColors = [
  '#4269d0',
  '#d98e04',
  '#e4553c',
  '#2f9e8f',
  '#3c8d3f',
  '#d6568f',
  '#8a56d6',
  '#6f7f95',
  '#1ba3dc',
  '#8a5a2b',
  '#a3b51e',
  '#7a1f4b',
];
const seriesColorsDark = [
  '#8ba6f5',
  '#f2b84b',
  '#ff8a73',
  '#6fd0c0',
  '#7fcf83',
  '#ff9cc6',
  '#bf9bf7',
  '#a9b6c8',
  '#63d0ff',
  '#c79a6b',
  '#d3e35a',
  '#d07aa2',
];

/** Custom properties of the colours of series. */
export const seriesProperties = {
  light: seriesColors.map((color, key) => `--series-${key}:${color}`).join(';'),
  dark: seriesColorsDark.map((color, key) => `--series-${key}:${color}`).join(';'),
} as const;

const standaloneStyle =
  `svg{color:#1c1e21;fill:currentColor;font:12px system-ui,sans-serif;${seriesProperties.light}}` +
  `@media(prefers-color-scheme:dark){svg{color:#e6e8eb;${seriesProperties.dark}}}`;
