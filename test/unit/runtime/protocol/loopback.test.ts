import { expect, test } from 'vitest';
import { isLoopback } from '../../../../runtime/protocol/loopback.ts';

test.each(['localhost', 'a.localhost', '127.0.0.1', '127.9.8.7', '::1', '[::1]'])('%s is this machine', (host) => {
  expect(isLoopback(host)).toBe(true);
});

test.each(['localhost.example', 'notlocalhost', '10.0.0.1', '128.0.0.1', '127.0.0.1.example', '0.0.0.0', '::', ''])(
  '%s is not',
  (host) => {
    expect(isLoopback(host)).toBe(false);
  },
);
