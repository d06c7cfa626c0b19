/** The page of `bench:serve`. */
import { formatBytes } from '../../cli/render/units.ts';

export interface ServeFigures {
  readonly few: {
    readonly clients: number;
    readonly requests: number;
    /** Requests a second, by round. */
    readonly bare: readonly number[];
    readonly served: readonly number[];
    /** Milliseconds, medians by round. */
    readonly evaluations: readonly number[];
    readonly overheads: readonly number[];
  };
  readonly many: {
    readonly clients: number;
    readonly requests: number;
    readonly seconds: number;
    readonly retries: number;
    readonly refusals: number;
    readonly right: number;
    readonly wrong: number;
    readonly missing: number;
    readonly peakBytes: number;
    readonly latencyMs: number;
  };
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

export function renderServe({ few, many, memoryBytes, maxQueue, threads }: ServeFigures, where: Circumstances): string {
  const ratio = few.served.map((value, k) => (100 * value) / (few.bare[k] ?? NaN));
  return `# What a service costs

\`npm run bench:serve -- --write\`, ${where.date}: ${where.machine}, ${where.cores} cores, Node ${where.node}. Loopback; the clients of the load share the cores with the service. The plan is \`mlp-784-128-128-10\`, with ${threads} threads and ${formatBytes(memoryBytes)} for plans and keys.

## While keys stay in memory

${few.clients} clients with keys of their own, ${few.requests} requests that were encrypted before, ${few.bare.length} rounds, each bare and served.

| | median | least to most |
| --- | --- | --- |
${row('requests a second, bare evaluations', few.bare, 1)}
${row('requests a second, served', few.served, 1)}
${row('served, in per cent of bare', ratio, 0)}
${row('one evaluation, ms', few.evaluations, 1)}
${row('one request beyond its evaluation, ms', few.overheads, 1)}

## Many clients

${many.clients} clients with keys of their own, ${many.requests / many.clients} requests each, all at once; a queue of ${maxQueue}.

| | |
| --- | --- |
| answered rightly (each compared with onnxruntime) | ${many.right} of ${many.requests} |
| wrong, missing, refused for good | ${many.wrong}, ${many.missing}, ${many.refusals} |
| told to come again, and served later | ${many.retries} times |
| requests a second | ${(many.requests / many.seconds).toFixed(1)} |
| median of a request with its retries | ${(many.latencyMs / 1000).toFixed(1)} s |
| memory of server and evaluator at its peak | ${formatBytes(many.peakBytes)} |
`;
}

function row(what: string, values: readonly number[], digits: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (k: number): string => (sorted[k] ?? NaN).toFixed(digits);
  return `| ${what} | ${at(sorted.length >> 1)} | ${at(0)} to ${at(sorted.length - 1)} |`;
}
