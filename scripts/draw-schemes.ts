/**
 * The picture of `docs/pruning.md`: what every scheme leaves of one dense layer. The weights are random, the passes are
 * those that prune networks, on blocks for tiles.
 */
import { Constant, vector } from '../ir/constant.ts';
import { InternalError } from '../ir/diagnostics/diagnostic.ts';
import { seededRandom } from '../ir/random.ts';
import { TensorBuilder, type TensorModule } from '../ir/tensor/ops.ts';
import { weightNodes, weightsOf } from '../ir/tensor/weight-layers.ts';
import { expand } from '../passes/pruning/expand.ts';
import { PassManager } from '../passes/manager.ts';
import { permute } from '../passes/pruning/permute.ts';
import { prune } from '../passes/pruning/prune.ts';
import { pruneTiles } from '../passes/pruning/prune-tiles.ts';
import { type SchemePolicy, type SchemeStep, schemes } from '../pruning/schemes.ts';

const rows = 16;
const columns = 24;
const tile: [number, number] = [4, 4];
const sparsity = 0.75;
const threshold = 0.375;

type SchemeName = SchemePolicy['scheme'];

/** As in trained layers, some neurons and some inputs matter more than others. */
function randomLayer(): TensorModule {
  const random = seededRandom(4);
  const worths = (count: number) => Array.from({ length: count }, () => 0.15 + random.uniform() ** 2);
  const ofRow = worths(rows);
  const ofColumn = worths(columns);
  const values = Float64Array.from({ length: rows * columns }, (_, i) => {
    const worth = (ofRow[Math.floor(i / columns)] ?? 0) * (ofColumn[i % columns] ?? 0);
    return worth * (0.2 + random.uniform()) * (random.uniform() < 0.5 ? -1 : 1);
  });
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [columns] }, []);
  const attrs = { weights: new Constant([rows, columns], values), bias: vector(new Float64Array(rows)) };
  builder.add('output', [builder.add('dense', [x], attrs, [])], { name: 'y' }, []);
  return builder.build('layer');
}

function run(scheme: SchemeName, step: SchemeStep, module: TensorModule): TensorModule {
  const manager = new PassManager([]);
  switch (step) {
    case 'prune':
      return manager.run(prune, module, { criterion: 'l1', sparsity });
    case 'permute':
      return manager.run(permute, module, {
        tile,
        attempts: 8,
        ...(scheme === 'P3T' && { weights: 'magnitude', weakest: sparsity }),
      });
    case 'prune-tiles':
      return manager.run(pruneTiles, module, { tile, criterion: 'mean', sparsity });
    case 'prune-almost-zero':
      return manager.run(pruneTiles, module, { tile, criterion: 'non-zeros', threshold });
    case 'expand':
      return manager.run(expand, module, { tile });
  }
}

interface Matrix {
  readonly values: Float64Array;
  /** 1 for a weight that `expand` has put back. */
  readonly restored: Uint8Array;
}

function valuesOf(module: TensorModule): Float64Array {
  const [layer] = weightNodes(module);
  if (layer === undefined) throw new InternalError('the layer is gone');
  return weightsOf(layer).values;
}

function matrixAfter(scheme: SchemeName | undefined, layer: TensorModule): Matrix {
  let module = layer;
  let restored = new Uint8Array(rows * columns);
  for (const step of scheme === undefined ? [] : schemes[scheme]) {
    const before = valuesOf(module);
    module = run(scheme ?? 'P2', step, module);
    const after = valuesOf(module);
    if (step === 'expand') restored = Uint8Array.from(after, (w, i) => Number(w !== 0 && before[i] === 0));
  }
  return { values: valuesOf(module), restored };
}

const cell = 9;
const gap = 34;
const heading = 40;
const panelsAcross = 4;

function drawPanel(title: string, { values, restored }: Matrix, largest: number): string {
  const weights: string[] = [];
  const tiles: string[] = [];
  let live = 0;
  let left = 0;
  for (let top = 0; top < rows; top += tile[0]) {
    for (let begin = 0; begin < columns; begin += tile[1]) {
      let isLive = false;
      for (let row = top; row < top + tile[0]; row++) {
        for (let column = begin; column < begin + tile[1]; column++) {
          const i = row * columns + column;
          const w = Math.abs(values[i] ?? 0);
          if (w === 0) continue;
          isLive = true;
          left++;
          const opacity = (0.25 + 0.75 * Math.sqrt(w / largest)).toFixed(2);
          const kind = restored[i] === 1 ? 'restored' : 'weight';
          weights.push(rectangle(kind, column, row, 1, 1, ` opacity="${opacity}"`));
        }
      }
      if (isLive) live++;
      tiles.push(rectangle(isLive ? 'live' : 'dead', begin, top, tile[1], tile[0]));
    }
  }
  const count = `${live} of ${tiles.length} tiles, ${left} weights`;
  return [`<text class="title" y="-20">${title}</text>`, `<text y="-6">${count}</text>`, ...weights, ...tiles].join(
    '\n',
  );
}

function rectangle(kind: string, column: number, row: number, width: number, height: number, more = ''): string {
  const inset = width === 1 ? 1 : 0;
  const [w, h] = [width * cell - 2 * inset, height * cell - 2 * inset];
  return `<rect class="${kind}" x="${column * cell + inset}" y="${row * cell + inset}" width="${w}" height="${h}"${more}/>`;
}

/** A standalone page of SVG that follows the reader's colour scheme. */
export function drawSchemes(): string {
  const layer = randomLayer();
  const largest = valuesOf(layer).reduce((most, w) => Math.max(most, Math.abs(w)), 0);
  const panels: readonly (SchemeName | undefined)[] = [undefined, 'P2', 'P3', 'P3E', 'P2T', 'P3T', 'P4', 'P4E'];
  const [panelWidth, panelHeight] = [columns * cell + gap, rows * cell + gap + heading];
  const width = panelsAcross * panelWidth;
  const height = Math.ceil(panels.length / panelsAcross) * panelHeight;
  const drawn = panels.map((scheme, k) => {
    const x = (k % panelsAcross) * panelWidth + gap / 2;
    const y = Math.floor(k / panelsAcross) * panelHeight + heading + gap / 4;
    const panel = drawPanel(scheme ?? 'unpruned', matrixAfter(scheme, layer), largest);
    return `<g transform="translate(${x} ${y})">\n${panel}\n</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="What each scheme leaves of a layer">
<style>
svg { color: #1f2328; --accent: #0969da; font: 12px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { svg { color: #e6edf3; --accent: #58a6ff; } }
text { fill: currentColor; }
.title { font-weight: 600; font-size: 14px; }
.weight { fill: currentColor; }
.restored { fill: var(--accent); }
.live { fill: none; stroke: currentColor; stroke-opacity: 0.55; }
.dead { fill: none; stroke: currentColor; stroke-opacity: 0.12; }
</style>
${drawn.join('\n')}
</svg>
`;
}
