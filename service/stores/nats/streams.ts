/** The streams of a service, with their limits. Records lie in streams that are key-value buckets by NATS's convention. */
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream';

import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { otherLease } from '../../../ir/diagnostics/service/stores.ts';
import type { Bucket } from '../object-store.ts';
import type { Link } from './link.ts';
import { defaultNatsOptions } from './options.ts';

const nanoseconds = 1e9;

/** How long the server knows a message that is sent again: longer than any call waits. */
const duplicateSeconds = 120;

/** The share of the room that each kind may take. */
const shares: Readonly<Record<Bucket | 'uploads' | 'records' | 'tasks' | 'dead', number>> = {
  keys: 0.5,
  plans: 0.0625,
  inputs: 0.125,
  outputs: 0.125,
  uploads: 0.125,
  records: 0.03125,
  tasks: 0.015625,
  dead: 0.015625,
};

/** Of the dead tasks, so many are kept: the latest. */
const keptDead = 1000;

/** A stream, and what its subjects begin with. */
export interface StreamPlace {
  readonly stream: string;
  readonly subject: string;
}

export type RecordKind = 'registry' | 'leases' | 'objects' | 'uploads' | 'tasks';

export interface Streams {
  readonly records: Readonly<Record<RecordKind, StreamPlace>>;
  readonly chunks: Readonly<Record<Bucket | 'uploads', StreamPlace>>;
  readonly dead: StreamPlace;
  /** What all of the fleet have. */
  readonly leaseSeconds: number;
}

export interface StreamLimits {
  readonly prefix: string;
  readonly replicas: number;
  readonly storeBytes: number;
  readonly leaseSeconds: number | undefined;
}

/** Makes what is not there yet. Rejects with H802, H803. */
export async function ensureStreams(link: Link, limits: StreamLimits): Promise<Streams> {
  const { prefix, replicas, storeBytes } = limits;
  const wantedLease = limits.leaseSeconds ?? defaultNatsOptions.leaseSeconds;
  let leaseSeconds = wantedLease;
  const make = async (place: StreamPlace, share: number, config: Partial<StreamConfig>): Promise<StreamPlace> => {
    const info = await link.ensureStream({
      name: place.stream,
      subjects: [`${place.subject}.>`],
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      discard: DiscardPolicy.New,
      num_replicas: replicas,
      max_bytes: Math.round(storeBytes * share),
      duplicate_window: duplicateSeconds * nanoseconds,
      allow_direct: true,
      ...config,
    });
    if (config.max_age !== undefined) leaseSeconds = info.config.max_age / nanoseconds;
    return place;
  };
  const records = (kind: RecordKind, share: number, config: Partial<StreamConfig> = {}): Promise<StreamPlace> =>
    make({ stream: `KV_${prefix}_${kind}`, subject: `$KV.${prefix}_${kind}` }, share, {
      max_msgs_per_subject: 1,
      allow_rollup_hdrs: true,
      allow_msg_ttl: true,
      ...config,
    });
  const chunks = (kind: Bucket | 'uploads'): Promise<StreamPlace> =>
    make({ stream: `${prefix}_${kind}`, subject: `${prefix}.${kind}` }, shares[kind], {});
  const leaseNanoseconds = wantedLease * nanoseconds;
  const streams = {
    records: {
      registry: await records('registry', shares.records / 4),
      objects: await records('objects', shares.records / 4),
      uploads: await records('uploads', shares.records / 4),
      leases: await records('leases', shares.records / 4, {
        max_age: leaseNanoseconds,
        duplicate_window: Math.min(duplicateSeconds * nanoseconds, leaseNanoseconds),
      }),
      tasks: await records('tasks', shares.tasks),
    },
    chunks: {
      plans: await chunks('plans'),
      keys: await chunks('keys'),
      inputs: await chunks('inputs'),
      outputs: await chunks('outputs'),
      uploads: await chunks('uploads'),
    },
    dead: await make({ stream: `${prefix}_dead`, subject: `${prefix}.dead` }, shares.dead, {
      max_msgs: keptDead,
      discard: DiscardPolicy.Old,
    }),
  };
  if (limits.leaseSeconds !== undefined && limits.leaseSeconds !== leaseSeconds)
    throw new HepcError([
      otherLease({ given: limits.leaseSeconds, has: leaseSeconds, stream: streams.records.leases.stream }),
    ]);
  return { ...streams, leaseSeconds };
}
