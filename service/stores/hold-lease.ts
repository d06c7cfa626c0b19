/** An entry among the leases that says of a process that it is there, and what it has. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Backend } from './backend.ts';
import type { Json } from './registry.ts';

/** Keeps the entry until `signal` aborts, then removes it. Never rejects: what fails now is tried again, or goes by itself. */
export async function holdLease(
  { leases, queue }: Pick<Backend, 'leases' | 'queue'>,
  name: string,
  signal: AbortSignal,
  value: () => Json | Promise<Json>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const current = await value();
      const entry = await leases.get(name);
      await (entry === undefined ? leases.create(name, current) : leases.update(entry, current));
    } catch {
      // The next time.
    }
    await sleep((1000 * queue.leaseSeconds) / 3, undefined, { signal }).catch(() => undefined);
  }
  try {
    const entry = await leases.get(name);
    if (entry !== undefined) await leases.delete(entry);
  } catch {
    // It goes by itself.
  }
}
