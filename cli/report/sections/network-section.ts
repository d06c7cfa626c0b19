/** The network as a column of cards, with a rail of the edges between them at the side. */
import { isAutomorphism, isProduct } from '../../../ir/he/traits.ts';
import { formatMilliseconds, formatPercent, plural } from '../../render/units.ts';
import type { Size } from '../drawing/sizes.ts';
import { html, Html, shorten } from '../drawing/html.ts';
import type { NetworkNode } from '../figures/network.ts';
import { countWith, sum, type Tally } from '../figures/tally.ts';

/** Nodes that are drawn. */
const mostNodes = 250;
/** As in the style. */
const rowHeight = { wide: 5.75, narrow: 7 } as const satisfies Record<Size, number>;
const laneWidth = 0.9;
/** Units of the rail for one rem. */
const unit = 16;

export function networkSection(nodes: readonly NetworkNode[]): Html {
  const shown = nodes.slice(0, mostNodes);
  const lanes = assignLanes(shown);
  const width = laneWidth * (1 + Math.max(0, ...lanes.map(({ lane }) => lane)));
  const total = nodes.reduce((time, { tally }) => time + (tally === undefined ? 0 : sum(tally.milliseconds)), 0);
  return html`<section id="network">
    <h2>Network</h2>
    <p class="muted">
      Every op with the shape of its result, and how that is packed: <code>n/t</code> are n elements in tiles of t
      slots, <code>*</code> is duplicated, <code>?</code> unknown and <code>~</code> interleaved. The bar is the share
      of the modelled time.
    </p>
    <div class="network">
      ${(['wide', 'narrow'] as const).map((size) => rail(shown.length, lanes, width, size))}
      <ol>
        ${shown.map((node) => card(node, total, width))}
      </ol>
    </div>
    ${nodes.length > shown.length ? html`<p class="muted">The first ${shown.length} of ${nodes.length} ops.</p>` : undefined}
  </section>`;
}

function card({ name, op, shape, layout, ciphertexts, tally }: NetworkNode, total: number, width: number): Html {
  const milliseconds = tally === undefined ? 0 : sum(tally.milliseconds);
  const share = total === 0 ? 0 : milliseconds / total;
  const packing = [
    ...(shape === '' ? [] : [html`<code>${shape}</code>`]),
    ...(layout === '' ? [] : [html` as <code>${layout}</code>`]),
  ];
  const particulars = [
    ...(tally === undefined ? [] : [formatPercent(share), formatMilliseconds(milliseconds)]),
    ...(ciphertexts === undefined ? [] : [plural(ciphertexts, 'ciphertext')]),
    ...(tally === undefined ? [] : describe(tally)),
  ];
  return html`<li>
    ${indent(width)}
    <div class="card">
      <div>
        <strong>${shorten(name, 120)}</strong>
        ${op === '' || name === op ? undefined : html`<span class="muted">${shorten(op, 60)}</span>`}
      </div>
      <div>${packing}</div>
      <div class="muted">${particulars.join(', ')}</div>
      ${shareBar(share)}
    </div>
  </li>`;
}

/** What takes time: products and rotations, where there are any. */
function describe(tally: Tally): string[] {
  const products = countWith(tally, isProduct);
  const rotations = countWith(tally, isAutomorphism);
  return [
    ...(products === 0 ? [] : [plural(products, 'product')]),
    ...(rotations === 0 ? [] : [plural(rotations, 'rotation')]),
  ];
}

function shareBar(share: number): Html | undefined {
  if (share === 0) return undefined;
  return html`<svg class="share" viewBox="0 0 1000 4" preserveAspectRatio="none">
    <rect width="${Math.round(1000 * share)}" height="4" />
  </svg>`;
}

/** Room for the rail: widths are attributes, since the content policy refuses styles on elements. */
function indent(width: number): Html {
  return html`<svg class="indent" width="${width + 0.6}rem" height="1"></svg>`;
}

interface Edge {
  readonly from: number;
  readonly to: number;
  /** 0 runs straight down, the others beside it. */
  readonly lane: number;
}

/** Edges between neighbours in lane 0; each other in the first lane that is free along its way. */
function assignLanes(nodes: readonly NetworkNode[]): Edge[] {
  /** By lane: the row down to which it is taken. */
  const takenTo: number[] = [];
  const edges: Edge[] = [];
  const pairs = nodes.flatMap(({ operands }, to) => [...new Set(operands)].map((from) => ({ from, to })));
  for (const { from, to } of pairs.sort((x, y) => x.from - y.from || x.to - y.to)) {
    if (to === from + 1) {
      edges.push({ from, to, lane: 0 });
      continue;
    }
    const free = takenTo.findIndex((row) => row <= from);
    const lane = free === -1 ? takenTo.length : free;
    takenTo[lane] = to;
    edges.push({ from, to, lane: lane + 1 });
  }
  return edges;
}

function rail(rows: number, edges: readonly Edge[], width: number, size: Size): Html {
  const right = unit * (width - laneWidth / 2);
  const y = (row: number): number => unit * rowHeight[size] * (row + 0.5);
  const height = rows * rowHeight[size];
  const path = ({ from, to, lane }: Edge): string => {
    const x = right - lane * laneWidth * unit;
    const bend = unit * 0.9;
    return lane === 0
      ? `M${right} ${y(from)}V${y(to)}`
      : `M${right} ${y(from)}Q${x} ${y(from)} ${x} ${y(from) + bend}V${y(to) - bend}Q${x} ${y(to)} ${right} ${y(to)}`;
  };
  return html`<svg
    class="rail on-${size}"
    aria-hidden="true"
    width="${width}rem"
    height="${height}rem"
    viewBox="0 0 ${unit * width} ${unit * height}"
  >
    ${edges.map((edge) => html`<path d="${path(edge)}" />`)}
    ${Array.from({ length: rows }, (_, row) => html`<circle cx="${right}" cy="${y(row)}" r="5" />`)}
  </svg>`;
}
