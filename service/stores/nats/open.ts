/** The state of a fleet in NATS JetStream, for any number of fronts and workers. */
import type { Backend } from '../backend.ts';
import { buckets } from '../object-store.ts';
import { Cache } from './cache.ts';
import { Chunks } from './chunks.ts';
import { Link } from './link.ts';
import { NatsObjects } from './objects.ts';
import { defaultNatsOptions, type NatsOptions } from './options.ts';
import { NatsQueue } from './queue.ts';
import { NatsRegistry } from './registry.ts';
import { NatsSignals } from './signals.ts';
import { ensureStreams } from './streams.ts';
import { ChunkSweep } from './sweep.ts';
import { NatsUploads } from './uploads.ts';

const sweepMs = 600_000;

/**
 * @param servers addresses with a comma between; one may have credentials, as `nats://user:password@host`
 *
 * Makes the streams that are not there. Rejects with `HepcError` H800 and H801 for the cache folder, H802 for the server, H803
 * for another lease than the fleet has.
 */
export async function openNatsBackend(servers: string, options: NatsOptions = {}): Promise<Backend> {
  const settings = { ...defaultNatsOptions, ...options };
  const { prefix } = settings;
  const link = await Link.open(servers, settings);
  try {
    const { records, chunks, dead, leaseSeconds } = await ensureStreams(link, {
      ...settings,
      leaseSeconds: options.leaseSeconds,
    });
    const cache = await Cache.open(options.cacheFolder, settings.cacheBytes);
    const bytes = {
      plans: new Chunks(link, chunks.plans),
      keys: new Chunks(link, chunks.keys),
      inputs: new Chunks(link, chunks.inputs),
      outputs: new Chunks(link, chunks.outputs),
    };
    const arrived = new Chunks(link, chunks.uploads);
    const objects = new NatsObjects(new NatsRegistry(link, records.objects), bytes, cache);
    const uploads = new NatsUploads(new NatsRegistry(link, records.uploads), arrived, (id) => cache.unfinishedPath(id));
    const sweeps = [
      ...buckets.map((bucket) => new ChunkSweep(bytes[bucket], () => objects.ids(bucket))),
      new ChunkSweep(arrived, () => uploads.ids()),
    ];
    const sweeping = setInterval(() => {
      // What fails now is tried again the next time.
      for (const sweep of sweeps) sweep.run(performance.now()).catch(() => undefined);
    }, sweepMs);
    sweeping.unref();
    return {
      objects,
      registry: new NatsRegistry(link, records.registry),
      leases: new NatsRegistry(link, records.leases, true),
      queue: new NatsQueue(link, { tasks: records.tasks, dead }, prefix, leaseSeconds),
      signals: new NatsSignals(link, prefix),
      uploads,
      check: () => link.check(),
      close: async () => {
        clearInterval(sweeping);
        await link.close();
        await cache.close();
      },
    };
  } catch (error) {
    await link.close();
    throw error;
  }
}
