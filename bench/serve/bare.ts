/** The evaluations of a load without a service: a `Server` of the library, in this process. */
import { setImmediate } from 'node:timers/promises';
import type { Plan } from '../../ir/plan/plan.ts';
import { Server } from '../../runtime/server.ts';
import { type BenchClient, bytesOf } from './clients.ts';

export interface BareFigures {
  readonly seconds: number;
  /** Processor time of all. */
  readonly cpuMilliseconds: number;
  /** Of each evaluation alone. */
  readonly milliseconds: readonly number[];
}

interface BareOptions {
  readonly threads: number;
  readonly memoryBytes: number;
  readonly atOnce?: boolean;
}

/**
 * All requests of all clients once, with their keys loaded before: one after another, of which the next waits while one is
 * evaluated by all threads; or a request of each client at once, which threads may evaluate side by side.
 */
export async function evaluateBare(
  plan: Plan,
  clients: readonly BenchClient[],
  { threads, memoryBytes, atOnce = false }: BareOptions,
): Promise<BareFigures> {
  const server = await Server.create(plan, { engine: 'simd', threads, memoryBudgetBytes: memoryBytes });
  try {
    const sessions = [];
    for (const { keysFile } of clients) sessions.push(await server.openSession(bytesOf(keysFile)));
    const files = clients.map(({ requests }) => requests.map(({ file }) => bytesOf(file)));
    // Once beforehand, for keys that take each other's places and code that is compiled.
    for (const [c, session] of sessions.entries()) await session.evaluate(files[c]?.[0] ?? new Uint8Array());
    const milliseconds: number[] = [];
    const start = performance.now();
    const startCpu = ownCpu();
    const rounds = files[0]?.length ?? 0;
    const underWay: Promise<void>[] = [];
    for (let r = 0; r < rounds; r++)
      for (const [c, session] of sessions.entries()) {
        const evaluated = session.evaluate(files[c]?.[r] ?? new Uint8Array()).then(({ timings }) => {
          milliseconds.push(timings.evaluate);
        });
        underWay.push(evaluated);
        // Two that were asked for in one breath would go side by side.
        if (underWay.length === 1 && !atOnce) await setImmediate();
        if (underWay.length > (atOnce ? sessions.length - 1 : 1)) await underWay.shift();
      }
    await Promise.all(underWay);
    return { seconds: (performance.now() - start) / 1000, cpuMilliseconds: ownCpu() - startCpu, milliseconds };
  } finally {
    await server.close();
  }
}

/** Processor time of this process with its workers, in milliseconds. */
export function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
