/** `hepc serve` as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

export interface ProcessPair {
  readonly server: number;
  readonly evaluator: number;
}

export interface ServiceProcess {
  readonly url: string;
  readonly process: ChildProcess;
  /** What it and the process that evaluates for it have in physical memory. */
  residentBytes(): ProcessPair;
  /** Processor time that they have taken, in milliseconds. */
  cpuMilliseconds(): ProcessPair;
  stop(): Promise<void>;
}

/** Resolves when it listens. */
export async function startService(args: readonly string[]): Promise<ServiceProcess> {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      join(root, 'cli/main.ts'),
      'serve',
      ...args,
      '--listen',
      '127.0.0.1:0',
      '--json',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const line = /^\{.*\}$/m.exec(text);
      if (line !== null) resolve((JSON.parse(line[0]) as { readonly url: string }).url);
    });
    child.once('exit', (code) => {
      reject(new Error(`hepc serve ended with ${code ?? 'a signal'} before it listened`));
    });
  });
  return {
    url,
    process: child,
    residentBytes: () => ofBoth(child.pid ?? 0, residentOf),
    cpuMilliseconds: () => ofBoth(child.pid ?? 0, cpuOf),
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function ofBoth(pid: number, of: (pid: number) => number): ProcessPair {
  return { server: of(pid), evaluator: childrenOf(pid).reduce((sum, child) => sum + of(child), 0) };
}

/** Of Linux: ticks of 10 ms. */
function cpuOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return 10 * (Number(fields[11]) + Number(fields[12]));
  } catch {
    return 0;
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function residentOf(pid: number): number {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return 1024 * Number(kilobytes ?? 0);
  } catch {
    return 0;
  }
}
