/** The example of a service and its client in one program answers three digits as they are. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const example = join(import.meta.dirname, '..', '..', 'examples', 'service-app.ts');

test('the example of a service and its client', async () => {
  const args = ['--disable-warning=ExperimentalWarning', example];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toMatch(/^the digit is 7\nthe digit is 2\nthe digit is 1\n\d+ bytes went there, \d+ came back/);
}, 60_000);
