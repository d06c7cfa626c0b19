/** What deep networks take, as Markdown. */
import { countBootstraps } from '../../cli/render/plan-summary.ts';
import { formatBytes, formatMilliseconds, formatPercent } from '../../cli/render/units.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { column, type Column, spread, table } from '../markdown.ts';
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
  /** Samples whose largest output is the model's. */
  readonly same: number;
  /** Samples whose label is right, where they have labels. */
  readonly right?: number;
}

export type NetworksKind = 'residual' | 'residual, by labels' | 'transformer';

const titles: Readonly<Record<NetworksKind, string>> = {
  residual: 'Residual networks',
  'residual, by labels': 'Residual networks, labels alone',
  transformer: 'A transformer block',
};

const residual =
  'Networks for images of 32×32 in three channels, trained on MNIST by `tools/train-resnets.py`; channels stand in the gaps that ' +
  'strides leave (multiplexed layouts).';

const descriptions: Readonly<Record<NetworksKind, string>> = {
  residual,
  'residual, by labels': `${residual} Errors may be as they like as long as labels stay.`,
  transformer:
    'LayerNormalization, softmax attention of 4 heads and an MLP with GELU for 16 tokens of width 64, with shortcuts and seeded ' +
    'weights (`bench/depth/transformer-block.ts`).',
};

export function renderNetworks(
  measured: readonly MeasuredNetwork[],
  {
    machine,
    node,
    date,
    load,
    kind,
    weightGibibytes,
  }: {
    readonly machine: string;
    readonly node: string;
    readonly date: string;
    /** Of the machine, these programs included. */
    readonly load: string;
    readonly kind: NetworksKind;
    /** Of encoded weights that stay in memory, in place of the engine's default. */
    readonly weightGibibytes?: string | undefined;
  },
): string {
  const weights =
    weightGibibytes === undefined
      ? ''
      : ` Encoded weights take up to ${weightGibibytes} GiB (\`--weight-memory\`), where estimates have the 1.5 GiB that are the default.`;
  const bootstraps = column<MeasuredNetwork>('bootstraps', ({ plan }) => countBootstraps(plan.program));
  const plans = table(planColumns(bootstraps), measured);
  const runs = table<MeasuredNetwork>(
    [
      column('network', ({ name }) => name),
      ...runColumns<MeasuredNetwork>(),
      column('of a core', ({ figures }) => spread(figures.evaluateCpuMs)),
      column('process', ({ figures }) => formatBytes(figures.peakRssBytes)),
      column('largest error', ({ error }) => formatPercent(error)),
      ...labelColumns<MeasuredNetwork>(),
    ],
    measured,
  );
  return `## ${titles[kind]}

Made by \`npm run bench:networks\` on ${machine}, Node ${node}, ${date}, one thread, under a load of ${load}. ${descriptions[kind]} Times are those that passed, on a machine with other work; of a core, what processors spent on them.${weights}

${plans}

Encrypted. The process is client and server together, and holds the file of keys beside the engine's memory. Errors are the largest of all outputs against onnxruntime, in units of the median of the largest output.

${runs}
`;
}

/** Of plans; `refreshes` says how often a run brings values back to higher levels. */
export function planColumns<Row extends Omit<MeasuredNetwork, 'figures'>>(refreshes: Column<Row>): Column<Row>[] {
  return [
    column('network', ({ name }) => name),
    column('N', ({ plan }) => plan.client.parameters.polyModulusDegree),
    column('levels', ({ plan }) => plan.statistics.levels),
    column('primes', ({ plan }) => describePrimes(plan)),
    column('products with plaintexts', ({ plan }) => plan.statistics.multiplyPlain),
    column('rotations', ({ plan }) => plan.statistics.rotations),
    refreshes,
    column('rotation keys', ({ plan }) => plan.statistics.galoisKeys),
    column('compiled in', ({ compileCpuMs, compileBytes }) =>
      [`${formatMilliseconds(compileCpuMs)} of a core`, formatBytes(compileBytes)].join(', '),
    ),
    column('memory, estimated', ({ plan }) => formatBytes(plan.statistics.peakBytes)),
    column('time, estimated', ({ estimatedMs }) => formatMilliseconds(estimatedMs)),
    column('error, predicted', ({ plan }) => formatPercent(plan.client.predictedMaxError)),
    column('allowed', ({ plan }) => formatPercent(plan.client.maxError)),
  ];
}

/** Of runs: whose answers name what the model names, and what is right. */
export function labelColumns<Row extends Pick<MeasuredNetwork, 'same' | 'right' | 'figures'>>(): Column<Row>[] {
  return [
    column("largest output as the model's", ({ same, figures }) => `${same} of ${figures.outputs.length}`),
    column('label right', ({ right, figures }) => (right === undefined ? '' : `${right} of ${figures.outputs.length}`)),
  ];
}
