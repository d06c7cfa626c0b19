/** Fronts and workers of a fleet as processes of this machine. */
import { type HepcProcess, startHepc } from './hepc-process.ts';

export interface FleetOptions {
  readonly nats: string;
  readonly leaseSeconds: number;
  /** Further arguments of each process. */
  readonly args?: readonly string[];
}

export class FleetProcesses {
  private readonly options: FleetOptions;
  private readonly started: Promise<HepcProcess>[] = [];

  constructor(options: FleetOptions) {
    this.options = options;
  }

  front(...args: string[]): Promise<HepcProcess> {
    return this.start('serve', args);
  }

  worker(...args: string[]): Promise<HepcProcess> {
    return this.start('worker', ['--threads', '1', ...args]);
  }

  /** Kills what runs, or is about to. */
  async end(): Promise<void> {
    await Promise.allSettled(this.started.map(async (each) => (await each).stop('SIGKILL')));
  }

  private start(command: 'serve' | 'worker', own: readonly string[]): Promise<HepcProcess> {
    const { nats, leaseSeconds, args = [] } = this.options;
    const common = ['--lease', `${leaseSeconds}s`, '--nats-store', '16GiB', ...args];
    const started = startHepc(command, [...common, ...own], { env: { HEPC_NATS: nats } });
    this.started.push(started);
    return started;
  }
}
