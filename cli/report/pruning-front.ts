/** What a search of pruned networks tried, as a picture by itself: loss against cost, the front through the best. */
import { lossName, lossOf, type PruningReport } from '../../ir/plan/pruning-report.ts';
import { lossCostChart } from './drawing/loss-cost-chart.ts';

/** Of a single scheme: its one point beside the unpruned model. */
export function drawFront({ policy, quality, before, after, points }: PruningReport): Promise<string> {
  const { metric, unpruned, recovered } = quality;
  const tried =
    points.length > 0
      ? points
      : [{ policy, quality: recovered, milliseconds: after.milliseconds, accepted: true, chosen: true }];
  const marks = tried.map((point) => ({
    series: point.policy,
    cost: point.milliseconds,
    loss: lossOf(metric, point.quality),
    isRejected: !point.accepted,
    isChosen: point.chosen,
  }));
  const start = { series: 'unpruned', cost: before.milliseconds, loss: lossOf(metric, unpruned) };
  return lossCostChart([...marks, start], {
    label: `Loss against modelled time of ${tried.length} pruned networks`,
    costLabel: 'modelled time in ms',
    lossLabel: lossName(metric),
    lines: 'front',
  });
}
