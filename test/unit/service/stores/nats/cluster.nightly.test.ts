/** A cluster of three servers that each hold all streams: one of them may go. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openNatsBackend } from '../../../../../service/stores/nats/open.ts';
import { freePort, natsServerPath, startNatsServer } from '../../../../support/nats-server.ts';
import { digestOf, inPieces, sha256, someBytes } from '../contract/store-under-test.ts';

const reason = 'skipped: there is no nats-server 2.11 (HEPC_NATS_SERVER, PATH)';

describe.skipIf(natsServerPath === undefined)(natsServerPath === undefined ? reason : 'a cluster of NATS', () => {
  test('streams of three replicas outlive each of their servers', async () => {
    const ports = [await freePort(), await freePort(), await freePort()];
    const routes = ports.map((port) => `nats://127.0.0.1:${port}`);
    const servers = await Promise.all(
      routes.map((route, k) =>
        startNatsServer([
          ...['--server_name', `n${k}`, '--cluster_name', 'hepc', '--cluster', route],
          ...['--routes', routes.filter((other) => other !== route).join(',')],
        ]),
      ),
    );
    const cacheFolder = await mkdtemp(join(tmpdir(), 'hepc-cluster-'));
    onTestFinished(async () => {
      await Promise.all(servers.map((server) => server.end()));
      await rm(cacheFolder, { recursive: true });
    });
    const urls = servers.map(({ url }) => url).join(',');
    const options = { replicas: 3, storeBytes: 2 ** 26, cacheFolder };
    // The servers agree on a leader first.
    let opened: Awaited<ReturnType<typeof openNatsBackend>> | undefined;
    await expect
      .poll(async () => (opened = await openNatsBackend(urls, options).catch(() => undefined)), { timeout: 60_000 })
      .toBeDefined();
    if (opened === undefined) throw new Error('not opened');
    const { objects, registry, queue } = opened;
    onTestFinished(() => opened?.close());
    const bytes = someBytes(700_000);
    await objects.put('keys', 'k', inPieces(bytes), { limitBytes: bytes.length });
    for (const [k, server] of servers.entries()) {
      await server.kill();
      expect(await registry.create(`record${k}`, k)).toMatchObject({ value: k });
      await queue.push({ job: `job${k}`, part: 0, plan: 'p', keys: 'k' });
      const { task } = await queue.take({ suits: () => 0, signal: AbortSignal.timeout(30_000) });
      expect(task.job).toBe(`job${k}`);
      expect(await objects.isWhole('keys', 'k')).toBe(true);
      expect(await digestOf(await objects.read('keys', 'k'))).toBe(sha256(bytes));
      await server.start();
      // It has what the others have before the next one goes.
      await expect
        .poll(
          () =>
            opened?.check().then(
              () => true,
              () => false,
            ),
          { timeout: 30_000 },
        )
        .toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 5000));
    }
  }, 240_000);
});
