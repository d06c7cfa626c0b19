/** Messages that are gone or are not what they should be. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Link } from '../../../../../service/stores/nats/link.ts';
import { openNatsBackend } from '../../../../../service/stores/nats/open.ts';
import { codesOfAsync } from '../../../../support/codes.ts';
import { type NatsServer, natsServerPath, startNatsServer } from '../../../../support/nats-server.ts';
import { digestOf, inPieces, sha256, someBytes } from '../contract/store-under-test.ts';

const reason = 'skipped: there is no nats-server 2.11 (HEPC_NATS_SERVER, PATH)';

describe.skipIf(natsServerPath === undefined)(natsServerPath === undefined ? reason : 'a damaged NATS', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNatsServer();
  });
  afterAll(() => server.end());

  /** A store, and a way past it. */
  async function open(prefix: string) {
    const cacheFolder = await mkdtemp(join(tmpdir(), 'hepc-damage-'));
    const backend = await openNatsBackend(server.url, { prefix, storeBytes: 2 ** 26, cacheFolder });
    const link = await Link.open(server.url, {});
    onTestFinished(async () => {
      await link.close();
      await backend.close();
      await rm(cacheFolder, { recursive: true });
    });
    return { backend, link };
  }

  test('an object that has lost chunks is not whole, and is mended by storing it again', async () => {
    const { backend, link } = await open('chunks');
    const { objects } = backend;
    const bytes = someBytes(600_000);
    const put = () => objects.put('keys', 'k', inPieces(bytes), { limitBytes: bytes.length });
    await put();
    expect(await objects.isWhole('keys', 'k')).toBe(true);
    await link.purge('keys', 'chunks_keys', 'chunks.keys.>');
    expect(await objects.isWhole('keys', 'k')).toBe(false);
    expect(await codesOfAsync(async () => digestOf(await objects.read('keys', 'k')))).toEqual(['H808']);
    await put();
    expect(await objects.isWhole('keys', 'k')).toBe(true);
    expect(await digestOf(await objects.read('keys', 'k'))).toBe(sha256(bytes));
  });

  test.each(['garbage', '{"of":"another version"}'])(
    'a task that reads %s keeps nobody from the others',
    async (text) => {
      const { backend, link } = await open(`tasks${text.length}`);
      await link.publish('a task', `$KV.tasks${text.length}_tasks.damaged`, text);
      const task = { job: 'j', part: 0, plan: 'p', keys: 'k' };
      await backend.queue.push(task);
      const signal = AbortSignal.timeout(5000);
      expect((await backend.queue.take({ suits: () => 0, signal })).task).toEqual(task);
      expect(await backend.queue.parts()).toEqual(new Map([['j', new Set([0])]]));
    },
  );
});
