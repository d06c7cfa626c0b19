/**
 * Ten thousand sessions opened and closed in processes of their own, with every number of threads, while others compute:
 * no process dies by a signal. Takes 20 to 30 minutes on two cores.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Client } from '../../runtime/client.ts';
import { fuzzSeed } from '../fuzz/seed.ts';
import { smallPlan } from '../fuzz/targets/small-plan.ts';

const sessions = Number(process.env['HEPC_SESSIONS'] ?? 10_000);
/** All up to twice the cores of usual machines, and the most. */
const threadCounts = [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 32, 64];
const sessionsPerProcess = 50;

/** Computes until it has another parent: should this process be killed, it ends, too. */
const busy = 'for (const parent = process.ppid; process.ppid === parent;);';

const folder = mkdtempSync(join(tmpdir(), 'hepc-sessions-'));
beforeAll(async () => {
  const { client: part } = smallPlan();
  const client = await Client.create(part);
  writeFileSync(join(folder, 'keys'), client.generateKeys().evaluationKeys);
  const sample = new Map(part.inputs.map(({ name, shape }) => [name, new Float64Array(shape[0] ?? 0).fill(0.25)]));
  writeFileSync(join(folder, 'inputs'), client.encrypt([sample]));
  client.close();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface End {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

function runProcess(...args: readonly (string | number)[]): Promise<End> {
  return new Promise((resolve, reject) => {
    const entry = join(import.meta.dirname, 'sessions-process.ts');
    const all = ['--disable-warning=ExperimentalWarning', entry, folder, ...args.map(String)];
    const child = spawn(process.execPath, all, { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-2000);
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code, signal, stderr });
    });
  });
}

test(
  'no process dies',
  async () => {
    const seed = fuzzSeed();
    console.log(`seed ${seed}`);
    const load = Array.from({ length: availableParallelism() }, () =>
      spawn(process.execPath, ['-e', busy], { stdio: 'ignore' }),
    );
    const deaths: unknown[] = [];
    let done = 0;
    const next = async (): Promise<void> => {
      for (; done < sessions;) {
        const number = done / sessionsPerProcess;
        done += sessionsPerProcess;
        const threads = threadCounts[number % threadCounts.length] ?? 1;
        const ending = number % 2 === 0 ? 'closed' : 'alive';
        const end = await runProcess(seed + number, sessionsPerProcess, threads, ending);
        if (end.code !== 0 || end.signal !== null) deaths.push({ number, threads, ending, ...end });
      }
    };
    try {
      await Promise.all([next(), next()]);
    } finally {
      for (const child of load) child.kill('SIGKILL');
    }
    console.log(`${done} sessions in ${done / sessionsPerProcess} processes`);
    expect(deaths).toEqual([]);
  },
  90 * 60_000,
);
