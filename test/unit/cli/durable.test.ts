/** What is written is on the disk before it takes its place, and its place before the command ends. */
import { beforeEach, expect, test, vi } from 'vitest';
import { join } from 'node:path';
import { temporaryFolder } from '../../support/cli.ts';

const calls = vi.hoisted((): string[] => []);

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  return {
    ...fs,
    fsyncSync: (file: number) => {
      calls.push(fs.fstatSync(file).isDirectory() ? 'sync folder' : 'sync file');
      fs.fsyncSync(file);
    },
    renameSync: (from: string, to: string) => {
      calls.push('rename');
      fs.renameSync(from, to);
    },
  };
});

beforeEach(() => {
  calls.length = 0;
});

test('a file', async () => {
  const { OutputFile } = await import('../../../cli/files/output-file.ts');
  new OutputFile(join(temporaryFolder(), 'out')).write('text');
  expect(calls).toEqual(['sync file', 'rename', 'sync folder']);
});

test('a set of keys', async () => {
  const { KeyFolder } = await import('../../../cli/files/keys/key-folder.ts');
  const folder = new KeyFolder(join(temporaryFolder(), 'keys'), false);
  const key = new Uint8Array(8);
  folder.write({ secretKey: key, publicKey: key, evaluationKeys: key });
  folder.close();
  expect(calls).toEqual(['sync file', 'sync file', 'sync file', 'sync folder', 'rename', 'sync folder']);
});
