/** Each activation: the function, the polynomial that stands for it, and the values that it met in calibration. */
import { activationFunction } from '../../../ir/interpret/activations.ts';
import { evaluatePolynomial, evaluateStages } from '../../../ir/interpret/polynomial.ts';
import type { AccuracyReport, ActivationReport } from '../../../ir/plan/accuracy-report.ts';
import { formatError } from '../../../ir/maths/error-unit.ts';
import { formatPercent, plural } from '../../render/units.ts';
import { figure, partsLegend, seriesParts } from '../drawing/charts.ts';
import { type Size, sizes } from '../drawing/sizes.ts';
import { html, Html, shorten } from '../drawing/html.ts';
import type { Plotting } from '../drawing/plotting.ts';

/** Activations that are drawn. */
const mostCurves = 24;
const points = 240;
const widePicture = 480;
const height = { curve: 190, error: 84 } as const;

/** Undefined of a network without activations. */
export function curvesSection(plotting: Plotting, { activations, layers }: AccuracyReport): Html | undefined {
  if (activations.length === 0) return undefined;
  const shown = activations.slice(0, mostCurves);
  const left = activations.length - shown.length;
  return html`<section id="activations">
    <h2>Activations</h2>
    <p class="muted">
      A function that is no polynomial has one in its place, made for the range of its operand on the calibration
      samples and some headroom. Grey bars are how many of their values there are; below is the error of the polynomial.
    </p>
    ${partsLegend(seriesParts(['polynomial', 'function']))}
    <div class="row">
      ${shown.map(
        (curve) =>
          html`<div>
            <h3>${shorten(curve.name, 100)}</h3>
            ${figure((size) => drawCurve(plotting, curve, size), describe(curve, layers[curve.layer]?.approximation))}
          </div>`,
      )}
    </div>
    ${left > 0 ? html`<p class="muted">${plural(left, 'activation')} more are not drawn.</p>` : undefined}
  </section>`;
}

function describe(curve: ActivationReport, error: number | undefined): string {
  const { kind, functions, center, halfWidth, least, most } = curve;
  const [from, to] = [center - halfWidth, center + halfWidth];
  const width = most - least;
  const headroom =
    width === 0
      ? ''
      : `, headroom ${formatPercent((least - from) / width)} below and ${formatPercent((to - most) / width)} above`;
  const all = pointsOf(curve);
  const worst = largestError(all);
  const within = largestError(all.filter(({ x }) => x >= least && x <= most));
  return [
    `${kind} as ${describeStandIn(curve)} on ${formatNumber(from)} … ${formatNumber(to)}`,
    functions === 1 ? '' : `, the first of ${functions} slopes`,
    `; samples reach ${formatNumber(least)} … ${formatNumber(most)}${headroom}. `,
    `It is off by ${formatNumber(within)} at most where samples are and by ${formatNumber(worst)} anywhere`,
    error === undefined ? '.' : `, which moves the outputs by ${formatError(error)} typically.`,
    describeDecisions(curve),
  ].join('');
}

function describeDecisions({ decisions }: ActivationReport): string {
  if (decisions === undefined || decisions.made === 0) return '';
  const { made, unclear, margin } = decisions;
  return (
    ` Of ${made.toLocaleString('en-US')} decisions on the samples ${formatPercent(unclear / made)} are closer than ` +
    `${formatNumber(margin)} to the threshold and off by a tenth of the jump or more.`
  );
}

function describeStandIn({ coefficients, composite }: ActivationReport): string {
  if (composite === undefined) return `a polynomial of degree ${coefficients.length - 1}`;
  const compositions = composite.pieces.map(({ stages }) =>
    stages.map((stage) => stage.coefficients.length - 1).join(', '),
  );
  return `polynomials of degrees ${compositions.join(' and ')}, one after another,`;
}

function largestError(all: readonly CurvePoint[]): number {
  return all.reduce((most, { error }) => Math.max(most, Math.abs(error)), 0);
}

function standInAt({ coefficients, composite, center, halfWidth }: ActivationReport, x: number): number {
  if (composite === undefined) return evaluateStages([{ coefficients, center, halfWidth }], x);
  const { pieces, offset } = composite;
  return pieces.reduce(
    (sum, { factor, stages }) => sum + evaluateStages(stages, x) * evaluatePolynomial('power', factor, x),
    offset,
  );
}

interface CurvePoint {
  readonly x: number;
  readonly exact: number;
  readonly polynomial: number;
  readonly error: number;
}

function pointsOf(curve: ActivationReport): CurvePoint[] {
  const { kind, parameters, center, halfWidth } = curve;
  const f = activationFunction({ kind, parameters: [...parameters] });
  return Array.from({ length: points + 1 }, (_, k) => {
    // Denser towards the ends, where polynomials turn the fastest.
    const t = -Math.cos((Math.PI * k) / points);
    const x = center + halfWidth * t;
    const polynomial = standInAt(curve, x);
    return { x, exact: f(x), polynomial, error: polynomial - f(x) };
  }).map(({ x, exact, polynomial, error }) => {
    return { x: short(x), exact: short(exact), polynomial: short(polynomial), error: short(error) };
  });
}

function drawCurve(plotting: Plotting, curve: ActivationReport, size: Size): Html {
  const { plot } = plotting;
  const data = pointsOf(curve);
  const { counts, center, halfWidth, least, most } = curve;
  const values = data.flatMap(({ exact, polynomial }) => [exact, polynomial]);
  const [bottom, top] = [Math.min(...values), Math.max(...values)];
  const largest = Math.max(1, ...counts);
  const bars = counts.flatMap((count, bin) => {
    const from = center + halfWidth * ((2 * bin) / counts.length - 1);
    const to = from + (2 * halfWidth) / counts.length;
    return count === 0 ? [] : [{ from, to, y: bottom + (0.6 * (top - bottom) * count) / largest, count }];
  });
  const frame = { width: size === 'wide' ? widePicture : sizes.narrow, marginLeft: 52, marginRight: 12 } as const;
  const x = {
    domain: [center - halfWidth, center + halfWidth],
    label: null,
    ticks: 6,
    tickFormat: formatNumber,
  } as const;
  const shape = plotting.draw(`The function and the polynomial that stands for it`, {
    ...frame,
    height: height.curve,
    marginTop: 8,
    marginBottom: 6,
    x: { ...x, axis: null },
    y: {
      label: null,
      ticks: 5,
      tickFormat: formatNumber,
      domain: [bottom, top === bottom ? bottom + 1 : top],
      inset: 2,
    },
    marks: [
      plot.gridY({ ticks: 5 }),
      plot.rect(bars, { x1: 'from', x2: 'to', y1: bottom, y2: 'y', fill: 'currentColor', fillOpacity: 0.18 }),
      plot.ruleX([least, most], { stroke: 'currentColor', strokeDasharray: '3 3', strokeOpacity: 0.6 }),
      plot.line(data, { x: 'x', y: 'polynomial', stroke: 'var(--series-0)', strokeWidth: 3.5, strokeOpacity: 0.55 }),
      plot.line(data, { x: 'x', y: 'exact', stroke: 'var(--series-1)', strokeWidth: 1.6 }),
    ],
  });
  const errors = plotting.draw('The error of the polynomial', {
    ...frame,
    height: height.error,
    marginTop: 6,
    marginBottom: 24,
    x: { ...x, labelArrow: 'none' },
    y: { label: null, ticks: 3, tickFormat: formatNumber, inset: 4 },
    marks: [
      plot.ruleY([0], { stroke: 'currentColor', strokeOpacity: 0.5 }),
      plot.line(data, { x: 'x', y: 'error', stroke: 'var(--series-0)', strokeWidth: 1.4 }),
    ],
  });
  return html`${new Html(shape)}${new Html(errors)}`;
}

function short(x: number): number {
  return Number(x.toPrecision(6));
}

function formatNumber(x: number): string {
  const number = Number(x.toPrecision(3));
  return Math.abs(number) >= 1e-3 && Math.abs(number) < 1e5
    ? String(number)
    : number === 0
      ? '0'
      : number.toExponential();
}
