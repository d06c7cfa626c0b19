/** Measurements as Markdown. */
import { median } from '../ir/maths/averages.ts';
import { formatError, formatLimit } from '../ir/maths/error-unit.ts';
import { formatBytes, formatMilliseconds, formatPercent } from '../cli/render/units.ts';
import { peerTables } from './against-peers.ts';
import { type Column, column, spread, table } from './markdown.ts';
import type { Measurement } from './measure.ts';
import { referenceRotation } from './reference-core.ts';

export interface Circumstances {
  readonly date: string;
  readonly commit: string;
  readonly machine: string;
  readonly node: string;
  readonly threads: readonly number[];
  /** Of each model at most. */
  readonly images: number;
  readonly seconds: number;
  /** Models that did not compile or run, with the reason. */
  readonly failures: readonly { readonly name: string; readonly reason: string }[];
}

const name: Column<Measurement> = column('model', ({ model }) => model.name);

export function renderReport(circumstances: Circumstances, measurements: readonly Measurement[]): string {
  const { date, commit, machine, node, threads, images, seconds, failures } = circumstances;
  const differences = measurements.filter((measurement) => (measurement.differences ?? []).length > 0);
  const compared = measurements.filter(({ model }) => model.peers.length > 0);
  return [
    '# Benchmarks',
    `Written by \`npm run bench\` on ${date}, commit ${commit}, in ${formatMilliseconds(1000 * seconds)}. ${machine}; Node ${node}; node-seal 7.0.0 (SEAL 4.1.2 in WebAssembly).`,
    'The `ae-*`, `mlp-*` and `cryptonets` models are the examples; the others are networks that nothing was tuned to (`test/models/README.md`).',
    ...failures.map(({ name, reason }) => `**${name} failed:** ${reason}`),
    '## Counts',
    'Operations of one run. Goldens are those of `test/golden/`; where a plan differs, what differs follows.',
    countTable(measurements),
    ...differences.map(describeDifferences),
    ...(compared.length === 0
      ? []
      : [
          '## Against native systems',
          `One thread here against one core of native code: HElayers 1.5.5.4 on native SEAL, Orion on Lattigo with hoisting. Their core is one on which node-seal rotates in ${referenceRotation(8192).milliseconds} ms at N = 8192 with 5 data primes and in ${referenceRotation(16384).milliseconds} ms at N = 16384 with 8; the same rotations, timed before and after each of our runs, give the factor between the cores.`,
          peerTables(compared),
        ]),
    '## Times',
    `Medians over up to ${images} samples that did not calibrate, fewer where they take long or on several threads (none there where preparing takes long), one a run, from input ciphertexts to output ciphertexts; in brackets the least and the largest. Compiling includes reading the model, 128 calibration samples and writing the plan, in a process of its own.`,
    timeTable(measurements, threads),
    '## Cost model',
    'What the model expects of one thread, with the costs that are shipped and with those measured on this machine (`hepc measure-costs`), and in brackets the measured time as a multiple of that.',
    costTable(measurements),
    '## Errors',
    'Encrypted, against onnxruntime, as fractions of the median over samples of the largest absolute output.',
    errorTable(measurements),
    '## Memory and transfer',
    'Peak resident memory of a server with one thread above what was in use before it loaded keys, beside what the plan predicts for a worker; and of a whole process that is client and server at once.',
    memoryTable(measurements),
  ].join('\n\n');
}

function countTable(measurements: readonly Measurement[]): string {
  return table<Measurement>(
    [
      name,
      column('N', ({ statistics }) => statistics.polyModulusDegree),
      column('modulus bits', ({ statistics }) => abbreviate(statistics.modulusBits)),
      column('rotations', ({ statistics }) => statistics.rotations),
      column('relinearisations', ({ statistics }) => statistics.relinearizations),
      column('plain products', ({ statistics }) => statistics.multiplyPlain),
      column('cipher products', ({ statistics }) => statistics.multiplyCipher),
      column('rescales', ({ statistics }) => statistics.rescales),
      column('Galois keys', ({ statistics }) => statistics.galoisKeys),
      column('in', ({ statistics }) => statistics.inputCiphertexts),
      column('out', ({ statistics }) => statistics.outputCiphertexts),
      column('golden', ({ differences }) => {
        if (differences === undefined) return 'none';
        return differences.length === 0 ? 'same' : '**differs**';
      }),
    ],
    measurements,
  );
}

/** First, repeated and special primes: `44+40×3+48`. */
function abbreviate(bits: readonly number[]): string {
  const runs: { bits: number; count: number }[] = [];
  for (const size of bits) {
    const last = runs.at(-1);
    if (last?.bits === size) last.count++;
    else runs.push({ bits: size, count: 1 });
  }
  return runs.map(({ bits: size, count }) => (count === 1 ? size : `${size}×${count}`)).join('+');
}

function describeDifferences({ model, differences = [] }: Measurement): string {
  const items = differences.map(({ statistic, got, golden }) => `${statistic} ${got} (golden ${golden})`);
  return `- ${model.name}: ${items.join(', ')}`;
}

function timeTable(measurements: readonly Measurement[], threads: readonly number[]): string {
  const first = ({ evaluation }: Measurement) => evaluation.runs[0];
  const medianOf = (times: readonly number[] | undefined): string => formatMilliseconds(median(times ?? []));
  return table<Measurement>(
    [
      name,
      column('compile', ({ compileMs }) => formatMilliseconds(compileMs)),
      ...threads.map((count, i) =>
        column<Measurement>(`evaluate, ${count} thread${count === 1 ? '' : 's'}`, ({ evaluation }) =>
          spread(evaluation.runs[i]?.evaluateMs ?? []),
        ),
      ),
      column('faster by', ({ evaluation: { runs } }) => {
        const [one, two] = runs.map(({ evaluateMs }) => median(evaluateMs));
        return one === undefined || two === undefined ? '' : (one / two).toFixed(2);
      }),
      column('samples', ({ evaluation }) => evaluation.runs.map(({ evaluateMs }) => evaluateMs.length).join(', ')),
      column('keys', ({ evaluation }) => formatMilliseconds(evaluation.keygenMs)),
      column('prepare', (measurement) => formatMilliseconds(first(measurement)?.prepareMs ?? NaN)),
      column('encrypt', (measurement) => medianOf(first(measurement)?.encryptMs)),
      column('decrypt', (measurement) => medianOf(first(measurement)?.decryptMs)),
    ],
    measurements,
  );
}

function costTable(measurements: readonly Measurement[]): string {
  const evaluateMs = ({ evaluation }: Measurement): number => median(evaluation.runs[0]?.evaluateMs ?? []);
  const prepareMs = ({ evaluation }: Measurement): number => evaluation.runs[0]?.prepareMs ?? NaN;
  const beside = (expected: number, measured: number): string =>
    `${formatMilliseconds(expected)} (${(measured / expected).toFixed(2)})`;
  return table<Measurement>(
    [
      name,
      column('evaluate', (measurement) => formatMilliseconds(evaluateMs(measurement))),
      column('by shipped costs', (m) => beside(m.byShippedCosts.evaluateMs, evaluateMs(m))),
      column('by measured costs', (m) => beside(m.byMeasuredCosts.evaluateMs, evaluateMs(m))),
      column('prepare', (measurement) => formatMilliseconds(prepareMs(measurement))),
      column('of which encoding by measured costs', (m) => formatMilliseconds(m.byMeasuredCosts.encodeMs)),
    ],
    measurements,
  );
}

function errorTable(measurements: readonly Measurement[]): string {
  return table<Measurement>(
    [
      name,
      column('allowed', ({ model }) => formatLimit(model.maxError)),
      column('predicted', ({ statistics }) => formatError(statistics.predictedMaxError)),
      column('largest', ({ accuracy }) => formatError(accuracy.maxError)),
      column('mean', ({ accuracy }) => formatError(accuracy.meanError)),
      column('within', ({ accuracy, model }) => (accuracy.maxError <= model.maxError ? 'yes' : '**no**')),
      column('same argmax', ({ accuracy, model }) =>
        model.classifies ? formatPercent(accuracy.argmaxAgreement ?? NaN) : '',
      ),
      column('samples', ({ accuracySamples }) => accuracySamples),
    ],
    measurements,
  );
}

function memoryTable(measurements: readonly Measurement[]): string {
  return table<Measurement>(
    [
      name,
      column('plan file', ({ planBytes }) => formatBytes(planBytes)),
      column('evaluation keys', ({ evaluation }) => formatBytes(evaluation.evaluationKeyBytes)),
      column('Galois keys', ({ statistics }) => formatBytes(statistics.galoisKeyBytes)),
      column('upload', ({ evaluation }) => formatBytes(evaluation.runs[0]?.uploadBytes ?? NaN)),
      column('encoded weights', (measurement) => formatBytes(measurement.encodingBytes)),
      column('peakBytes', ({ statistics }) => formatBytes(statistics.peakBytes)),
      column('server', ({ serverBytes }) => (serverBytes === undefined ? '' : formatBytes(serverBytes))),
      column('server / peakBytes', ({ serverBytes, statistics }) =>
        serverBytes === undefined ? '' : (serverBytes / statistics.peakBytes).toFixed(2),
      ),
      column('client and server', ({ evaluation }) => formatBytes(evaluation.runs[0]?.peakRssBytes ?? NaN)),
    ],
    measurements,
  );
}
