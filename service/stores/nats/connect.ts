/** A connection that comes back by itself, by the credentials and certificates that the operator gave. */
import { readFile } from 'node:fs/promises';

import {
  type Authenticator,
  connect,
  credsAuthenticator,
  type NatsConnection,
  nkeyAuthenticator,
  type NodeConnectionOptions,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node';

import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { natsUnusable } from '../../../ir/diagnostics/service/stores.ts';
import { errorCode } from '../../base/on-disk.ts';
import type { NatsCredentials, NatsOptions } from './options.ts';

/** Addresses without what is secret in them, and the credentials that stand in the first. */
function readServers(text: string): { servers: string[]; credentials: NatsCredentials } {
  const urls = text.split(',').map((each) => {
    const trimmed = each.trim();
    return { url: trimmed, at: trimmed.lastIndexOf('@') };
  });
  const servers = urls.map(({ url, at }) =>
    at < 0 ? url : `${/^[a-z]+:\/\//.exec(url)?.[0] ?? ''}${url.slice(at + 1)}`,
  );
  const first = urls.find(({ at }) => at >= 0);
  if (first === undefined) return { servers, credentials: {} };
  const secret = first.url.slice(0, first.at).replace(/^[a-z]+:\/\//, '');
  const colon = secret.indexOf(':');
  const [user, password] = (colon < 0 ? [secret] : [secret.slice(0, colon), secret.slice(colon + 1)]).map(
    decodeURIComponent,
  );
  if (user === undefined) return { servers, credentials: {} };
  return { servers, credentials: password === undefined ? { token: user } : { user, password } };
}

/** Rejects with H802 where the server does not answer or refuses the credentials. */
export async function connectTo(text: string, options: NatsOptions): Promise<{ nc: NatsConnection; servers: string }> {
  const { servers, credentials } = readServers(text);
  const shown = servers.join(',');
  try {
    const connectionOptions: NodeConnectionOptions = {
      servers,
      authenticator: await authenticators({ ...credentials, ...options.credentials }),
      ...(options.tls === undefined ? {} : { tls: options.tls }),
      ...(options.name === undefined ? {} : { name: options.name }),
      timeout: 5000,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 200,
      reconnectJitter: 200,
      // A restarted server may refuse for a moment; one that refuses for good makes calls end with H811.
      ignoreAuthErrorAbort: true,
      pingInterval: 5000,
      maxPingOut: 2,
    };
    return { nc: await connect(connectionOptions), servers: shown };
  } catch (error) {
    if (error instanceof HepcError) throw error;
    // The library's messages hold no secrets, but those of the file system name the file.
    const reason = errorCode(error) ?? (error instanceof Error ? error.message : 'it does not answer');
    throw new HepcError([natsUnusable({ servers: shown, reason })]);
  }
}

async function authenticators(credentials: NatsCredentials): Promise<Authenticator[]> {
  const { user, password, token, nkeyFile, credsFile } = credentials;
  return [
    ...(user === undefined ? [] : [usernamePasswordAuthenticator(user, password)]),
    ...(token === undefined ? [] : [tokenAuthenticator(token)]),
    ...(nkeyFile === undefined ? [] : [nkeyAuthenticator(trimmed(await readFile(nkeyFile)))]),
    ...(credsFile === undefined ? [] : [credsAuthenticator(await readFile(credsFile))]),
  ];
}

function trimmed(seed: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(seed).toString('utf8').trim());
}
