/** Measurements as Markdown. */
import { median } from '../cli/accuracy.ts';
import { formatBytes, formatError, formatMilliseconds, formatPercent } from '../cli/render/units.ts';
import type { Measurement } from './measure.ts';

export interface Circumstances {
  readonly date: string;
  readonly commit: string;
  readonly machine: string;
  readonly node: string;
  readonly images: number;
  readonly rotationMs: readonly number[];
}

export function renderReport(circumstances: Circumstances, measurements: readonly Measurement[]): string {
  const { date, commit, machine, node, images, rotationMs } = circumstances;
  return [
    '# Benchmarks',
    `Written by \`npm run bench\` on ${date}, commit ${commit}. ${machine}; Node ${node}; node-seal 7.0.0 (SEAL 4.1.2 in WebAssembly).`,
    `One rotation of node-seal at N = 8192 with 5 data primes takes ${spread(rotationMs)} here.`,
    '## Counts',
    'Operations of one run, beside those of IBM HElayers 1.5.5.4 for the same network.',
    countTable(measurements),
    '## Times',
    `Medians over ${images} images, one a run, from input ciphertexts to output ciphertexts; in brackets the least and the largest. Compiling includes reading the model, 256 calibration images and writing the plan, in a process of its own.`,
    timeTable(measurements),
    '## Errors',
    'Against onnxruntime, as fractions of the median over samples of the largest absolute output.',
    errorTable(measurements),
    '## Memory',
    'Peak resident memory of a server with one thread above what was in use before it loaded keys, beside what the plan predicts for a worker; and of a whole process that is client and server at once.',
    memoryTable(measurements),
  ].join('\n\n');
}

function countTable(measurements: readonly Measurement[]): string {
  const header = [
    'model',
    'N',
    'modulus bits',
    'rotations',
    'plain products',
    'cipher products',
    'rescales',
    'Galois keys',
    'in',
    'out',
    'HElayers N',
    'HElayers rotations',
    'HElayers plain products',
  ];
  return table(
    header,
    measurements.map(({ model, statistics: s }) => [
      model.name,
      s.polyModulusDegree,
      s.modulusBits.join('+'),
      s.rotations,
      s.multiplyPlain,
      s.multiplyCipher,
      s.rescales,
      s.galoisKeys,
      s.inputCiphertexts,
      s.outputCiphertexts,
      model.helayers?.polyModulusDegree ?? '',
      model.helayers?.rotations ?? '',
      model.helayers?.multiplyPlain ?? '',
    ]),
  );
}

function timeTable(measurements: readonly Measurement[]): string {
  const threads = [...(measurements[0]?.runs.keys() ?? [])];
  const header = [
    'model',
    'compile',
    ...threads.map((t) => `evaluate, ${t} thread${t === 1 ? '' : 's'}`),
    'keys',
    'prepare',
    'encrypt',
    'decrypt',
  ];
  return table(
    header,
    measurements.map(({ model, compileMs, runs }) => {
      const [first] = runs.values();
      return [
        model.name,
        formatMilliseconds(compileMs),
        ...threads.map((t) => spread(runs.get(t)?.evaluateMsByRun ?? [])),
        ...[first?.keygenMs, first?.prepareMs, first?.encryptMs, first?.decryptMs].map((ms) =>
          formatMilliseconds(ms ?? NaN),
        ),
      ];
    }),
  );
}

function errorTable(measurements: readonly Measurement[]): string {
  const header = ['model', 'allowed', 'predicted', 'largest', 'mean', 'same argmax'];
  return table(
    header,
    measurements.map(({ model, statistics, accuracy }) => [
      model.name,
      formatError(model.maxError),
      formatError(statistics.predictedMaxError),
      formatError(accuracy.maxError),
      formatError(accuracy.meanError),
      accuracy.argmaxAgreement === undefined ? '' : formatPercent(accuracy.argmaxAgreement),
    ]),
  );
}

function memoryTable(measurements: readonly Measurement[]): string {
  return table(
    ['model', 'server', 'peakBytes', 'ratio', 'client and server', 'Galois keys'],
    measurements.map(({ model, statistics, runs, serverBytes }) => {
      const [first] = runs.values();
      return [
        model.name,
        formatBytes(serverBytes),
        formatBytes(statistics.peakBytes),
        (serverBytes / statistics.peakBytes).toFixed(2),
        formatBytes(first?.peakRssBytes ?? NaN),
        formatBytes(statistics.galoisKeyBytes),
      ];
    }),
  );
}

/** `95 ms (90 ms to 101 ms)`. */
function spread(milliseconds: readonly number[]): string {
  const [middle, least, largest] = [median(milliseconds), Math.min(...milliseconds), Math.max(...milliseconds)];
  return `${formatMilliseconds(middle)} (${formatMilliseconds(least)} to ${formatMilliseconds(largest)})`;
}

function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const lines = [header, header.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
