/** The store that the command line names. */
import { hostname } from 'node:os';
import { badUsage } from '../../../ir/diagnostics/cli.ts';
import { formatDiagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import type { Backend } from '../../../service/stores/backend.ts';
import { openLocalBackend } from '../../../service/stores/local/open.ts';
import { readInputFile } from '../../files/input-file.ts';
import type { CommandContext } from '../../shell/context.ts';
import { UsageError } from '../../shell/failure.ts';

const smallFile = { what: 'credentials or certificates', maxBytes: 2 ** 20 };

export interface NatsChoice {
  readonly nats: string;
  readonly natsCreds?: string | undefined;
  readonly natsNkey?: string | undefined;
  readonly natsCa?: string | undefined;
  readonly natsCert?: string | undefined;
  readonly natsKey?: string | undefined;
  readonly lease?: number | undefined;
  readonly natsStore?: number | undefined;
  readonly natsReplicas: number;
  readonly cache?: string | undefined;
}

/** The servers that `--nats` names, or the variable in its place. */
export function natsServers(given: string | undefined): string | undefined {
  const { HEPC_NATS: fromVariable = '' } = process.env;
  return given ?? (fromVariable === '' ? undefined : fromVariable);
}

export async function openFleetStore(choice: NatsChoice): Promise<Backend> {
  const { nats, natsCreds, natsNkey, natsCa, natsCert, natsKey, natsStore, natsReplicas, lease, cache } = choice;
  if ((natsCert === undefined) !== (natsKey === undefined))
    throw new UsageError([
      badUsage({ reason: '--nats-cert and --nats-key belong together', help: 'hepc help worker' }),
    ]);
  // The library says less of a file that it cannot read.
  for (const file of [natsCreds, natsNkey, natsCa, natsCert, natsKey])
    if (file !== undefined) await readInputFile(file, smallFile);
  const tls = {
    ...(natsCa !== undefined && { caFile: natsCa }),
    ...(natsCert !== undefined && { certFile: natsCert }),
    ...(natsKey !== undefined && { keyFile: natsKey }),
  };
  // Loaded where it is wanted.
  const { openNatsBackend } = await import('../../../service/stores/nats/open.ts');
  return openNatsBackend(nats, {
    name: processName(),
    replicas: natsReplicas,
    ...(natsStore !== undefined && { storeBytes: natsStore }),
    ...(cache !== undefined && { cacheFolder: cache }),
    ...(lease !== undefined && { leaseSeconds: lease }),
    credentials: {
      ...(natsCreds !== undefined && { credsFile: natsCreds }),
      ...(natsNkey !== undefined && { nkeyFile: natsNkey }),
    },
    ...(Object.keys(tls).length > 0 && { tls }),
  });
}

export function openFolderStore(folder: string, { remark }: CommandContext): Promise<Backend> {
  return openLocalBackend(folder, {
    onDamaged: (diagnostic) => {
      remark(formatDiagnostic(diagnostic));
    },
  });
}

/** Of this process among all of a fleet. */
export function processName(): string {
  return `${hostname()}-${process.pid}-${Math.floor(performance.timeOrigin).toString(36)}`.replace(
    /[^A-Za-z0-9_-]/g,
    '-',
  );
}
