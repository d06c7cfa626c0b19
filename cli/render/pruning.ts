/** What pruning did, for people. */
import { lossName, lossOf, paretoFront, type PruningPoint, type PruningReport } from '../../ir/plan/pruning-report.ts';
import { renderFields, renderTable } from './table.ts';
import { formatBytes, formatMilliseconds, formatPercent } from './units.ts';

/** Counts and qualities before and after, and the front of what a search tried. */
export function renderPruning({ policy, quality, before, after, points }: PruningReport): string {
  const change = (from: number, to: number, format: (x: number) => string = String): string =>
    `${format(from)} -> ${format(to)} (${formatPercent(from === 0 ? 0 : to / from - 1)})`;
  const { metric, unpruned, pruned, recovered } = quality;
  const fields: [string, string][] = [
    ['policy', policy],
    [
      metric,
      `${formatQuality(unpruned)} unpruned, ${formatQuality(pruned)} pruned, ${formatQuality(recovered)} recovered`,
    ],
    ['weights', change(before.weights, after.weights)],
    ['weight tiles', change(before.tiles, after.tiles)],
    ['inputs', `${change(before.inputCiphertexts, after.inputCiphertexts)} ciphertexts`],
    ['rotations', change(before.rotations, after.rotations)],
    ['evaluation', `${change(before.milliseconds, after.milliseconds, formatMilliseconds)} by the cost model`],
    ['peak memory', change(before.peakBytes, after.peakBytes, formatBytes)],
  ];
  return renderFields(fields) + (points.length === 0 ? '' : `\nWhat was tried\n\n${renderPoints(points, metric)}`);
}

/** What `hepc compile --prune` says beside what it says of every plan. */
export function describePruned({ quality, before, after }: PruningReport): [name: string, value: string] {
  const { metric, unpruned, recovered } = quality;
  const saved = 1 - after.milliseconds / before.milliseconds;
  return [
    'pruned',
    `${formatPercent(saved)} of the time, ${metric} ${formatQuality(unpruned)} -> ${formatQuality(recovered)}`,
  ];
}

/** One line about a network that a search tried. */
export function describePoint({ policy, sparsity, quality, milliseconds, accepted }: PruningPoint): string {
  const verdict = accepted ? '' : ', loses too much';
  return `${policy} at ${formatPercent(sparsity)}: ${formatQuality(quality)}, ${formatMilliseconds(milliseconds)}${verdict}`;
}

function renderPoints(points: readonly PruningPoint[], metric: PruningReport['quality']['metric']): string {
  const costed = points.map((point) => ({ point, loss: lossOf(metric, point.quality), cost: point.milliseconds }));
  const front = new Set(paretoFront(costed).map(({ point }) => point));
  return renderTable(
    [
      { title: 'policy' },
      { title: 'share', align: 'right' },
      { title: lossName(metric), align: 'right' },
      { title: 'evaluation', align: 'right' },
      { title: 'front' },
      { title: '' },
    ],
    costed
      .toSorted((a, b) => a.cost - b.cost)
      .map(({ point, loss, cost }) => [
        point.policy,
        formatPercent(point.sparsity),
        formatQuality(loss),
        formatMilliseconds(cost),
        front.has(point) ? '*' : '',
        point.chosen ? 'chosen' : point.accepted ? '' : 'loses too much',
      ]),
  );
}

function formatQuality(quality: number): string {
  return String(Number(quality.toPrecision(4)));
}
