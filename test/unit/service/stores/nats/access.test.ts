/** Who may use a server, and over which line: passwords, credentials of `nsc`, nkeys, certificates. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { NatsOptions } from '../../../../../service/stores/nats/options.ts';
import { openNatsBackend } from '../../../../../service/stores/nats/open.ts';
import { hasOpenSsl, makeCertificate } from '../../../../support/certificate.ts';
import { codesOfAsync } from '../../../../support/codes.ts';
import { makeCredentials } from '../../../../support/nats-credentials.ts';
import { natsServerPath, startNatsServer } from '../../../../support/nats-server.ts';

const reason = 'skipped: there is no nats-server 2.11 (HEPC_NATS_SERVER, PATH)';

describe.skipIf(natsServerPath === undefined)(natsServerPath === undefined ? reason : 'a guarded NATS', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hepc-access-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function serverWith(...args: string[]): Promise<string> {
    const server = await startNatsServer(args);
    onTestFinished(() => server.end());
    return server.url;
  }

  /** Opens a store and writes a record. */
  async function use(url: string, options: NatsOptions = {}): Promise<void> {
    const backend = await openNatsBackend(url, { storeBytes: 2 ** 26, cacheFolder: join(folder, 'cache'), ...options });
    try {
      expect(await backend.registry.create('a', 1)).toMatchObject({ value: 1 });
    } finally {
      await backend.close();
    }
  }

  const refused = (url: string, options?: NatsOptions) => codesOfAsync(() => use(url, options));

  test('a password, which no message repeats', async () => {
    const url = await serverWith('--user', 'hepc', '--pass', 'secret/@:%');
    const wrong = url.replace('//', '//hepc:wrong-word@');
    expect(await refused(url)).toEqual(['H802']);
    expect(await refused(wrong)).toEqual(['H802']);
    await expect(openNatsBackend(wrong)).rejects.not.toThrow('wrong-word');
    await use(url.replace('//', `//hepc:${encodeURIComponent('secret/@:%')}@`));
  });

  test('a token', async () => {
    const url = await serverWith('--auth', 'letmein');
    expect(await refused(url.replace('//', '//let@'))).toEqual(['H802']);
    await use(url.replace('//', '//letmein@'));
  });

  test('credentials of a user, as nsc makes them', async () => {
    const { config, creds } = makeCredentials(folder);
    const url = await serverWith('--config', config);
    expect(await refused(url)).toEqual(['H802']);
    const { creds: ofOthers } = makeCredentials(await mkdtemp(join(folder, 'others-')));
    expect(await refused(url, { credentials: { credsFile: ofOthers } })).toEqual(['H802']);
    await use(url, { credentials: { credsFile: creds } });
  });

  test('an nkey', async () => {
    const user = nkeys.createUser();
    const seed = join(folder, 'user.nk');
    await writeFile(seed, `${Buffer.from(user.getSeed()).toString()}\n`);
    const config = join(folder, 'nkey.conf');
    await writeFile(config, `authorization: { users: [ { nkey: ${user.getPublicKey()} } ] }\n`);
    const url = await serverWith('--config', config);
    expect(await refused(url)).toEqual(['H802']);
    await use(url, { credentials: { nkeyFile: seed } });
  });

  test.skipIf(!hasOpenSsl)(hasOpenSsl ? 'TLS, also on both sides' : 'skipped: there is no openssl', async () => {
    const { key, cert } = makeCertificate(folder);
    const tls = ['--tls', '--tlscert', cert, '--tlskey', key];
    const oneSided = await serverWith(...tls);
    // A certificate that the system does not know.
    expect(await refused(oneSided)).toEqual(['H802']);
    await use(oneSided, { tls: { caFile: cert } });
    const { cert: another } = makeCertificate(await mkdtemp(join(folder, 'others-')));
    expect(await refused(oneSided, { tls: { caFile: another } })).toEqual(['H802']);

    const mutual = await serverWith(...tls, '--tlsverify', '--tlscacert', cert);
    expect(await refused(mutual, { tls: { caFile: cert } })).toEqual(['H802']);
    await use(mutual, { tls: { caFile: cert, certFile: cert, keyFile: key } });
  });

  test.skipIf(!hasOpenSsl)('where TLS is asked for, a server without it is refused', async () => {
    const { cert } = makeCertificate(folder);
    const url = await serverWith();
    expect(await refused(url, { tls: { caFile: cert } })).toEqual(['H802']);
  });
});
