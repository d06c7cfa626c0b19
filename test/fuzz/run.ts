/**
 * The fuzzer: many inputs for all readers, in processes of their own that are watched. An input that hangs, ends the
 * process or fills the memory is a finding as much as one that throws what it must not; the next process goes on behind it.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { drawOf } from './mutate/draw.ts';
import { loadTarget, sharesOf, type TargetGroup } from './targets.ts';
import type { Line } from './worker.ts';

export interface FuzzOptions {
  readonly seed: number;
  /** Of all readers together. */
  readonly inputs: number;
  /** Processes at once. */
  readonly jobs: number;
  /** Only these readers, each with all of `inputs`. */
  readonly only?: readonly string[];
  /** Where inputs are kept that show a fault. */
  readonly folder: string;
  /** The module that exports `targetGroups`. */
  readonly groups: URL;
  /** An input that takes longer of the processor is a fault; one that takes twice as long on the clock is ended. */
  readonly seconds: number;
  /** What a process may take besides, to start. */
  readonly startSeconds?: number;
  /** What a process may hold after an input. Default 2048; readers hold a few times their input. */
  readonly megabytes?: number;
  readonly report: (line: string) => void;
}

export interface Finding {
  readonly reader: string;
  readonly index: number;
  readonly text: string;
  /** The input, compressed. */
  readonly file: string;
}

export interface FuzzResult {
  readonly inputs: number;
  readonly findings: readonly Finding[];
}

/** Beyond this a reader is given up: it has one fault many times, or many that want mending first. */
const maxFindings = 12;
/** Inputs of one process, after which a new one takes over. */
const inputsPerProcess = 50_000;
const heapMegabytes = 1024;

/** Of those of processes that died only the inputs and findings are known. */
interface Counts {
  inputs: number;
  accepted: number;
  readonly refused: Map<string, number>;
  readonly findings: Finding[];
}

/** Runs all inputs; the same seed gives the same ones. */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { targetGroups } = (await import(options.groups.href)) as { targetGroups: readonly TargetGroup[] };
  const { only, inputs } = options;
  const shares = only === undefined ? sharesOf(inputs, targetGroups) : new Map(only.map((name) => [name, inputs]));
  const folder = mkdtempSync(join(tmpdir(), 'hepc-fuzz-'));
  const results: Counts[] = [];
  const waiting = [...shares].sort(([, a], [, b]) => b - a);
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [reader, count] = next;
      const start = performance.now();
      const counts = await fuzzReader(reader, count, join(folder, reader), targetGroups, options);
      results.push(counts);
      options.report(summary(reader, counts, (performance.now() - start) / 1000));
    }
  };
  try {
    await Promise.all(Array.from({ length: options.jobs }, work));
  } finally {
    rmSync(folder, { recursive: true });
  }
  return {
    inputs: results.reduce((sum, each) => sum + each.inputs, 0),
    findings: results.flatMap(({ findings }) => findings),
  };
}

function summary(reader: string, { inputs, accepted, refused, findings }: Counts, seconds: number): string {
  const codes = [...refused].sort(([, a], [, b]) => b - a).map(([code, count]) => `${code} ${count}`);
  const faults = findings.length === 0 ? '' : `, ${findings.length} FAULTS`;
  return `${reader}: ${inputs} inputs in ${seconds.toFixed(0)} s, ${accepted} accepted${faults}; refused: ${codes.join(', ')}`;
}

async function fuzzReader(
  reader: string,
  count: number,
  state: string,
  groups: readonly TargetGroup[],
  options: FuzzOptions,
): Promise<Counts> {
  const counts: Counts = { inputs: 0, accepted: 0, refused: new Map(), findings: [] };
  const seen = new Set<string>();
  const found = async (index: number, text: string): Promise<void> => {
    const kind = kindOf(text);
    if (seen.has(kind) || counts.findings.length >= maxFindings) return;
    seen.add(kind);
    const target = await loadTarget(reader, groups);
    const file = join(options.folder, reader, `${options.seed}-${index}.gz`);
    mkdirSync(join(options.folder, reader), { recursive: true });
    writeFileSync(file, gzipSync(target.mutate(drawOf(options.seed, reader, index)), { level: 9 }));
    counts.findings.push({ reader, index, text, file });
    options.report(`FAULT of ${reader}, input ${index} of seed ${options.seed}: ${text}\n  npm run fuzz -- ${file}`);
  };
  for (let from = 0; from < count && counts.findings.length < maxFindings;) {
    const to = Math.min(count, from + inputsPerProcess);
    const end = await runProcess(reader, from, to, state, options);
    for (const { index, text } of end.faults) await found(index, text);
    counts.accepted += end.accepted;
    for (const [code, times] of Object.entries(end.refused))
      counts.refused.set(code, (counts.refused.get(code) ?? 0) + times);
    if (end.death !== undefined && !end.faults.some(({ index }) => index === end.last))
      await found(end.last, end.death);
    const next = end.death === undefined ? to : end.last + 1;
    counts.inputs += next - from;
    from = next;
  }
  return counts;
}

/** The fault without numbers and places, so that it is reported once. */
function kindOf(text: string): string {
  return text
    .split('\n')
    .slice(0, 3)
    .join('\n')
    .replace(/"[^"]*"/g, '""')
    .replace(/\d+/g, '0')
    .slice(0, 300);
}

interface ProcessEnd {
  readonly faults: readonly { readonly index: number; readonly text: string }[];
  readonly accepted: number;
  readonly refused: Readonly<Record<string, number>>;
  /** The input at which the process was last. */
  readonly last: number;
  /** Why it ended before its time. */
  readonly death: string | undefined;
}

function runProcess(
  reader: string,
  from: number,
  to: number,
  state: string,
  { seed, seconds, startSeconds = 120, megabytes = 2048, groups }: FuzzOptions,
): Promise<ProcessEnd> {
  const word = new Float64Array([from]);
  writeFileSync(state, word);
  const entry = join(import.meta.dirname, 'worker.ts');
  const args = [groups.href, reader, ...[seed, from, to].map(String), state, String(seconds), String(megabytes)];
  const flags = ['--disable-warning=ExperimentalWarning', `--max-old-space-size=${heapMegabytes}`];
  const child = spawn(process.execPath, [...flags, entry, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const faults: { index: number; text: string }[] = [];
  let done: Extract<Line, { kind: 'done' }> | undefined;
  // Not by `readline`, which takes more for the end of a line than a newline.
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const each of lines) {
      const line = JSON.parse(each) as Line;
      if (line.kind === 'done') done = line;
      else faults.push({ index: line.index, text: line.text });
    }
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-4000);
  });
  const lastInput = (): number => readFileSync(state).readDoubleLE(0);
  let hung = false;
  let [at, since] = [-1, performance.now()];
  const watch = setInterval(() => {
    const now = lastInput();
    if (now !== at) [at, since] = [now, performance.now()];
    // Starting takes its time, too.
    else if (performance.now() - since > 1000 * (2 * seconds + startSeconds)) {
      hung = true;
      child.kill('SIGKILL');
    }
  }, 500);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearInterval(watch);
      const last = lastInput();
      const reason = hung ? 'hangs' : `ends the process: ${signal ?? `exit code ${code ?? 0}`}\n${stderr}`;
      const death = done === undefined ? reason : undefined;
      resolve({ faults, accepted: done?.accepted ?? 0, refused: done?.refused ?? {}, last, death });
    });
  });
}
