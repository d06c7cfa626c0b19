/** The store that the command line names. */
import { hostname } from 'node:os';
import { formatDiagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import type { Backend } from '../../../service/stores/backend.ts';
import { openLocalBackend } from '../../../service/stores/local/open.ts';
import type { CommandContext } from '../../shell/context.ts';

export interface NatsChoice {
  readonly nats: string;
  readonly natsStore?: number | undefined;
  readonly natsReplicas: number;
  readonly cache?: string | undefined;
}

export async function openFleetStore({ nats, natsStore, natsReplicas, cache }: NatsChoice): Promise<Backend> {
  // Loaded where it is wanted.
  const { openNatsBackend } = await import('../../../service/stores/nats/open.ts');
  return openNatsBackend(nats, {
    name: processName(),
    replicas: natsReplicas,
    ...(natsStore !== undefined && { storeBytes: natsStore }),
    ...(cache !== undefined && { cacheFolder: cache }),
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
