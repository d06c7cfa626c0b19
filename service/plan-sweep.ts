/**
 * Plans that nobody serves any more. A plan stays as long as a record names it (fronts without files serve these), a front
 * that was given its file says so by its lease, or a job that is not over waits for it; and some time beyond, since a
 * front that has lost its connection has lost its lease, too.
 */
import { z } from 'zod';
import { isOver, jobSchema } from './jobs/job-record.ts';
import type { Backend } from './stores/backend.ts';
import type { Json } from './stores/registry.ts';
import { modelRecordSchema, type ModelRecord } from './models/model-record.ts';

/** Leases of fronts, under `fronts.NAME`. */
export const frontPrefix = 'fronts';
const frontSchema = z.object({ objects: z.array(z.string()) });

/** For which a plan has to be seen without anybody who needs it. */
const unneededMs = 15 * 60_000;

/** What a front says of itself: the objects of the plans that it serves. */
export function frontLease(served: readonly ModelRecord[]): Json {
  return { objects: served.flatMap(objectsOf) };
}

function objectsOf({ digest, clientDigest, report }: ModelRecord): string[] {
  return [digest, clientDigest, ...(report === undefined ? [] : [report])];
}

export class PlanSweep {
  private readonly backend: Pick<Backend, 'objects' | 'registry' | 'leases'>;
  /** By name: since when nobody needs it, by the monotonic clock. */
  private unneededSince = new Map<string, number>();

  constructor(backend: Pick<Backend, 'objects' | 'registry' | 'leases'>) {
    this.backend = backend;
  }

  /** @param now by the monotonic clock, in milliseconds */
  async run(now: number): Promise<void> {
    const { objects } = this.backend;
    const names = new Set<string>();
    for await (const { name } of objects.list('plans')) names.add(name);
    // Looked at after the objects: who stores one tells of it then.
    const needed = await this.needed();
    const since = new Map<string, number>();
    for (const name of names) if (!needed.has(name)) since.set(name, this.unneededSince.get(name) ?? now);
    this.unneededSince = since;
    for (const [name, start] of since) if (now - start >= unneededMs) await objects.delete('plans', name);
  }

  private async needed(): Promise<ReadonlySet<string>> {
    const { registry, leases } = this.backend;
    const needed = new Set<string>();
    const note = (each: string): unknown => needed.add(each);
    for await (const { value } of registry.list('models')) {
      const { data } = modelRecordSchema.safeParse(value);
      if (data !== undefined) objectsOf(data).forEach(note);
    }
    for await (const { value } of leases.list(frontPrefix)) frontSchema.safeParse(value).data?.objects.forEach(note);
    for await (const { value } of registry.list('jobs')) {
      const { data } = jobSchema.safeParse(value);
      if (data !== undefined && !isOver(data)) note(data.plan);
    }
    return needed;
  }
}
