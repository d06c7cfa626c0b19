/** What compiling takes as Markdown. */
import { formatBytes, formatMilliseconds } from '../../cli/render/units.ts';
import { column, table } from '../markdown.ts';
import type { CompileFigures } from './measure.ts';
import type { CompileNetwork } from './networks.ts';

export interface Measured {
  readonly network: CompileNetwork;
  /** Of another checkout, if any was given. */
  readonly before: CompileFigures | undefined;
  readonly after: CompileFigures;
}

export interface Circumstances {
  readonly machine: string;
  readonly node: string;
  readonly date: string;
}

export function renderCompile(measured: readonly Measured[], { machine, node, date }: Circumstances): string {
  const rows = table<Measured>(
    [
      column('network', ({ network: { name } }) => name),
      column('what it is', ({ network: { what } }) => what),
      column('before', ({ before }) => (before === undefined ? '' : describe(before))),
      column('after', ({ after }) => describe(after)),
    ],
    measured,
  );
  return `# Compiling

Made by \`npm run bench:compile\` on ${machine}, Node ${node}, ${date}: time of the processor, all threads together, and peak resident memory of \`hepc compile\` for latency on the default engine, start of Node included. Weights and samples are seeded. What is refused has its code.

${rows}
`;
}

function describe({ cpuMs, peakBytes, refusal }: CompileFigures): string {
  const taken = Number.isNaN(cpuMs) ? [] : [`${formatMilliseconds(cpuMs)}, ${formatBytes(peakBytes)}`];
  return [...(refusal === undefined ? [] : [refusal]), ...taken].join(': ');
}
