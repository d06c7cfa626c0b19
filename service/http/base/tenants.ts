/**
 * Who may use a service: tenants by their tokens. Only digests are held, so that nothing that prints this prints a token,
 * and each is compared in the same time whatever it is.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { badTokens } from '../../../ir/diagnostics/service/http.ts';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';

interface Credential {
  readonly tenant: string;
  /** SHA-256 of the token. */
  readonly digest: Buffer;
}

/** The tenant of a service without tokens. */
export const anonymousTenant = 'anonymous';
/** The tenant that reads metrics, where there are tokens, and does nothing else. */
export const metricsTenant = 'metrics';

const namePattern = /^[A-Za-z0-9_-]{1,64}$/;
const tokenPattern = /^[A-Za-z0-9._~+/-]{16,512}=*$/;

export class Tokens {
  private credentials: readonly Credential[];

  /** The content of a file of tokens. Throws H865, which tells lines and no tokens. */
  constructor(text: string, file: string) {
    this.credentials = parse(text, file);
  }

  /** From now on those of another content. Throws H865, and keeps what there was. */
  replace(text: string, file: string): void {
    this.credentials = parse(text, file);
  }

  /** The tenant that an `Authorization` header names. */
  tenantOf(authorization: string | undefined): string | undefined {
    const token = /^Bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return undefined;
    const digest = sha256(token);
    let found: string | undefined;
    // All of them, so that the time does not tell which it is.
    for (const { tenant, digest: known } of this.credentials) if (timingSafeEqual(digest, known)) found = tenant;
    return found;
  }
}

function parse(text: string, file: string): Credential[] {
  const credentials: Credential[] = [];
  for (const [k, line] of text.split(/\r?\n/).entries()) {
    const refuse = (reason: string): never => {
      throw new HepcError([badTokens({ reason }, { file, line: k + 1 })]);
    };
    const words = line.trim().split(/\s+/);
    const [tenant = '', secret = ''] = words;
    if (tenant === '' || tenant.startsWith('#')) continue;
    if (words.length !== 2) refuse(`expected a name and a token, got ${words.length} words`);
    if (!namePattern.test(tenant)) refuse('expected a name of letters, digits, - and _, at most 64');
    const [, hex] = /^sha256:(.*)$/.exec(secret) ?? [];
    if (hex !== undefined && !/^[0-9a-f]{64}$/i.test(hex)) refuse('expected 64 hexadecimal digits after sha256:');
    if (hex === undefined && !tokenPattern.test(secret))
      refuse('expected a token of at least 16 letters, digits and -._~+/');
    const digest = hex === undefined ? sha256(secret) : Buffer.from(hex, 'hex');
    if (credentials.some((each) => each.digest.equals(digest))) refuse('the token stands in an earlier line as well');
    credentials.push({ tenant, digest });
  }
  if (credentials.length === 0) throw new HepcError([badTokens({ reason: 'there is no token in it' }, { file })]);
  return credentials;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
