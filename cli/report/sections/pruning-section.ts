/** What pruning saved and lost, and what its search tried. */
import { lossName, lossOf, type PruningPoint, type PruningReport } from '../../../ir/plan/pruning-report.ts';
import type { TileShape } from '../../../ir/tile/place-weights.ts';
import { formatBytes, formatMilliseconds, formatPercent } from '../../render/units.ts';
import { figure, table, timeUnit } from '../drawing/charts.ts';
import { type Size, sizes } from '../drawing/sizes.ts';
import { html, Html, shorten } from '../drawing/html.ts';
import { drawLossCost, type LossCostPoint, seriesColorCount } from '../drawing/loss-cost-chart.ts';
import type { Plotting } from '../drawing/plotting.ts';

/** Points in the table; the picture has all. */
const mostPoints = 500;

export function pruningSection(plotting: Plotting, report: PruningReport): Html {
  const { policy, sparsity, tile, before, after, quality, points, maxDegradation } = report;
  const saved = (name: string, was: number, is: number, format: (value: number) => string) => [
    name,
    format(was),
    format(is),
    was === 0 ? '' : formatPercent(1 - is / was),
  ];
  const count = (value: number): string => value.toLocaleString('en-US');
  const particulars = [
    `at a sparsity of ${formatPercent(sparsity)}`,
    ...(tile === undefined ? [] : [`with tiles of ${formatTile(tile)} weights`]),
    ...(maxDegradation === undefined ? [] : [`allowed a degradation of ${describeBudget(report, maxDegradation)}`]),
  ].join(', ');
  return html`<section id="pruning">
    <h2>Pruning</h2>
    <p><code>${shorten(policy, 200)}</code> ${particulars}.</p>
    <div class="row">
      <div>
        ${table(
          [{ title: '' }, ...['unpruned', 'pruned', 'saved'].map((title) => ({ title, align: 'right' as const }))],
          [
            saved('weights that are not zero', before.weights, after.weights, count),
            saved('weight tiles', before.tiles, after.tiles, count),
            saved('input ciphertexts', before.inputCiphertexts, after.inputCiphertexts, count),
            saved('rotations', before.rotations, after.rotations, count),
            saved('modelled time', before.milliseconds, after.milliseconds, formatMilliseconds),
            saved('peak memory', before.peakBytes, after.peakBytes, formatBytes),
          ],
        )}
      </div>
      <div>
        ${table(
          [{ title: quality.metric }, { title: '', align: 'right' }],
          [
            ['unpruned', formatQuality(report, quality.unpruned)],
            ...(quality.retrained === undefined
              ? []
              : [['unpruned, with the same extra training', formatQuality(report, quality.retrained)]]),
            ['pruned, before recovery', formatQuality(report, quality.pruned)],
            ['pruned, after recovery', formatQuality(report, quality.recovered)],
          ],
        )}
      </div>
    </div>
    ${points.length === 0 ? undefined : searchOf(plotting, report)}
  </section>`;
}

function searchOf(plotting: Plotting, report: PruningReport): Html {
  const { quality, points } = report;
  const { metric } = quality;
  const name = lossName(metric);
  const seriesOf = seriesNames(points);
  const { name: unit, factor } = timeUnit(Math.max(...points.map(({ milliseconds }) => milliseconds)));
  const marks = points.map((point) => ({
    series: seriesOf(point),
    cost: factor * point.milliseconds,
    loss: lossOf(metric, point.quality),
    title: describePoint(report, point),
    isRejected: !point.accepted,
    isChosen: point.chosen,
  }));
  const options = {
    label: `${name} against modelled time of the pruned models that were tried`,
    costLabel: `modelled time of an evaluation, ${unit}`,
    lossLabel: name,
    lines: 'front',
    height: 360,
    references: referencesOf(report),
  } as const;
  const draw = (points: typeof marks, size: Size): Html =>
    new Html(
      drawLossCost(plotting, points, {
        ...options,
        width: size === 'wide' ? sizes.half : sizes.narrow,
        series: marks.map(({ series }) => series),
      }),
    );
  const nearMarks = nearBudget(marks, options.references);
  const ordered = points.toSorted((p, q) => p.milliseconds - q.milliseconds);
  return html`<h3>What the search tried</h3>
    <div class="row">
      ${figure(
        (size) => draw(marks, size),
        'A mark is a pruned model after recovery; hollow ones lose more than the budget allows. The line is the Pareto ' +
          'front of the others, the ring the chosen model.',
      )}
      ${
        nearMarks.length === marks.length
          ? undefined
          : figure((size) => draw(nearMarks, size), 'The same near what is allowed.')
      }
    </div>
    <details>
      <summary>Table of what was tried</summary>
      ${table(
        [
          { title: 'policy' },
          { title: 'sparsity', align: 'right' },
          { title: 'tile', align: 'right' },
          { title: metric, align: 'right' },
          { title: 'modelled time', align: 'right' },
          { title: '' },
        ],
        ordered
          .slice(0, mostPoints)
          .map((point) => [
            html`<code>${shorten(point.policy, 100)}</code>`,
            formatPercent(point.sparsity),
            point.tile === undefined ? '' : formatTile(point.tile),
            formatQuality(report, point.quality),
            formatMilliseconds(point.milliseconds),
            point.chosen ? html`<strong>chosen</strong>` : point.accepted ? '' : 'beyond the budget',
          ]),
      )}
      ${ordered.length > mostPoints ? html`<p class="muted">The cheapest ${mostPoints} of ${ordered.length}.</p>` : undefined}
    </details>`;
}

/** The losses to compare with: that of the unpruned model, and what is allowed where that follows from it. */
function referencesOf({
  quality: { metric, unpruned },
  maxDegradation,
}: PruningReport): { name: string; loss: number }[] {
  const loss = lossOf(metric, unpruned);
  const references = [{ name: 'unpruned', loss }];
  if (maxDegradation === undefined || metric === 'difference from the unpruned model') return references;
  const most = metric === 'accuracy' ? loss + maxDegradation : loss * (1 + maxDegradation);
  return [...references, { name: 'allowed', loss: most }];
}

/** The points that lose little more than the ones that are accepted or the losses to compare with. */
function nearBudget<Point extends LossCostPoint>(
  points: readonly Point[],
  references: readonly { loss: number }[],
): Point[] {
  const losses = [...points.filter(({ isRejected = false }) => !isRejected), ...references].map(({ loss }) => loss);
  const [least, most] = [Math.min(...losses), Math.max(...losses)];
  return points.filter(({ loss }) => loss <= most + (most - least));
}

/** Policies where there are few of them, else their schemes alone: the part before the first colon. */
function seriesNames(points: readonly PruningPoint[]): (point: PruningPoint) => string {
  const policies = new Set(points.map(({ policy }) => policy));
  if (policies.size <= seriesColorCount) return ({ policy }) => policy;
  return ({ policy }) => policy.split(':', 1)[0] ?? '';
}

function describePoint(
  report: PruningReport,
  { policy, sparsity, tile, quality, milliseconds, accepted }: PruningPoint,
) {
  return [
    `${policy}, sparsity ${formatPercent(sparsity)}`,
    ...(tile === undefined ? [] : [`tiles of ${formatTile(tile)}`]),
    formatQuality(report, quality),
    formatMilliseconds(milliseconds),
    ...(accepted ? [] : ['beyond the budget']),
  ].join(', ');
}

function formatTile({ rows, columns }: TileShape): string {
  return `${rows} × ${columns}`;
}

function formatQuality({ quality: { metric } }: PruningReport, value: number): string {
  return metric === 'accuracy' ? `${Number((100 * value).toFixed(2))}%` : String(Number(value.toPrecision(4)));
}

function describeBudget({ quality: { metric } }: PruningReport, budget: number): string {
  return metric === 'accuracy' ? `${Number((100 * budget).toFixed(3))} points` : formatPercent(budget);
}
