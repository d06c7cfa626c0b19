import { expect, test } from 'vitest';
import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { formatAddress, parseAddress, requireProtection } from '../../../../service/http/address.ts';
import { accepts, isKnown, preferencesOf } from '../../../../service/http/base/headers.ts';
import { Tokens } from '../../../../service/http/base/tenants.ts';
import { sha256Hex } from '../../../../ir/digest.ts';

test('preferences', () => {
  expect(preferencesOf(undefined)).toEqual({ respondAsync: false, wait: undefined });
  expect(preferencesOf('respond-async, wait=10')).toEqual({ respondAsync: true, wait: 10 });
  expect(preferencesOf('Wait="5"; x, handling=lenient')).toEqual({ respondAsync: false, wait: 5 });
  expect(preferencesOf('wait=-1, wait=3')).toEqual({ respondAsync: false, wait: undefined });
});

test('what is accepted', () => {
  const type = 'application/json';
  for (const header of [
    undefined,
    '',
    '*/*',
    'application/*',
    'text/html, application/json;q=0.1',
    'text/html, */*;q=0.5',
  ])
    expect(accepts(header, type)).toBe(true);
  for (const header of ['text/html', '*/*, application/json;q=0', 'application/json;q=0', 'image/*, text/*'])
    expect(accepts(header, type)).toBe(false);
});

test('entity tags', () => {
  expect(['"a"', 'W/"a"', '"b", "a"', '*'].map((header) => isKnown(header, '"a"'))).toEqual([true, true, true, true]);
  expect([undefined, '"b"', 'a'].map((header) => isKnown(header, '"a"'))).toEqual([false, false, false]);
});

test('addresses, and which need protection', () => {
  expect(
    ['127.0.0.1:8750', '[::1]:0', 'localhost:80'].map((text) =>
      formatAddress(parseAddress(text) ?? { host: '', port: 1 }),
    ),
  ).toEqual(['127.0.0.1:8750', '[::1]:0', 'localhost:80']);
  for (const text of ['', '8750', ':8750', 'a:b', '1.2.3.4:99999', '[x]:1', 'a b:1', '::1:80'])
    expect(parseAddress(text)).toBeUndefined();
  const allowed = (host: string, hasTokens: boolean, hasTls: boolean, behindProxy = false) => {
    try {
      requireProtection({ host, port: 1 }, { hasTokens, hasTls, behindProxy });
      return true;
    } catch (error) {
      expect(error).toBeInstanceOf(HepcError);
      return false;
    }
  };
  expect(['127.0.0.1', '127.1.2.3', '::1', 'localhost'].map((host) => allowed(host, false, false))).toEqual(
    Array(4).fill(true),
  );
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'example.org', '127.evil.org']) {
    expect([allowed(host, false, true), allowed(host, true, false), allowed(host, false, true, true)]).toEqual([
      false,
      false,
      false,
    ]);
    expect([allowed(host, true, true), allowed(host, true, false, true)]).toEqual([true, true]);
  }
});

test('tokens', () => {
  const [one, two] = ['0123456789abcdef', 'fedcba9876543210'];
  const tokens = new Tokens(`# us\n\nann ${one}\r\nbob sha256:${sha256Hex(Buffer.from(two))}`, 'tokens');
  expect(tokens.tenantOf(`Bearer ${one}`)).toBe('ann');
  expect(tokens.tenantOf(`bearer  ${two} `)).toBe('bob');
  for (const header of [undefined, '', one, `Basic ${one}`, `Bearer ${one}0`, `Bearer ${one} x`, 'Bearer '])
    expect(tokens.tenantOf(header)).toBeUndefined();
  expect(JSON.stringify(tokens)).not.toContain(one);
  const refused = (text: string) => {
    try {
      tokens.replace(text, 'tokens');
      return 'accepted';
    } catch (error) {
      expect(String(error)).not.toContain(one);
      return error instanceof HepcError ? error.diagnostics[0]?.at.line : error;
    }
  };
  expect(refused(`ann ${one} x`)).toBe(1);
  expect(refused(`\n../x ${one}`)).toBe(2);
  expect(refused('ann short')).toBe(1);
  expect(refused(`ann sha256:${one}`)).toBe(1);
  expect(refused(`ann ${one}\nbob ${one}`)).toBe(2);
  expect(refused('# none')).toBeUndefined();
  // What was there stays.
  expect(tokens.tenantOf(`Bearer ${one}`)).toBe('ann');
  tokens.replace(`eve ${one}`, 'tokens');
  expect(tokens.tenantOf(`Bearer ${one}`)).toBe('eve');
});
