/** A server that goes away, that refuses, that is full. */
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { Backend } from '../../../../../service/stores/backend.ts';
import { openNatsBackend } from '../../../../../service/stores/nats/open.ts';
import { codesOfAsync } from '../../../../support/codes.ts';
import { type NatsServer, natsServerPath, startNatsServer } from '../../../../support/nats-server.ts';
import { digestOf, digestOfUpload, inPieces, listOf, sha256, someBytes } from '../contract/store-under-test.ts';

const reason = 'skipped: there is no nats-server 2.11 (HEPC_NATS_SERVER, PATH)';
const task = { job: 'j', part: 0, plan: 'p', keys: 'k' };
const never = new AbortController().signal;

describe.skipIf(natsServerPath === undefined)(natsServerPath === undefined ? reason : 'nats', () => {
  let server: NatsServer;
  let folder: string;
  let backend: Backend;
  let opened = 0;
  const open = (options = {}) =>
    openNatsBackend(server.url, {
      prefix: `test${opened}`,
      storeBytes: 2 ** 26,
      cacheFolder: join(folder, 'cache'),
      leaseSeconds: 60,
      ...options,
    });

  beforeAll(async () => {
    server = await startNatsServer();
  });
  afterAll(() => server.end());
  beforeEach(async () => {
    opened++;
    folder = await mkdtemp(join(tmpdir(), 'hepc-outage-'));
  });
  afterEach(async () => {
    await backend.close();
    await rm(folder, { recursive: true });
  });

  test('the first says the lease for all', async () => {
    backend = await open({ leaseSeconds: 7 });
    expect(await codesOfAsync(() => open({ leaseSeconds: 8, cacheFolder: undefined }))).toEqual(['H803']);
    const taking = await open({ leaseSeconds: undefined, replicas: 1, storeBytes: 2 ** 27, cacheFolder: undefined });
    expect(taking.queue.leaseSeconds).toBe(7);
    await taking.close();
  });

  test('calls outlive a server that is killed and started again, and nothing is lost or done twice', async () => {
    backend = await open();
    const { registry, queue, uploads, objects, signals } = backend;
    const bytes = someBytes(700_000);
    await objects.put('keys', 'k', inPieces(bytes), { limitBytes: bytes.length });
    const entry = await registry.create('a', 1);
    await queue.push(task);
    await uploads.create('u', bytes.length, null);
    expect(await uploads.append('u', 0, inPieces(bytes.subarray(0, 300_000)))).toBe(300_000);
    const heard: unknown[] = [];
    await signals.listen('s', (message) => heard.push(message));
    const delivery = await queue.take({ suits: () => 0, signal: never });
    const taking = queue.take({ suits: () => 0, signal: never });
    await server.kill();
    const meanwhile = Promise.all([
      entry && registry.update(entry, 2),
      registry.create('b', 1),
      queue.push({ ...task, part: 1 }),
      uploads.append('u', 300_000, inPieces(bytes.subarray(300_000))),
      objects.put('inputs', 'i', inPieces(bytes), { limitBytes: bytes.length }),
      delivery.acknowledge(),
    ]);
    await delay(500);
    await server.start();
    const [updated, created] = await meanwhile;
    expect([updated?.value, created?.value]).toEqual([2, 1]);
    expect(await digestOfUpload(uploads, 'u')).toBe(sha256(bytes));
    expect(await digestOf(await objects.read('keys', 'k'))).toBe(sha256(bytes));
    expect(await digestOf(await objects.read('inputs', 'i'))).toBe(sha256(bytes));
    expect(await taking).toMatchObject({ task: { part: 1 }, attempt: 1 });
    expect(await queue.waiting()).toBe(0);
    signals.send('s', 1);
    await expect.poll(() => heard).toEqual([1]);
  });

  test('a change whose answer is lost counts as made, once', async () => {
    const proxy = await startProxy(server.url);
    try {
      backend = await openNatsBackend(proxy.url, { prefix: `test${opened}`, storeBytes: 2 ** 26 });
      const { registry, uploads } = backend;
      const entry = await registry.create('a', 1);
      await uploads.create('u', 10, null);
      proxy.muteServer();
      const changing = Promise.all([
        entry && registry.update(entry, 2),
        registry.create('b', 1),
        uploads.append('u', 0, inPieces(someBytes(10))),
      ]);
      await delay(300);
      proxy.breakConnections();
      const [updated, created, offset] = await changing;
      expect([updated?.value, created?.value, offset]).toEqual([2, 1, 10]);
      expect(await registry.get('a')).toEqual(updated);
      expect(await registry.get('b')).toEqual(created);
      expect(updated && (await registry.update(updated, 3))?.value).toBe(3);
      expect(await digestOfUpload(uploads, 'u')).toBe(sha256(someBytes(10)));
    } finally {
      await backend.close();
      await proxy.end();
    }
  });

  test('calls end with H811 where it stays away, and work again when it is back', async () => {
    backend = await open({ outageSeconds: 1 });
    const { registry, queue, objects } = backend;
    await registry.create('a', 1);
    await server.kill();
    const refused = await Promise.all([
      codesOfAsync(() => registry.get('a')),
      codesOfAsync(() => registry.create('b', 1)),
      codesOfAsync(() => queue.push(task)),
      codesOfAsync(() => objects.put('keys', 'k', inPieces(someBytes(10)), { limitBytes: 10 })),
      codesOfAsync(() => backend.check()),
    ]);
    expect(refused).toEqual(Array.from({ length: 5 }, () => ['H811']));
    const drained = queue.take({ suits: () => 0, signal: AbortSignal.timeout(100) });
    await expect(drained).rejects.toThrow(expect.objectContaining({ name: 'TimeoutError' }));
    await server.start();
    await expect.poll(() => codesOfAsync(() => registry.get('a')), { timeout: 10_000 }).toEqual([]);
    expect((await registry.get('a'))?.value).toBe(1);
  });

  test('a stream that is full refuses with H807, and keeps what it has', async () => {
    backend = await open({ storeBytes: 2 ** 22 });
    const { objects } = backend;
    const bytes = someBytes(300_000);
    await objects.put('inputs', 'small', inPieces(bytes), { limitBytes: bytes.length });
    const large = someBytes(600_000);
    const put = (source = inPieces(large)) => objects.put('inputs', 'large', source, { limitBytes: large.length });
    expect(await codesOfAsync(put)).toEqual(['H807']);
    // The refusal comes while the source has nothing; a rejection that nobody handles would end the process.
    async function* slowly() {
      yield* inPieces(large.subarray(0, 500_000));
      await delay(300);
      yield* inPieces(large.subarray(500_000));
    }
    expect(await codesOfAsync(() => put(slowly()))).toEqual(['H807']);
    expect(await objects.stat('inputs', 'large')).toBeUndefined();
    expect(await digestOf(await objects.read('inputs', 'small'))).toBe(sha256(bytes));
    // What had been sent of it is gone, so that what fits finds room.
    await expect
      .poll(() =>
        codesOfAsync(() =>
          objects.put('inputs', 'other', inPieces(bytes.subarray(0, 100_000)), { limitBytes: 100_000 }),
        ),
      )
      .toEqual([]);
  });

  test('the cache keeps its bound, and a damaged copy is downloaded again', async () => {
    backend = await open({ cacheBytes: 250_000 });
    const { objects } = backend;
    const all = [3, 5, 7].map((seed) => someBytes(100_000, seed));
    for (const [k, bytes] of all.entries())
      await objects.put('keys', `k${k}`, inPieces(bytes), { limitBytes: bytes.length });
    for (const k of [0, 1, 0, 2]) await digestOf(await objects.read('keys', `k${k}`));
    const cached = join(folder, 'cache', 'objects', 'keys');
    const digests = (await readdir(cached)).map((name) => name.split('.')[0]);
    expect(digests.toSorted()).toEqual([all[0], all[2]].map((bytes) => sha256(bytes ?? new Uint8Array())).toSorted());
    for (const name of await readdir(cached)) await writeFile(join(cached, name), 'damaged');
    expect(await digestOf(await objects.read('keys', 'k0'))).toBe(sha256(all[0] ?? new Uint8Array()));
    await objects.delete('keys', 'k0');
    expect(await listOf(objects.list('keys'))).toHaveLength(2);
  });
});

/** Between client and server, whose answers it may swallow. */
async function startProxy(url: string) {
  const sockets = new Set<Socket>();
  let isMute = false;
  const proxy = createServer((client) => {
    const upstream = connect({ host: '127.0.0.1', port: Number(new URL(url).port) });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
    client.pipe(upstream);
    upstream.on('data', (bytes) => {
      if (!isMute) client.write(bytes);
    });
    upstream.once('close', () => client.destroy());
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  const breakConnections = (): void => {
    isMute = false;
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  return {
    url: `nats://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`,
    muteServer: () => {
      isMute = true;
    },
    breakConnections,
    end: async () => {
      breakConnections();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}
