/**
 * Which tenants hold a file of keys, whose bytes are there once for all of them. The object goes with its last holder, and
 * no holder comes while it goes: who finds that it is going waits, and does it himself where nobody does.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Backend } from '../stores/backend.ts';
import type { Entry } from '../stores/registry.ts';

const prefix = 'holders';
/** No tenants: the object is going. */
const holdersSchema = z.strictObject({ tenants: z.array(z.string()), changedAt: z.number() });

/** Told where an object of keys has gone: `{ digest }`. */
export const keysGoneSubject = 'keys-gone';

const goingMs = 10_000;
/** After which a holder without a record is one that a process has left behind. */
const claimMs = 3_600_000;

export class Holders {
  private readonly backend: Pick<Backend, 'objects' | 'registry' | 'signals'>;

  constructor(backend: Pick<Backend, 'objects' | 'registry' | 'signals'>) {
    this.backend = backend;
  }

  /** Before the object is stored: it stays from then on. */
  async claim(digest: string, tenant: string, now: () => number): Promise<void> {
    const { registry } = this.backend;
    for (;;) {
      const entry = await registry.get(nameOf(digest));
      if (entry === undefined) {
        if ((await registry.create(nameOf(digest), { tenants: [tenant], changedAt: now() })) !== undefined) return;
        continue;
      }
      const { tenants, changedAt } = holdersSchema.parse(entry.value);
      if (tenants.length > 0) {
        const all = tenants.includes(tenant) ? tenants : [...tenants, tenant];
        if ((await registry.update(entry, { tenants: all, changedAt: now() })) !== undefined) return;
      } else if (Math.abs(now() - changedAt) > goingMs) {
        await this.remove(entry, digest);
      } else {
        await sleep(50);
      }
    }
  }

  /** After the record has gone. */
  async release(digest: string, tenant: string, now: () => number): Promise<void> {
    const { registry } = this.backend;
    for (;;) {
      const entry = await registry.get(nameOf(digest));
      if (entry === undefined) return;
      const { tenants } = holdersSchema.parse(entry.value);
      if (!tenants.includes(tenant)) return;
      const others = tenants.filter((each) => each !== tenant);
      const changed = await registry.update(entry, { tenants: others, changedAt: now() });
      if (changed === undefined) continue;
      if (others.length === 0) await this.remove(changed, digest);
      return;
    }
  }

  /** Holders that have no record, as `hasRecord` tells, and objects that were going when a process ended. */
  async sweep(now: number, hasRecord: (tenant: string, digest: string) => Promise<boolean>): Promise<void> {
    for await (const entry of this.backend.registry.list(prefix)) {
      const digest = entry.name.slice(prefix.length + 1);
      const { tenants, changedAt } = holdersSchema.parse(entry.value);
      const age = Math.abs(now - changedAt);
      if (tenants.length === 0 && age > goingMs) await this.remove(entry, digest);
      if (age <= claimMs) continue;
      for (const tenant of tenants)
        if (!(await hasRecord(tenant, digest))) await this.release(digest, tenant, () => now);
    }
  }

  private async remove(entry: Entry, digest: string): Promise<void> {
    const { objects, registry, signals } = this.backend;
    await objects.delete('keys', digest);
    await registry.delete(entry);
    signals.send(keysGoneSubject, { digest });
  }
}

function nameOf(digest: string): string {
  return `${prefix}.${digest}`;
}
