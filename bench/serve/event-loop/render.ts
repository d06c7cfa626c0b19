/** The section of `bench/serve.md` about the event loop. */
import { formatBytes } from '../../../cli/render/units.ts';
import { median } from '../../../ir/maths/averages.ts';
import type { LoopFigures } from './measure.ts';
import type { LoopDelays } from './probe-messages.ts';

export function loopSection(figures: readonly LoopFigures[], measured: string): string {
  return `## Event loop

${measured} Large bodies to \`hepc serve\`, each alone, ${figures[0]?.delays.length ?? 0} rounds with a server of their own; the client has a process of its own on the same cores. How late the loop was at worst while a body came in, was digested, checked and stored (\`monitorEventLoopDelay\`; 50 ms are allowed), the most processor time that its thread took in one turn (which other processes of the machine do not change), and the longest pause of the garbage collector. Medians, with the greatest of all rounds in brackets; milliseconds.

| body | size | took | late, at worst | late, 99 % | longest turn | longest pause |
| --- | --- | --- | --- | --- | --- | --- |
${figures.map(line).join('\n')}
`;
}

function line({ what, bytes, seconds, delays }: LoopFigures): string {
  const of = (key: keyof LoopDelays): string => cell(delays.map((each) => each[key]));
  const cells = [what, formatBytes(bytes), `${median(seconds).toFixed(1)} s`];
  return `| ${[...cells, of('longest'), of('p99'), of('longestTurn'), of('longestPause')].join(' | ')} |`;
}

function cell(values: readonly number[]): string {
  return `${median(values).toFixed(0)} (${Math.max(...values).toFixed(0)})`;
}
