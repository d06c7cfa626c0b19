/** What deep plans take, as Markdown. */
import { formatBytes, formatMilliseconds, formatPercent } from '../../cli/render/units.ts';
import { bitLength, modulusBits } from '../../ir/parameters.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { column, table } from '../markdown.ts';
import type { DeepFigures } from './deep-figures.ts';
import { runColumns } from './run-columns.ts';
import type { SquareChain } from './square-chain.ts';

export interface MeasuredChain {
  readonly chain: SquareChain;
  readonly plan: Plan;
  /** By the cost model. */
  readonly estimatedMs: number;
  readonly compileMs: number;
  readonly figures: DeepFigures;
  /** The largest error of the samples that were run, in hepc's unit. */
  readonly error: number;
  /** How much outputs differ from sample to sample: deviation over mean. */
  readonly variation: number;
}

export function renderChains(
  measured: readonly MeasuredChain[],
  {
    machine,
    node,
    date,
    load,
    maxError,
    memoryBytes,
    runs,
  }: {
    readonly machine: string;
    readonly node: string;
    readonly date: string;
    /** Of the machine, these programs included. */
    readonly load: string;
    readonly maxError: number;
    readonly memoryBytes: number;
    readonly runs: number;
  },
): string {
  const plans = table<MeasuredChain>(
    [
      column('network', ({ chain }) => describeChain(chain)),
      column('N', ({ plan }) => plan.client.parameters.polyModulusDegree),
      column('levels', ({ plan }) => plan.statistics.levels),
      column('primes', ({ plan }) => describePrimes(plan)),
      column('rotations', ({ plan }) => plan.statistics.rotations),
      column('rotation keys', ({ plan }) => plan.statistics.galoisKeys),
      column('compiled in', ({ compileMs }) => formatMilliseconds(compileMs)),
      column('memory, estimated', ({ plan }) => formatBytes(plan.statistics.peakBytes)),
      column('time, estimated', ({ estimatedMs }) => formatMilliseconds(estimatedMs)),
      column('error, predicted', ({ plan }) => formatPercent(plan.client.predictedMaxError)),
    ],
    measured,
  );
  const runsOf = table<MeasuredChain>(
    [
      column('network', ({ chain }) => describeChain(chain)),
      ...runColumns<MeasuredChain>(),
      column('process', ({ figures }) => formatBytes(figures.peakRssBytes)),
      column('largest error', ({ error }) => formatPercent(error)),
      column('outputs vary by', ({ variation }) => formatPercent(variation)),
    ],
    measured,
  );
  return `## Leveled plans at N = 65536

Made by \`npm run bench:depth\` on ${machine}, Node ${node}, ${date}, one thread, under a load of ${load}: chains of dense layers with squares between them (\`bench/depth/square-chain.ts\`), compiled with \`--max-error ${formatPercent(maxError)} --max-memory ${formatBytes(memoryBytes).replace(/\\.0 /, '').replace(' ', '')}\`. A level for each dense layer, and none for the square before it, whose product waits for the rescale of the layer.

${plans}

Encrypted, ${runs} samples. The process is client and server together, and holds the file of keys beside the engine's memory. Errors are the largest of all outputs against onnxruntime, in units of the median of the largest output; "outputs vary by" is how much of an output depends on its input: its deviation over the samples in units of its mean.

${runsOf}
`;
}

function describeChain({ squares, width }: SquareChain): string {
  return `${squares} squares, ${squares + 1} layers of ${width}`;
}

/** Such as `37 of 42 to 48 bits, 3 for keys, 1739 bits`. */
export function describePrimes({ client: { parameters } }: Plan): string {
  const bits = parameters.primes.map(bitLength);
  const data = `${bits.length} of ${Math.min(...bits)} to ${Math.max(...bits)} bits`;
  return `${data}, ${parameters.specialPrimes.length} for keys, ${modulusBits(parameters)} bits`;
}
