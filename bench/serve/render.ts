/** The page of `bench:serve`. */
import { formatBytes } from '../../cli/render/units.ts';
import type { PageFigures } from './demo-page.ts';
import type { FleetFigures } from './fleet.ts';
import { loopSection } from './event-loop/render.ts';
import type { LoopFigures } from './event-loop/measure.ts';
import type { ProcessPair } from './process-figures.ts';
import { row, spread } from './rows.ts';

export interface FewFigures {
  readonly clients: number;
  readonly requests: number;
  /** Requests a second, by round. */
  readonly bare: readonly number[];
  /** Of bare evaluations that are asked for at once. */
  readonly sideBySide: readonly number[];
  readonly served: readonly number[];
  /** Milliseconds, medians by round. */
  readonly evaluations: readonly number[];
  readonly overheads: readonly number[];
  /** Milliseconds of processor time for a request: of bare evaluations, and served by process. */
  readonly cpu: Readonly<Record<'bare' | 'sideBySide' | 'server' | 'evaluator' | 'clients', readonly number[]>>;
}

export interface ManyFigures {
  readonly clients: number;
  readonly requests: number;
  readonly seconds: number;
  readonly retries: number;
  readonly refusals: number;
  readonly right: number;
  readonly wrong: number;
  readonly missing: number;
  readonly peakBytes: ProcessPair;
  readonly latencyMs: number;
}

/** Parts that were not measured are absent. */
export interface ServeFigures {
  readonly few?: FewFigures;
  readonly many?: ManyFigures;
  readonly page?: PageFigures;
  readonly fleets?: readonly { readonly what: string; readonly requests: number; readonly figures: FleetFigures }[];
  readonly loop?: readonly LoopFigures[];
  readonly memoryBytes: number;
  readonly maxQueue: number;
  readonly threads: number;
}

interface Circumstances {
  readonly machine: string;
  readonly node: string;
  readonly date: string;
  readonly cores: number;
}

/** A section for each part that was measured. */
export function serveSections(figures: ServeFigures, where: Circumstances): string[] {
  const { few, many, page, fleets, loop, memoryBytes, maxQueue, threads } = figures;
  const plan = `The plan is \`mlp-784-128-128-10\`, with ${threads} threads and ${formatBytes(memoryBytes)} for plans and keys.`;
  const measured = `_${where.date}, ${where.machine}, ${where.cores} cores, Node ${where.node}._`;
  return [
    ...(few ? [renderFew(few, `${measured} ${plan}`)] : []),
    ...(many ? [renderMany(many, maxQueue, memoryBytes, `${measured} ${plan}`)] : []),
    ...(page ? [renderPage(page, measured)] : []),
    ...(fleets ? [renderFleets(fleets, measured)] : []),
    ...(loop ? [loopSection(loop, measured)] : []),
  ];
}

function renderFew(
  { clients, requests, bare, sideBySide, served, evaluations, overheads, cpu }: FewFigures,
  measured: string,
): string {
  const ratio = served.map((value, k) => (100 * value) / (bare[k] ?? NaN));
  return `## While keys stay in memory

${measured}

${clients} clients with keys of their own, ${requests} requests that were encrypted before, ${bare.length} rounds, each bare (one process that evaluates and does nothing else: one after another, by both threads) and served. Where a request of each client is asked for at once, threads evaluate side by side, in a service as in a bare process.

${spread}
${row('requests a second, bare evaluations', bare, 1)}
${row('requests a second, bare evaluations side by side', sideBySide, 1)}
${row('requests a second, served', served, 1)}
${row('served, in per cent of bare', ratio, 0)}
${row('one evaluation, ms', evaluations, 1)}
${row('one request beyond its evaluation, ms', overheads, 1)}
${row('processor time of an evaluation, bare, ms', cpu.bare, 0)}
${row('processor time of one of those side by side, bare, ms', cpu.sideBySide, 0)}
${row('processor time of a request, served: the evaluator, ms', cpu.evaluator, 0)}
${row('the server, ms', cpu.server, 0)}
${row('the client, ms', cpu.clients, 0)}

Two cores have two seconds of processor time a second: what evaluator, server and client take for a request is why fewer requests are served than evaluations could be made side by side. One after another, the threads of an evaluation wait for each other. The longer an evaluation takes, the smaller the difference.
`;
}

function renderMany(many: ManyFigures, maxQueue: number, memoryBytes: number, measured: string): string {
  return `## Many clients

${measured}

${many.clients} clients with keys of their own, ${many.requests / many.clients} requests each, all at once; a queue of ${maxQueue}.

| | |
| --- | --- |
| answered rightly (each compared with onnxruntime) | ${many.right} of ${many.requests} |
| wrong, missing, refused for good | ${many.wrong}, ${many.missing}, ${many.refusals} |
| told to come again, and served later | ${many.retries} times |
| requests a second | ${(many.requests / many.seconds).toFixed(1)} |
| median of a request with its retries | ${(many.latencyMs / 1000).toFixed(1)} s |
| memory of the evaluator at its peak, of ${formatBytes(memoryBytes)} | ${formatBytes(many.peakBytes.evaluator)} |
| memory of the server at its peak | ${formatBytes(many.peakBytes.server)} |
`;
}

function renderPage({ first, next, evaluation, longestTask }: PageFigures, measured: string): string {
  const seconds = (values: readonly number[]): number[] => values.map((value) => value / 1000);
  const beyond = next.map((value, k) => value - (evaluation[k] ?? NaN));
  return `## The demo page

${measured}

\`hepc serve --demo\` in headless Chromium on the same cores, ${first.length} visits without keys: from the end of the drawing to the answer. 0.4 s of each are the page's pause, in which a drawing may go on.

${spread}
${row('first answer, with keys made and uploaded, s', seconds(first), 1)}
${row('next answer, s', seconds(next), 2)}
${row('next answer beyond its evaluation, s', seconds(beyond), 2)}
${row("longest task of the page's thread, ms (0: none of 50 or more)", longestTask, 0)}
`;
}

function renderFleets(fleets: NonNullable<ServeFigures['fleets']>, measured: string): string {
  const line = (name: string, of: (figures: FleetFigures, requests: number) => string): string =>
    `| ${name} | ${fleets.map(({ figures, requests }) => of(figures, requests)).join(' | ')} |`;
  const refusals = ({ refused }: FleetFigures): number => Object.values(refused).reduce((sum, count) => sum + count, 0);
  return `## A fleet that is killed

${measured}

One front and three workers over NATS JetStream, two clients with four requests under way each, one to eight samples a request. Every 1.5 to 4.5 s a process ends by \`SIGKILL\` and is started again.

| killed | ${fleets.map(({ what }) => what).join(' | ')} |
| --- | ${fleets.map(() => '---').join(' | ')} |
${line('answered rightly', ({ answered, wrong }, requests) => `${answered - wrong} of ${requests}`)}
${line('wrong, done twice, refused without a reason', (f) => `${f.wrong}, ${f.duplicated}, ${f.unexplained.length}`)}
${line('refused with a reason', (f) => String(refusals(f)))}
${line('workers, fronts, NATS killed', ({ killed }) => `${killed.worker}, ${killed.front}, ${killed.nats}`)}
${line('parts that were done again', (f) => String(f.redelivered))}
${line('longest request, s', (f) => f.longestSeconds.toFixed(0))}
`;
}
