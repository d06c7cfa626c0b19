/** What deep networks take, as Markdown. */
import { formatBytes, formatMilliseconds, formatPercent } from '../../cli/render/units.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { column, spread, table } from '../markdown.ts';
import type { DeepFigures } from './deep-figures.ts';
import { describePrimes } from './render.ts';
import { runColumns } from './run-columns.ts';

export interface MeasuredNetwork {
  readonly name: string;
  readonly plan: Plan;
  /** By the cost model. */
  readonly estimatedMs: number;
  /** Of one core. */
  readonly compileCpuMs: number;
  /** Of the process that compiled. */
  readonly compileBytes: number;
  readonly figures: DeepFigures;
  /** The largest error of the samples that were run, in hepc's unit. */
  readonly error: number;
  /** Samples whose label is the model's, and the right one. */
  readonly same: number;
  readonly right: number;
}

export function renderNetworks(
  measured: readonly MeasuredNetwork[],
  {
    machine,
    node,
    date,
    load,
  }: {
    readonly machine: string;
    readonly node: string;
    readonly date: string;
    /** Of the machine, these programs included. */
    readonly load: string;
  },
): string {
  const plans = table<MeasuredNetwork>(
    [
      column('network', ({ name }) => name),
      column('N', ({ plan }) => plan.client.parameters.polyModulusDegree),
      column('levels', ({ plan }) => plan.statistics.levels),
      column('primes', ({ plan }) => describePrimes(plan)),
      column('products with plaintexts', ({ plan }) => plan.statistics.multiplyPlain),
      column('rotations', ({ plan }) => plan.statistics.rotations),
      column('rotation keys', ({ plan }) => plan.statistics.galoisKeys),
      column('compiled in', ({ compileCpuMs, compileBytes }) =>
        [`${formatMilliseconds(compileCpuMs)} of a core`, formatBytes(compileBytes)].join(', '),
      ),
      column('memory, estimated', ({ plan }) => formatBytes(plan.statistics.peakBytes)),
      column('time, estimated', ({ estimatedMs }) => formatMilliseconds(estimatedMs)),
      column('error, predicted', ({ plan }) => formatPercent(plan.client.predictedMaxError)),
      column('allowed', ({ plan }) => formatPercent(plan.client.maxError)),
    ],
    measured,
  );
  const runs = table<MeasuredNetwork>(
    [
      column('network', ({ name }) => name),
      ...runColumns<MeasuredNetwork>(),
      column('of a core', ({ figures }) => spread(figures.evaluateCpuMs)),
      column('process', ({ figures }) => formatBytes(figures.peakRssBytes)),
      column('largest error', ({ error }) => formatPercent(error)),
      column("labels as the model's, right", ({ same, right, figures }) =>
        [same, right].map((count) => `${count} of ${figures.outputs.length}`).join(', '),
      ),
    ],
    measured,
  );
  return `## Residual networks

Made by \`npm run bench:networks\` on ${machine}, Node ${node}, ${date}, one thread, under a load of ${load}. Networks for images of 32×32 in three channels, trained on MNIST by \`tools/train-resnets.py\`; channels stand in the gaps that strides leave (multiplexed layouts). A level for each convolution, and none for the square before it. Times are those that passed, on a machine with other work; of a core, what processors spent on them.

${plans}

Encrypted. The process is client and server together, and holds the file of keys beside the engine's memory. Errors are the largest of all outputs against onnxruntime, in units of the median of the largest output.

${runs}
`;
}
