/** `bench/hepex.md` and its pictures, from the results. */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { lossCostChart } from '../../cli/report/drawing/loss-cost-chart.ts';
import { formatBytes, formatMilliseconds, formatPercent } from '../../cli/render/units.ts';
import { column, table } from '../markdown.ts';
import { writePage } from '../publish.ts';
import { engineNames } from '../../ir/plan/plan.ts';
import type { BestPruning } from './best-pruning.ts';
import type { HepexResults } from './results.ts';
import type { SchemePoint, SchemeTable } from './schemes-table.ts';

const folder = join(import.meta.dirname, '..');
const reportFile = join(folder, 'hepex.md');

export async function renderHepex({ best, schemes }: HepexResults): Promise<void> {
  const tables = Object.values(schemes);
  for (const measured of tables) writeFileSync(join(folder, pictureOf(measured)), await schemeChart(measured));
  const text = [
    '# HE-PEx: what pruning saves',
    `Made by \`npm run bench:hepex\` on ${cpus()[0]?.model.trim() ?? 'an unknown processor'}; its parts were run one by one, results are kept in \`hepex/results.json\`. Losses are those on the 10,000 MNIST test images; searches saw the first half of these (the models were trained on all 60,000 training images, so none of those says what a model loses). Unpruned plans are the best that the layout search finds for the same goal. \`--max-error\` is 0.01 for all.`,
    '## Within a loss budget',
    'Times are medians of encrypted runs (31 in latency, 3 in throughput) on the engine whose costs the search went by, on one thread, unpruned and pruned plan in turn in one process. Memory is encoded bytes of the weights that are read for the batch (a plan that takes two runs reads them twice), live ciphertexts at their peak, and keys. "Retrained" is the unpruned model after as many epochs as the pruned one had, 24 at most.',
    ...engineNames.flatMap((engine) => {
      const rows = Object.values(best).filter((row) => row.engine === engine);
      return rows.length === 0
        ? []
        : [
            `### On the engine ${engine}`,
            bestTable(rows),
            'The same networks with encrypted weights, by the cost model:',
            encryptedTable(rows),
          ];
    }),
    ...withinTheAbstract(Object.entries(best)),
    '### What was tried',
    ...Object.entries(best).map(([part, row]) => whatWasTried(part, row)),
    ...tables.flatMap(schemeSection),
  ].join('\n\n');
  await writePage(reportFile, text);
}

function bestTable(rows: readonly BestPruning[]): string {
  return markdownTable(
    [
      'model, goal',
      'loss budget',
      'unpruned',
      'pruned',
      'change',
      'retrained',
      'way',
      'time',
      'time saved',
      'weight tiles',
      'inputs',
      'rotations',
      'memory',
    ],
    rows.map(({ name, goal, budget, quality, policy, measured, before, after }) => [
      `${name}, ${goal}`,
      formatPercent(budget),
      digits(quality.unpruned),
      digits(quality.pruned),
      digits(quality.pruned - quality.unpruned),
      digits(quality.retrained),
      policy,
      `${formatMilliseconds(measured.before)} -> ${formatMilliseconds(measured.after)} (spread ${measured.spread.toFixed(2)})`,
      formatPercent(1 - measured.after / measured.before),
      change(before.tiles, after.tiles),
      change(before.inputCiphertexts, after.inputCiphertexts),
      change(before.rotations, after.rotations),
      memoryChange(before, after),
    ]),
  );
}

/** The rise of the mean-square error that the abstract of HE-PEx reports. */
const riseOfTheAbstract = 1.5e-5;

function withinTheAbstract(rows: readonly (readonly [string, BestPruning])[]): string[] {
  const within = rows.filter(
    ([, { name, quality }]) => name.startsWith('ae') && quality.pruned - quality.unpruned <= riseOfTheAbstract,
  );
  if (within.length === 0) return [];
  const savings = within.map(
    ([part, { measured, quality }]) =>
      `${part} (${formatPercent(1 - measured.after / measured.before)} of the time, change of the error ${digits(quality.pruned - quality.unpruned)})`,
  );
  return [
    `A rise of at most ${riseOfTheAbstract.toExponential()}, the figure of HE-PEx's abstract, is kept with ${savings.join(', ')}; every cheaper network that was tried broke the budget.`,
  ];
}

function encryptedTable(rows: readonly BestPruning[]): string {
  return markdownTable(
    ['model, goal', 'time', 'time saved', 'weight ciphertexts', 'rotations', 'memory'],
    rows.flatMap(({ name, goal, encrypted }) =>
      encrypted === undefined
        ? []
        : [
            [
              `${name}, ${goal}`,
              `${formatMilliseconds(encrypted.before.milliseconds)} -> ${formatMilliseconds(encrypted.after.milliseconds)}`,
              formatPercent(1 - encrypted.after.milliseconds / encrypted.before.milliseconds),
              change(encrypted.before.tiles, encrypted.after.tiles),
              change(encrypted.before.rotations, encrypted.after.rotations),
              memoryChange(encrypted.before, encrypted.after),
            ],
          ],
    ),
  );
}

function memoryChange({ memory: before }: BestPruning['before'], { memory: after }: BestPruning['after']): string {
  const [from, to] = [before.weightsRead + before.others, after.weightsRead + after.others];
  return `${formatBytes(from)} -> ${formatBytes(to)} (${formatPercent(to / from - 1)})`;
}

function whatWasTried(part: string, { points, seconds, epochs }: BestPruning): string {
  const rows = points
    .toSorted((a, b) => a.milliseconds - b.milliseconds)
    .map(({ policy, sparsity, quality, milliseconds, accepted, chosen }) => [
      policy,
      formatPercent(sparsity),
      digits(quality),
      formatMilliseconds(milliseconds),
      chosen ? 'chosen' : accepted ? 'within the budget' : 'loses too much',
    ]);
  return [
    `<details><summary>${part}: ${points.length} networks in ${Math.round(seconds / 60)} minutes, the chosen one after ${epochs} epochs</summary>`,
    markdownTable(['way', 'share', 'quality', 'modelled time', ''], rows),
    '</details>',
  ].join('\n\n');
}

function schemeSection(measured: SchemeTable): string[] {
  const { name, epochs, unpruned, retrained, unprunedTiles, unprunedMilliseconds, unprunedBytes, points } = measured;
  const rows = points.map((point) => [
    point.policy,
    formatPercent(point.given),
    formatPercent(point.tileSparsity),
    digits(point.pruned),
    digits(point.reconstructed),
    digits(point.recovered),
    String(point.tiles),
    String(point.inputCiphertexts),
    String(point.rotations),
    formatMilliseconds(point.milliseconds),
    formatBytes(point.peakBytes),
  ]);
  return [
    `## All schemes: ${name}`,
    `Tiles of 4×8 weights, ${epochs} epochs of fine-tuning. Unpruned: loss ${digits(unpruned)} (${digits(retrained)} with the same training), ${unprunedTiles} tiles, ${formatMilliseconds(unprunedMilliseconds)}, ${formatBytes(unprunedBytes)}. P2 and P3 are given a share of weights, P2T and P3T of tiles, P4 and P4E the share of weights that gives the wanted share of tiles. Times are modelled.`,
    `![loss against cost](${pictureOf(measured)})`,
    markdownTable(
      [
        'policy',
        'given',
        'tiles gone',
        'loss pruned',
        'reconstructed',
        'fine-tuned',
        'tiles',
        'inputs',
        'rotations',
        'time',
        'memory',
      ],
      rows,
    ),
    'Rise of the loss, P2T by mean |w| against P4E by the error at the outputs, over the whole model and in each layer. The last ratio is that of P2T before any recovery to the best that any scheme here reached with as many tiles gone and after recovery: where it is below 10, no scheme before recovery could be expected to lose ten times less, because a network without any tiles, which answers always the same, does not lose much more than P2T.',
    ...['P4E:Gl/Err/Wei:0.0625', 'P4E:Lc/Err/Wei:0.0625'].map((policy) => comparison(measured, policy)),
  ];
}

/** A policy of P4E against P2T at equal shares of tiles. */
function comparison({ unpruned, points }: SchemeTable, p4ePolicy: string): string {
  const of = (policy: string) => points.filter((point) => point.policy === policy);
  const [plain, ours] = [of('P2T:Gl/T-Avg'), of(p4ePolicy)];
  const rise = (loss: number) => loss - unpruned;
  const rows = plain.flatMap((p2t) => {
    const p4e = nearest(ours, p2t.tileSparsity);
    if (p4e === undefined) return [];
    const rises = points.map(({ tileSparsity, recovered }) =>
      tileSparsity >= p2t.tileSparsity - shareTolerance ? rise(recovered) : Infinity,
    );
    const least = Math.min(...rises);
    return [
      [
        formatPercent(p2t.tileSparsity),
        formatPercent(p4e.tileSparsity),
        digits(rise(p2t.pruned)),
        digits(rise(p4e.pruned)),
        ratio(rise(p2t.pruned), rise(p4e.pruned)),
        digits(rise(p4e.reconstructed)),
        ratio(rise(p2t.pruned), rise(p4e.reconstructed)),
        digits(rise(p2t.recovered)),
        digits(rise(p4e.recovered)),
        digits(least),
        ratio(rise(p2t.pruned), least),
      ],
    ];
  });
  return [
    `\`${p4ePolicy}\`:`,
    markdownTable(
      [
        'P2T tiles gone',
        'P4E tiles gone',
        'P2T pruned',
        'P4E pruned',
        'ratio',
        'P4E reconstructed',
        'ratio',
        'P2T fine-tuned',
        'P4E fine-tuned',
        'least of all schemes, fine-tuned',
        'ratio',
      ],
      rows,
    ),
  ].join('\n\n');
}

/** Shares of tiles that count as equal. */
const shareTolerance = 0.012;

function nearest(points: readonly SchemePoint[], share: number): SchemePoint | undefined {
  return points.toSorted((a, b) => Math.abs(a.tileSparsity - share) - Math.abs(b.tileSparsity - share))[0];
}

function ratio(a: number, b: number): string {
  return b <= 0 ? 'no rise' : (a / b).toFixed(1);
}

async function schemeChart({ name, epochs, unpruned, points }: SchemeTable): Promise<string> {
  const marks = points.map(({ policy, milliseconds, recovered }) => ({
    series: policy,
    cost: milliseconds,
    loss: recovered,
  }));
  return lossCostChart(marks, {
    label: `${name}: loss after ${epochs} epochs against modelled time`,
    costLabel: 'modelled time in ms',
    lossLabel: name.startsWith('ae') ? 'mean-square error' : 'share of wrong answers',
    lines: 'series',
    references: [{ loss: unpruned, name: 'unpruned' }],
  });
}

function pictureOf({ name }: SchemeTable): string {
  return `hepex-${name}.svg`;
}

function change(before: number, after: number): string {
  return `${before} -> ${after} (${formatPercent(before === 0 ? 0 : after / before - 1)})`;
}

function digits(x: number): string {
  return Math.abs(x) < 1e-4 ? x.toExponential(1) : String(Number(x.toPrecision(4)));
}

function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  return table(
    titles.map((title, i) => column<readonly string[]>(title, (row) => row[i] ?? '')),
    rows,
  );
}
