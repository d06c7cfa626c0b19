/** Fronts and workers of a fleet as processes of this machine, to be stopped, killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';

const entry = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const greeting = z.object({ url: z.string().optional(), name: z.string().optional(), pid: z.int() });

export interface FleetProcess {
  /** Where a front answers; empty for a worker. */
  readonly url: string;
  /** Of a worker, as records of jobs have it. */
  readonly name: string;
  readonly pid: number;
  /** Exit code and signal. */
  readonly ended: Promise<readonly [number | null, NodeJS.Signals | null]>;
  /** Resolves when it has ended. */
  stop(signal: NodeJS.Signals): Promise<readonly [number | null, NodeJS.Signals | null]>;
}

export interface FleetOptions {
  readonly nats: string;
  readonly leaseSeconds: number;
  /** Further arguments of each process. */
  readonly args?: readonly string[];
}

export class FleetProcesses {
  private readonly options: FleetOptions;
  private readonly children = new Set<ChildProcess>();

  constructor(options: FleetOptions) {
    this.options = options;
  }

  front(...args: string[]): Promise<FleetProcess> {
    return this.start('serve', args);
  }

  worker(...args: string[]): Promise<FleetProcess> {
    return this.start('worker', ['--threads', '1', ...args]);
  }

  /** Kills what runs. */
  async end(): Promise<void> {
    await Promise.all(
      [...this.children].map(async (child) => {
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      }),
    );
  }

  /** Resolves when it has said that it works. Rejects where it ends before. */
  private async start(command: string, own: readonly string[]): Promise<FleetProcess> {
    const { nats, leaseSeconds, args = [] } = this.options;
    const common = ['--lease', `${leaseSeconds}s`, '--nats-store', '16GiB', '--json', ...args];
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', entry, command, ...common, ...own],
      { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, HEPC_NATS: nats } },
    );
    this.children.add(child);
    const ended = once(child, 'exit').then(([code, signal]): readonly [number | null, NodeJS.Signals | null] => {
      this.children.delete(child);
      return [code as number | null, signal as NodeJS.Signals | null];
    });
    const died = ended.then(([code]) => {
      throw new Error(`hepc ${command} has ended with ${code ?? 'a signal'}`);
    });
    died.catch(() => undefined);
    const said = once(createInterface(child.stdout), 'line') as Promise<[string]>;
    const [line] = await Promise.race([said, died]);
    const { url = '', name = '', pid } = greeting.parse(JSON.parse(line));
    const stop = (signal: NodeJS.Signals) => {
      child.kill(signal);
      return ended;
    };
    return { url, name, pid, ended, stop };
  }
}
