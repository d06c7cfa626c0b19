/**
 * What holds the state of a service: files and memory of one process (`local/`), or NATS JetStream (`nats/`). Everything
 * above asks these interfaces; one set of tests (`test/unit/service/stores/contract.ts`) runs against both.
 */
import type { ObjectStore } from './object-store.ts';
import type { Registry } from './registry.ts';
import type { Signals } from './signals.ts';
import type { Uploads } from './uploads.ts';
import type { WorkQueue } from './work-queue.ts';

export interface Backend {
  readonly objects: ObjectStore;
  readonly registry: Registry;
  /** Records that vanish by themselves `leaseSeconds` of the queue after their last change: who is alive, and holds what. */
  readonly leases: Registry;
  readonly queue: WorkQueue;
  readonly signals: Signals;
  readonly uploads: Uploads;
  /** Whether it answers. Rejects with the reason where it does not, H811 for a server that has gone. */
  check(): Promise<void>;
  /** To be called last. */
  close(): Promise<void>;
}
