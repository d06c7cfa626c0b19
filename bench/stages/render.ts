/** What the stages of the benchmark take, as Markdown. */
import type { Instance } from '../../examples/fhe-benchmark/instance.ts';
import { formatBytes, formatMilliseconds } from '../../cli/render/units.ts';
import { column, table } from '../markdown.ts';
import type { StageName, StageRun } from './run-stages.ts';

export interface MeasuredInstance {
  readonly network: string;
  readonly instance: Instance;
  readonly runs: readonly StageRun[];
  readonly sent: { readonly keys: number; readonly inputs: number; readonly outputs: number };
  /** Labels that are those of the network in the clear, by onnxruntime, and those that are right. */
  readonly asInTheClear: number;
  readonly right: number;
}

export interface Circumstances {
  readonly machine: string;
  readonly cores: number;
  readonly node: string;
  readonly date: string;
}

export function renderStages(
  measured: readonly MeasuredInstance[],
  { machine, cores, node, date }: Circumstances,
): string {
  const time = (title: string, stage: StageName) =>
    column<MeasuredInstance>(title, ({ runs }) => {
      const run = runs.find((each) => each.stage === stage);
      return run === undefined ? '' : `${formatMilliseconds(run.cpuMs)}, ${formatMilliseconds(run.elapsedMs)}`;
    });
  const rows = table<MeasuredInstance>(
    [
      column('network', ({ network }) => network),
      column('images', ({ instance }) => instance.samples),
      time('keys', 'client_key_generation'),
      time('read images', 'client_preprocess_input'),
      time('encrypt', 'client_encode_encrypt_input'),
      time('compute', 'server_encrypted_compute'),
      time('decrypt', 'client_decrypt_decode'),
      column('keys, input, output', ({ sent }) => [sent.keys, sent.inputs, sent.outputs].map(formatBytes).join(', ')),
      column('labels as in the clear', ({ asInTheClear, instance }) => `${asInTheClear} of ${instance.samples}`),
      column('right', ({ right, instance }) => `${((100 * right) / instance.samples).toFixed(2)} %`),
    ],
    measured,
  );
  return `# The stages of the FHE benchmark

Made by \`npm run bench:stages\` on ${machine}, ${cores} cores, Node ${node}, ${date}: the stages of \`examples/fhe-benchmark\` as the harness calls them, a process each. Of each stage the time of the processor, all threads together, and the time that passed; both with the start of the process, and with encoding of weights and loading of keys in "compute". The images are the first of MNIST's test set.

${rows}
`;
}
