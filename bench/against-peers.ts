/** Plans beside native systems on an equal core: times in rotations of node-seal, those of the reference core. */
import { median } from '../ir/maths/averages.ts';
import { formatMilliseconds } from '../cli/render/units.ts';
import { column, table } from './markdown.ts';
import type { Measurement } from './measure.ts';
import type { Peer } from './models.ts';
import { referenceRotation } from './reference-core.ts';

/** The first run beside the fastest other system. */
interface Comparison {
  readonly measurement: Measurement;
  readonly measuredMs: number;
  /** What a rotation takes on the reference core, as a multiple of what it takes here. */
  readonly factor: number;
  readonly scaledMs: number;
  readonly best: Peer;
  readonly ratio: number;
}

function compare(measurement: Measurement): Comparison[] {
  const [run] = measurement.evaluation.runs;
  const [best] = [...measurement.model.peers].sort((a, b) => a.seconds - b.seconds);
  if (run === undefined || best === undefined) return [];
  const { milliseconds } = referenceRotation(measurement.statistics.polyModulusDegree);
  const measuredMs = median(run.evaluateMs);
  const factor = milliseconds / median(run.rotationMs);
  const scaledMs = measuredMs * factor;
  return [{ measurement, measuredMs, factor, scaledMs, best, ratio: scaledMs / (1000 * best.seconds) }];
}

export function peerTables(measurements: readonly Measurement[]): string {
  const yesNo = (met: boolean): string => (met ? 'yes' : '**no**');
  const comparison = table<Comparison>(
    [
      column('model', ({ measurement }) => measurement.model.name),
      column('evaluate here', ({ measuredMs }) => formatMilliseconds(measuredMs)),
      column('factor', ({ factor }) => factor.toFixed(2)),
      column('on the reference core', ({ scaledMs }) => formatMilliseconds(scaledMs)),
      column('best native', ({ best }) => `${best.system}, ${formatMilliseconds(1000 * best.seconds)}`),
      column('ratio', ({ ratio }) => ratio.toFixed(2)),
      column('as fast', ({ ratio }) => yesNo(ratio <= 1)),
      column('rotations', ({ measurement: { statistics, model } }) => {
        return `${statistics.rotations} of ${model.targets?.rotations ?? '?'}`;
      }),
      column('N', ({ measurement }) => measurement.statistics.polyModulusDegree),
      column('counts met', ({ measurement: { statistics, model } }) => {
        const { rotations = Infinity, polyModulusDegree = Infinity } = model.targets ?? {};
        return yesNo(statistics.rotations <= rotations && statistics.polyModulusDegree <= polyModulusDegree);
      }),
    ],
    measurements.flatMap(compare),
  );
  const peers = measurements.flatMap(({ model }) => model.peers.map((peer) => ({ name: model.name, peer })));
  const figures = table<{ readonly name: string; readonly peer: Peer }>(
    [
      column('model', ({ name }) => name),
      column('system', ({ peer }) => peer.system),
      column('evaluate', ({ peer }) => formatMilliseconds(1000 * peer.seconds)),
      column('N', ({ peer }) => peer.polyModulusDegree ?? ''),
      column('rotations', ({ peer }) => (peer.about === true ? `about ${peer.rotations}` : (peer.rotations ?? ''))),
      column('plain products', ({ peer }) => peer.products ?? ''),
    ],
    peers,
  );
  return `${comparison}\n\n${figures}`;
}
