/** `npm run mnist`: the samples that it writes, and what it says of a command line that does not fit. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadSamples } from '../../runtime/samples.ts';
import { temporaryFolder } from '../support/cli.ts';

const program = join(import.meta.dirname, '..', '..', 'examples', 'mnist-samples.ts');

function mnist(...args: readonly string[]) {
  const node = ['--disable-warning=ExperimentalWarning', program, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, node, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('writes as many images as are asked for, with their labels', () => {
  const file = join(temporaryFolder(), 'test.npz');
  expect(mnist(file, '3', '--test')).toEqual({ status: 0, stdout: '', stderr: '' });
  const samples = loadSamples(readFileSync(file), file, [{ name: 'x', shape: [1, 28, 28], hasBatchAxis: true }]);
  expect(samples).toMatchObject({ count: 3, labels: [7, 2, 1] });
});

test('explains itself', () => {
  const { status, stdout, stderr } = mnist('--help');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  for (const text of ['FILE.npz', 'COUNT', '--test']) expect(stdout).toContain(text);
});

test.each([
  [[], 'mnist: FILE.npz is missing'],
  [['x.npz', 'many'], 'mnist: COUNT is a whole number of at least 1, got "many"'],
  [['x.npz', '5', '6'], 'mnist: unexpected 6'],
  [['x.npz', '--tset'], "mnist: Unknown option '--tset'"],
])('%j is refused with the usage', (args, message) => {
  const { status, stdout, stderr } = mnist(...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(message);
  expect(stderr).toContain('usage: npm run mnist');
  expect(stderr).not.toContain('    at ');
  expect(existsSync('x.npz')).toBe(false);
});
