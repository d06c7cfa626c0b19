/** `hepc serve` and `hepc worker` as processes of this machine, to be measured, stopped, killed and started again. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { type LoopDelays, loopDelaysSchema } from './event-loop/probe-messages.ts';

const entry = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const probe = join(import.meta.dirname, 'event-loop', 'probe.ts');
const greeting = z.object({ url: z.string().optional(), name: z.string().optional(), pid: z.int() });

/** Exit code and signal. */
type Ending = readonly [number | null, NodeJS.Signals | null];

export interface HepcProcess {
  /** Where a front answers; empty for a worker. */
  readonly url: string;
  /** Of a worker, as records of jobs have it. */
  readonly name: string;
  readonly pid: number;
  readonly ended: Promise<Ending>;
  /** Resolves when it has ended. */
  stop(signal: NodeJS.Signals): Promise<Ending>;
  /** What its event loop has waited since it was last asked; of a process that was started with `probed`. */
  loopDelays(): Promise<LoopDelays>;
}

export interface HepcOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Whether its event loop is watched. */
  readonly probed?: boolean;
}

/** Resolves when it has said that it works. Rejects where it ends before. */
export async function startHepc(
  command: 'serve' | 'worker',
  args: readonly string[],
  { env = {}, probed = false }: HepcOptions = {},
): Promise<HepcProcess> {
  const node = ['--disable-warning=ExperimentalWarning', ...(probed ? ['--import', probe] : [])];
  const child = spawn(process.execPath, [...node, entry, command, '--json', ...args], {
    stdio: ['ignore', 'pipe', 'inherit', probed ? 'ipc' : 'ignore'],
    env: { ...process.env, ...env },
  });
  const ended = once(child, 'exit').then(([code, signal]): Ending => [
    code as number | null,
    signal as NodeJS.Signals | null,
  ]);
  const died = ended.then(([code]) => {
    throw new Error(`hepc ${command} has ended with ${code ?? 'a signal'}`);
  });
  died.catch(() => undefined);
  const said = once(createInterface(child.stdout ?? process.stdin), 'line') as Promise<[string]>;
  const [line] = await Promise.race([said, died]);
  const { url = '', name = '', pid } = greeting.parse(JSON.parse(line));
  return {
    ...{ url, name, pid, ended },
    stop: (signal) => {
      child.kill(signal);
      return ended;
    },
    loopDelays: async () => {
      const answer = once(child, 'message');
      child.send('delays');
      const [delays] = (await Promise.race([answer, died])) as [unknown];
      return loopDelaysSchema.parse(delays);
    },
  };
}
