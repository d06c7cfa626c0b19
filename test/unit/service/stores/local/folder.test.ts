import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import type { Diagnostic } from '../../../../../ir/diagnostics/diagnostic.ts';
import { openLocalBackend } from '../../../../../service/stores/local/open.ts';
import { codesOfAsync } from '../../../../support/codes.ts';
import { digestOf, inPieces, listOf, sha256, someBytes } from '../contract/store-under-test.ts';

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'hepc-store-')), 'store');
});
afterEach(async () => {
  await rm(join(folder, '..'), { recursive: true });
});

const limitBytes = 2 ** 20;
const task = { job: 'j', part: 0, plan: 'p', keys: 'k' };

/** Writes the lock of a backend that was closed, with other fields. */
async function leaveLock(changes: object): Promise<void> {
  const backend = await openLocalBackend(folder);
  const text = await readFile(join(folder, 'lock'), 'utf8');
  await backend.close();
  await writeFile(join(folder, 'lock'), JSON.stringify({ ...(JSON.parse(text) as object), ...changes }));
}

test('a second process is refused, by the pid of the first', async () => {
  const backend = await openLocalBackend(folder);
  await expect(openLocalBackend(folder)).rejects.toThrow(`process ${process.pid}`);
  expect(await codesOfAsync(() => openLocalBackend(folder))).toEqual(['H800']);
  await backend.close();
  await (await openLocalBackend(folder)).close();
});

test('the lock of a process that has ended is taken over, also where another has its pid now', async () => {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  await leaveLock({ pid: child.pid });
  await (await openLocalBackend(folder)).close();
  // This process is alive, but did not begin then.
  await leaveLock({ began: '1' });
  await (await openLocalBackend(folder)).close();
});

test('the lock of another machine counts as long as it is touched', async () => {
  const backend = await openLocalBackend(folder);
  const path = join(folder, 'lock');
  const text = await readFile(path, 'utf8');
  await writeFile(path, JSON.stringify({ ...(JSON.parse(text) as object), place: 'elsewhere', host: 'elsewhere' }));
  await expect(openLocalBackend(folder)).rejects.toThrow('of elsewhere');
  await writeFile(path, text);
  await backend.close();
});

test('of those that find a stale lock at once, one gets it', async () => {
  for (let round = 0; round < 20; round++) {
    await leaveLock({ began: '1' });
    const opened = await Promise.allSettled(Array.from({ length: 8 }, () => openLocalBackend(folder)));
    const held = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    expect(held).toHaveLength(1);
    for (const each of opened) if (each.status === 'rejected') expect(String(each.reason)).toContain('H800');
    await held[0]?.close();
    expect((await readdir(folder)).filter((name) => name.startsWith('lock'))).toEqual([]);
  }
});

test('of a process that ended while it replaced a stale lock nothing is left', async () => {
  await leaveLock({ began: '1' });
  const text = await readFile(join(folder, 'lock'), 'utf8');
  const claim = `lock.${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
  await writeFile(join(folder, claim), text);
  await (await openLocalBackend(folder)).close();
  expect((await readdir(folder)).filter((name) => name.startsWith('lock'))).toEqual([]);
});

test('nobody else may read what is stored', async () => {
  const backend = await openLocalBackend(folder);
  await backend.objects.put('keys', 'k', inPieces(someBytes(10)), { limitBytes });
  await backend.registry.create('a', 1);
  await backend.queue.push(task);
  await backend.uploads.create('u', 1, null);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const { mode } = await stat(join(entry.parentPath, entry.name));
    expect([entry.name, mode & 0o077]).toEqual([entry.name, 0]);
  }
  expect((await stat(folder)).mode & 0o077).toBe(0);
  await backend.close();
});

test('a folder that cannot be one is refused', async () => {
  await mkdir(folder);
  await writeFile(join(folder, 'file'), '');
  expect(await codesOfAsync(() => openLocalBackend(join(folder, 'file')))).toEqual(['H801']);
  expect(await codesOfAsync(() => openLocalBackend(join(folder, 'file', 'x')))).toEqual(['H801']);
  await writeFile(join(folder, 'version'), 'hepc store 99\n');
  expect(await codesOfAsync(() => openLocalBackend(folder))).toEqual(['H801']);
  await rm(join(folder, 'version'));
  await (await openLocalBackend(folder)).close();
});

test('leftovers of a crash go; of two versions of an object the later stays', async () => {
  const first = await openLocalBackend(folder);
  await first.objects.put('keys', 'k', inPieces(someBytes(10, 3)), { limitBytes });
  const [old = ''] = await readdir(join(folder, 'objects', 'keys'));
  await first.objects.put('keys', 'k', inPieces(someBytes(10, 5)), { limitBytes });
  await first.close();
  await writeFile(join(folder, 'objects', 'keys', old), someBytes(10, 3));
  for (const name of ['unfinished', 'opened', 'arrived']) await writeFile(join(folder, name, 'left'), 'left');
  const second = await openLocalBackend(folder);
  expect(await digestOf(await second.objects.read('keys', 'k'))).toBe(sha256(someBytes(10, 5)));
  expect(await readdir(join(folder, 'objects', 'keys'))).toHaveLength(1);
  for (const name of ['unfinished', 'opened', 'arrived']) expect(await readdir(join(folder, name))).toEqual([]);
  await second.close();
});

test.each(['changed', 'cut', 'longer', 'gone'])('an object whose file is %s is never given as good', async (how) => {
  const bytes = someBytes(600_000);
  const first = await openLocalBackend(folder);
  await first.objects.put('keys', 'k', inPieces(bytes), { limitBytes });
  await (await first.objects.open('keys', 'k'))?.release();
  const path = join(folder, 'objects', 'keys', (await readdir(join(folder, 'objects', 'keys')))[0] ?? '');
  if (how === 'gone') await rm(path);
  else if (how === 'changed') await writeFile(path, someBytes(600_000, 3));
  else await writeFile(path, how === 'cut' ? bytes.subarray(0, 599_999) : Buffer.concat([bytes, bytes]));
  const check = async ({ objects }: typeof first): Promise<void> => {
    expect(await codesOfAsync(() => objects.open('keys', 'k'))).toEqual(['H808']);
    let given = 0;
    const reading = codesOfAsync(async () => {
      for await (const piece of (await objects.read('keys', 'k')) ?? []) given += piece.length;
    });
    expect(await reading).toEqual(['H808']);
    expect(await objects.isWhole('keys', 'k')).toBe(false);
    expect(given).toBeLessThan(bytes.length);
    expect(await readdir(join(folder, 'opened'))).toEqual([]);
  };
  await check(first);
  await first.close();
  if (how === 'gone') return;
  const second = await openLocalBackend(folder);
  await check(second);
  expect(await second.objects.delete('keys', 'k')).toBe(true);
  await second.close();
});

test('damaged records and tasks are set aside, and told', async () => {
  const first = await openLocalBackend(folder);
  for (const name of ['good', 'cut', 'changed']) await first.registry.create(name, 'some text');
  await first.queue.push(task);
  await first.uploads.create('u', 5, null);
  await first.close();
  const change = async (path: string, by: (text: string) => string): Promise<void> =>
    writeFile(path, by(await readFile(path, 'utf8')));
  await change(join(folder, 'registry', 'cut.json'), (text) => text.slice(0, -5));
  await change(join(folder, 'registry', 'changed.json'), (text) => text.replace('some', 'same'));
  await change(join(folder, 'tasks', (await readdir(join(folder, 'tasks')))[0] ?? ''), () => '');
  await change(join(folder, 'uploads', 'u.json'), (text) => text.replace('"length":5', '"length":6'));
  const told: Diagnostic[] = [];
  const second = await openLocalBackend(folder, { onDamaged: (diagnostic) => told.push(diagnostic) });
  expect(told.map(({ code }) => code)).toEqual(['H810', 'H810', 'H810', 'H810']);
  expect((await listOf(second.registry.list(''))).map(({ name }) => name)).toEqual(['good']);
  expect(await second.queue.waiting()).toBe(0);
  expect(await second.uploads.get('u')).toBeUndefined();
  expect(await readdir(join(folder, 'damaged'))).toHaveLength(4);
  expect(await readdir(join(folder, 'arrived'))).toEqual([]);
  expect(await second.registry.create('cut', 2)).toMatchObject({ value: 2 });
  await second.close();
});
