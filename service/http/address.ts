/** Where a service listens, and whether it may. */
import { isIP } from 'node:net';
import { cannotListen, unsafeAddress } from '../../ir/diagnostics/service/http.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';

export interface Address {
  readonly host: string;
  /** 0 for one that is free. */
  readonly port: number;
}

export interface Protection {
  readonly hasTokens: boolean;
  readonly hasTls: boolean;
  /** Something in front does TLS, or the network is trusted. */
  readonly behindProxy: boolean;
}

/** Of `HOST:PORT`, with an IPv6 address in brackets; undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  const [, bracketed, plain, digits = ''] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const port = Number(digits);
  if (host === '' || port > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6)) return undefined;
  return { host, port };
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Throws H867 for an address that others can reach where they could do harm. */
export function requireProtection(address: Address, { hasTokens, hasTls, behindProxy }: Protection): void {
  if (isLoopback(address.host)) return;
  const missing = [
    ...(hasTokens ? [] : [{ reason: 'no token to know them by', options: '--tokens FILE' }]),
    ...(hasTls || behindProxy ? [] : [{ reason: 'no TLS', options: '--tls-cert and --tls-key, or --behind-proxy' }]),
  ];
  if (missing.length === 0) return;
  const reason = missing.map((each) => each.reason).join(', and ');
  const options = missing.map((each) => each.options).join(', and ');
  throw new HepcError([unsafeAddress({ address: formatAddress(address), reason, options })]);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** What listening has ended with, as H869. */
export function listenError(error: unknown, address: Address): unknown {
  if (!(error instanceof Error && 'syscall' in error)) return error;
  const code = 'code' in error ? String(error.code) : '';
  const reason = reasons[code] ?? (code === '' ? error.message : code);
  return new HepcError([cannotListen({ address: formatAddress(address), reason })]);
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'it is no address of this machine',
  EACCES: 'this user may not',
  ENOTFOUND: 'there is no such host',
};
