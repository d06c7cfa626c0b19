/**
 * A NATS server with JetStream for tests: on a free port, over a folder of its own, to be killed and started again. It is
 * found on the PATH, or named by HEPC_NATS_SERVER; `.ci/run` installs it.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Path of the program, `undefined` where there is none of the version that hepc needs. */
export const natsServerPath: string | undefined = [
  process.env['HEPC_NATS_SERVER'] ?? '',
  ...(process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'nats-server')),
].find(isSuitable);

/** Debian's is older than 2.11. */
function isSuitable(path: string): boolean {
  if (path === '' || !existsSync(path)) return false;
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  const [, major, minor] = /v(\d+)\.(\d+)\./.exec(stdout) ?? [];
  return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 11);
}

export interface NatsServer {
  /** Stays the same over restarts. */
  readonly url: string;
  /** As `kill -9`. */
  kill(): Promise<void>;
  /** Over the same state, after `kill`. Resolves when it answers. */
  start(): Promise<void>;
  /** Kills it and removes its state. */
  end(): Promise<void>;
}

/** @param extra further arguments of the program, such as `--user a --pass b` */
export async function startNatsServer(extra: readonly string[] = []): Promise<NatsServer> {
  if (natsServerPath === undefined) throw new Error('there is no nats-server');
  const program = natsServerPath;
  const folder = await mkdtemp(join(tmpdir(), 'hepc-nats-'));
  const port = await freePort();
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const args = ['--jetstream', '--store_dir', folder, '--addr', '127.0.0.1', '--port', String(port), ...extra];
    const started = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    child = started;
    let log = '';
    const ready = Promise.withResolvers<undefined>();
    started.stderr.on('data', (text: Buffer) => {
      log += text.toString();
      if (log.includes('Server is ready')) ready.resolve(undefined);
    });
    started.once('exit', () => {
      ready.reject(new Error(`nats-server ended: ${log}`));
    });
    await Promise.race([ready.promise, delay(30_000).then(() => Promise.reject(new Error(`no answer: ${log}`)))]);
  };
  const kill = async (): Promise<void> => {
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  await start();
  return {
    url: `nats://127.0.0.1:${port}`,
    kill,
    start,
    end: async () => {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Of loopback, which nobody uses now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
