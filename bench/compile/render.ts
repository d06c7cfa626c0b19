/** What compiling takes as Markdown. */
import { formatBytes, formatMilliseconds } from '../../cli/render/units.ts';
import { type Column, column, table } from '../markdown.ts';
import type { Figures } from './figures.ts';
import type { CompileFigures } from './measure.ts';
import { type CompileNetwork, notes } from './networks.ts';

export interface Measured {
  readonly network: CompileNetwork;
  /** Of another checkout, if any was given. */
  readonly other: CompileFigures | undefined;
  readonly own: CompileFigures;
}

/** A row for each network that has been measured, whenever that was. */
export function renderCompile(networks: readonly CompileNetwork[], figures: Figures): string {
  const rows = networks.flatMap((network) => {
    const measured = figures[network.name];
    return measured === undefined ? [] : [{ network, measured }];
  });
  const columns: Column<(typeof rows)[number]>[] = [
    column('network', ({ network: { name } }) => name),
    column('what it is', ({ network: { what } }) => what),
    column('before', ({ network: { asked } }) => asked.before),
    column('wanted', ({ network: { asked } }) => asked.wanted),
    column('now', ({ measured }) => describe(measured)),
    column('measured', ({ measured: { date, machine, node } }) => `${date}, ${machine}, Node ${node}`),
  ];
  return `# Compiling

Made by \`npm run bench:compile -- --write\`: time of the processor, all threads together, and peak resident memory of \`hepc compile\` for latency on the default engine, start of Node included. Weights and samples are seeded. What is refused has its code. "Before" has the figures of the issue that asked for this, not of the same machine. Where a machine is said to be busy, other processes shared its caches and cores, and times are above those of an idle one.

${table(columns, rows)}

${notes.join('\n\n')}
`;
}

/** For the terminal: what was measured now, of another checkout as well if there is one. */
export function renderMeasured(measured: readonly Measured[]): string {
  const columns: Column<Measured>[] = [
    column('network', ({ network: { name } }) => name),
    column('wanted', ({ network: { asked } }) => asked.wanted),
    column('other checkout', ({ other }) => (other === undefined ? '' : describe(other))),
    column('this one', ({ own }) => describe(own)),
  ];
  return table(columns, measured);
}

function describe({ cpuMs = NaN, peakBytes = NaN, refusal }: Figures[string] | CompileFigures): string {
  const taken = Number.isNaN(cpuMs) ? [] : [`${formatMilliseconds(cpuMs)}, ${formatBytes(peakBytes)}`];
  return [...(refusal === undefined ? [] : [refusal]), ...taken].join(': ');
}
