/** Levels and scales along the deepest way through the program. */
import type { Plan } from '../../../ir/plan/plan.ts';
import { modulusBits } from '../../../ir/parameters.ts';
import { plural } from '../../render/units.ts';
import { figure } from '../drawing/charts.ts';
import { type Size, sizes } from '../drawing/sizes.ts';
import { html, Html, printable, shorten } from '../drawing/html.ts';
import type { Plotting } from '../drawing/plotting.ts';
import { rowAxis, rowNames } from '../drawing/row-axis.ts';
import { scaleTrack, type TrackStop } from '../figures/scale-track.ts';
import type { Layers } from '../../../ir/he/layers.ts';

const mostStops = 60;
const rowHeight = { wide: 22, narrow: 38 } as const satisfies Record<Size, number>;

/** Undefined for a program without outputs. */
export function levelsSection(plotting: Plotting, { program }: Plan, layers: Layers): Html | undefined {
  const stops = scaleTrack(program, layers);
  const [first] = stops;
  const last = stops.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const shown = stops.slice(0, mostStops);
  const { specialPrimes } = program.parameters;
  return html`<section id="levels">
    <h2>Levels</h2>
    <p>
      The deepest way through the program,
      ${plural(
        stops.reduce((sum, { operations }) => sum + operations, 0),
        'operation',
      )}
      long, begins at level ${first.level} and ends at level ${last.level}: ${plural(last.level, 'rescale')} are left,
      and ${Math.round(last.roomBits)} bits above the scale of the result, which hold its sign and size.
    </p>
    ${figure(
      (size) => drawTrack(plotting, shown, layers, size),
      `The modulus at each stop, a box for each of its primes; the dark part is the scale, what is beyond it is room for ` +
        `values and for what is still to be multiplied. A rescale gives up the last prime and divides the scale by it. ` +
        `With ${specialPrimes.length === 1 ? 'the prime' : `the ${specialPrimes.length} primes`} for key switching (${specialPrimes.map((prime) => Math.round(Math.log2(prime))).join(', ')} bits) the modulus has ` +
        `${modulusBits(program.parameters)} bits.` +
        (stops.length > shown.length ? ` ${plural(stops.length - shown.length, 'stop')} more are not drawn.` : ''),
    )}
  </section>`;
}

function drawTrack(plotting: Plotting, stops: readonly TrackStop[], layers: Layers, size: Size): Html {
  const { plot } = plotting;
  const isWide = size === 'wide';
  const nameOf = ({ layer, level }: TrackStop): string =>
    `${shorten(layers.names[layer] ?? '', isWide ? 28 : 36)}, level ${level}`;
  const names = stops.map(nameOf);
  const boxes = stops.flatMap(({ primeBits }, row) => {
    let from = 0;
    return primeBits.map((bits) => ({ row, from, to: (from += bits) }));
  });
  const scales = stops.map(({ scaleBits, roomBits, operations }, row) => ({
    row,
    scaleBits,
    end: scaleBits + roomBits,
    text: `${Math.round(scaleBits)} of ${Math.round(scaleBits + roomBits)}`,
    title: `${printable(names[row] ?? '')}: scale of ${scaleBits.toFixed(1)} bits, ${roomBits.toFixed(1)} above it, ${plural(operations, 'operation')}`,
  }));
  const svg = plotting.draw('Scale and modulus along the deepest way', {
    width: isWide ? 760 : sizes.narrow,
    height: 44 + rowHeight[size] * stops.length,
    ...rowAxis(names, size),
    marginRight: 74,
    marginTop: 4,
    marginBottom: 38,
    x: { label: 'bits', ticks: isWide ? 8 : 4, grid: true, zero: true, labelArrow: 'none' },
    marks: [
      rowNames(plotting, names, size),
      plot.barX(boxes, {
        x1: 'from',
        x2: 'to',
        y: 'row',
        fill: 'var(--empty)',
        stroke: 'var(--muted)',
        strokeOpacity: 0.7,
      }),
      plot.barX(scales, { x1: 0, x2: 'scaleBits', y: 'row', fill: 'var(--accent)', fillOpacity: 0.8, title: 'title' }),
      plot.text(scales, { x: 'end', y: 'row', text: 'text', textAnchor: 'start', dx: 5, fill: 'currentColor' }),
    ],
  });
  return new Html(svg);
}
