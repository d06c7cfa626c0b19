/** Credentials of a NATS user, and a server that takes no others: what `nsc` makes for an operator, an account and a user. */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';

type KeyPair = ReturnType<typeof nkeys.createUser>;

const unlimited = { subs: -1, data: -1, payload: -1 };
const systemLimits = {
  ...{ ...unlimited, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 },
};
const accountLimits = { ...systemLimits, mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };

/** Files in `folder`: the configuration of a server, and the credentials of its only user. */
export function makeCredentials(folder: string): { readonly config: string; readonly creds: string } {
  const [operator, account, user] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createUser()];
  const ofOperator = tokenOf(operator, operator, { type: 'operator' });
  const ofAccount = tokenOf(account, operator, { type: 'account', limits: accountLimits });
  // JetStream wants one for itself.
  const system = nkeys.createAccount();
  const ofSystem = tokenOf(system, operator, { type: 'account', limits: systemLimits });
  const ofUser = tokenOf(user, account, { type: 'user', ...unlimited, pub: {}, sub: {} });
  const config = join(folder, 'operator.conf');
  writeFileSync(
    config,
    [
      `operator: ${ofOperator}`,
      `system_account: ${system.getPublicKey()}`,
      'resolver: MEMORY',
      `resolver_preload: { ${account.getPublicKey()}: ${ofAccount}, ${system.getPublicKey()}: ${ofSystem} }`,
    ].join('\n'),
  );
  const creds = join(folder, 'user.creds');
  writeFileSync(creds, `${section('NATS USER JWT', ofUser)}\n${section('USER NKEY SEED', textOf(user.getSeed()))}`);
  return { config, creds };
}

/** A JSON Web Token about `subject`, signed by `issuer`. */
function tokenOf(subject: KeyPair, issuer: KeyPair, claims: object): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const payload = {
    ...{ jti: randomUUID(), iat: Math.floor(Date.now() / 1000), name: 'test' },
    ...{ iss: issuer.getPublicKey(), sub: subject.getPublicKey(), nats: { ...claims, version: 2 } },
  };
  const signed = `${encode({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encode(payload)}`;
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString('base64url')}`;
}

function section(name: string, text: string): string {
  return `-----BEGIN ${name}-----\n${text}\n------END ${name}------\n`;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}
