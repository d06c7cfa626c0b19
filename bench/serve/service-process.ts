/** `hepc serve` as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

export interface ServiceProcess {
  readonly url: string;
  readonly process: ChildProcess;
  /** Of it and the processes that it has started, in physical memory. */
  residentBytes(): number;
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
    residentBytes: () => [child.pid ?? 0, ...childrenOf(child.pid ?? 0)].reduce((sum, pid) => sum + residentOf(pid), 0),
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
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
