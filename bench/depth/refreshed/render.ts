/** What plans take that their client refreshes, as Markdown. */
import { formatBytes, formatMilliseconds, formatPercent } from '../../../cli/render/units.ts';
import { defaultBandwidthMbit, millisecondsPerByte } from '../../../compiler/search/objective.ts';
import { column, spread, table } from '../../markdown.ts';
import { labelColumns, type MeasuredNetwork, planColumns } from '../render-networks.ts';
import { runColumns } from '../run-columns.ts';
import type { ServedFigures } from './ask-service.ts';
import type { LineDelay } from './delay-proxy.ts';

/** A round trip takes 25 ms more. */
export const lineDelay: LineDelay = { toServer: 12, toClient: 13 };

export interface MeasuredRefreshes extends MeasuredNetwork {
  /** The largest error of the same samples in the clear, with simulated noise. */
  readonly simulatedError: number;
  readonly served: ServedFigures & Pick<MeasuredNetwork, 'error' | 'same'>;
}

export function renderRefreshes(
  measured: readonly MeasuredRefreshes[],
  {
    machine,
    node,
    date,
    load,
    options,
  }: {
    readonly machine: string;
    readonly node: string;
    readonly date: string;
    /** Of the machine, these programs included. */
    readonly load: string;
    /** Of the command, but for its files. */
    readonly options: string;
  },
): string {
  const network = column<MeasuredRefreshes>('network', ({ name }) => name);
  const ring = column<MeasuredRefreshes>('N', ({ plan }) => plan.client.parameters.polyModulusDegree);
  const roundTrips = column<MeasuredRefreshes>('round trips', ({ plan }) => plan.client.refreshes?.length ?? 0);
  const plans = table(planColumns(roundTrips), measured);
  const runs = table<MeasuredRefreshes>(
    [
      ...[network, ring],
      ...runColumns<MeasuredRefreshes>(),
      column('in all', ({ figures }) => spread(figures.serverMs)),
      column('of a core', ({ figures }) => spread(figures.evaluateCpuMs)),
      column('round trips: to the client, back', ({ figures }) =>
        [figures.requestBytes, figures.answerBytes].map((bytes) => formatBytes(bytes)).join(', '),
      ),
      column('the client in them', ({ figures }) => spread(figures.refreshMs)),
      column('process', ({ figures }) => formatBytes(figures.peakRssBytes)),
      column('largest error', ({ error }) => formatPercent(error)),
      column('simulated', ({ simulatedError }) => formatPercent(simulatedError)),
      ...labelColumns<MeasuredRefreshes>(),
    ],
    measured,
  );
  const served = table<MeasuredRefreshes>(
    [
      ...[network, ring],
      column('keys made, uploaded, checked', ({ served }) => formatMilliseconds(served.prepareMs)),
      column('question to answer', ({ served }) => spread(served.answerMs)),
      column('the service, of a core', ({ served }) => spread(served.serviceCpuMs)),
      column('sent, received', ({ served }) =>
        [served.sentBytes, served.receivedBytes].map((bytes) => formatBytes(bytes)).join(', '),
      ),
      column(`which take at ${defaultBandwidthMbit} Mbit/s`, ({ served }) =>
        formatMilliseconds((served.sentBytes + served.receivedBytes) * millisecondsPerByte(defaultBandwidthMbit)),
      ),
      column('largest error', ({ served }) => formatPercent(served.error)),
      column("largest output as the model's", ({ served }) => `${served.same} of ${served.answers.length}`),
    ],
    measured,
  );
  const delay = lineDelay.toServer + lineDelay.toClient;
  return `## Refreshed by the client

Made by \`npm run bench:networks -- SAMPLES.npz MODEL.onnx ${options}\` on ${machine}, Node ${node}, ${date}, one thread, under a load of ${load}. Networks for images of 32×32 in three channels, trained on MNIST by \`tools/train-resnets.py\`; the client encrypts masked values anew ([how](../docs/guide/refreshes.md)). Levels are those between two refreshes at most.

${plans}

Encrypted, client and server in one process, which holds the file of keys beside the engine's memory. "Evaluate" is the sum of all stages, "in all" the server's time with masks and ciphertexts that are read and written; both are times that passed, on a machine with other work. "Of a core" is what processors spent on "in all". Errors are the largest of all outputs against onnxruntime, in units of the median of the largest output; "simulated" is that of the same images in the clear with simulated noise, while what is predicted above no calibration sample exceeds, with a probability of 99 %.

${runs}

Over \`hepc serve\`, in a process of its own with one thread, behind a proxy that forwards whatever comes ${lineDelay.toServer} ms later to the service and ${lineDelay.toClient} ms later to the client, so that a round trip takes ${delay} ms more; asked by \`RemoteModel\`, as \`hepc infer\` does. "Question to answer" has all of it but keys: encryption, upload, stages, round trips, decryption. The proxy does not limit the bandwidth.

${served}
`;
}
