import { runWorker } from '../../../service/run-worker.ts';
import { badUsage } from '../../../ir/diagnostics/cli.ts';
import type { Action } from '../../parsing/declaration.ts';
import type { worker } from '../../commands/serving/worker.ts';
import { formatBytes, plural } from '../../render/units.ts';
import { natsServers, openFleetStore, processName } from './backends.ts';
import { defaultDrainSeconds, settingsOf } from './service-settings.ts';
import { UsageError } from '../../shell/failure.ts';
import { untilStopped } from './until-stopped.ts';

const help = 'hepc help worker';

export const runWorkerCommand: Action<typeof worker> = async (options, { print }) => {
  const nats = natsServers(options.nats);
  if (nats === undefined)
    throw new UsageError([badUsage({ reason: 'neither --nats nor HEPC_NATS says where the fleet is', help })]);
  const settings = settingsOf(options);
  const stopped = untilStopped();
  const name = processName();
  const backend = await openFleetStore({ ...options, nats });
  try {
    const { threads, memoryBytes } = settings;
    if (options.json) print(`${JSON.stringify({ name, pid: process.pid })}\n`);
    else if (!options.quiet)
      print(
        `${name} works: up to ${formatBytes(memoryBytes)} for plans and keys, ${plural(threads, 'worker')}\n` +
          '  Ctrl-C stops it\n',
      );
    await runWorker({
      ...{ backend, settings, name, stopped },
      drainSeconds: options.drain ?? defaultDrainSeconds,
      log: { to: options.log ?? '-', level: options.log === undefined ? 'silent' : options.logLevel },
    });
  } finally {
    await backend.close();
  }
};
