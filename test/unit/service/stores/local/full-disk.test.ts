/** On a small file system of its own, which only root may mount. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Backend } from '../../../../../service/stores/backend.ts';
import { openLocalBackend } from '../../../../../service/stores/local/open.ts';
import { codesOfAsync } from '../../../../support/codes.ts';
import { digestOf, digestOfUpload, inPieces, listOf, sha256, someBytes } from '../contract/store-under-test.ts';

const canMount = process.platform === 'linux' && process.getuid?.() === 0 && tryToMount();

function tryToMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', '-o', 'size=1M', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!canMount)(canMount ? 'a full disk' : 'skipped: this user may not mount a small file system', () => {
  let root = '';
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'hepc-full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1M,mode=700', 'tmpfs', root]);
  });
  afterAll(async () => {
    execFileSync('umount', [root]);
    await rm(root, { recursive: true });
  });

  const old = someBytes(5000);
  const later = someBytes(200_000);

  /** What is there is one of the states that may be, whatever has been refused. */
  async function check(store: string, { objects, registry, uploads }: Backend): Promise<void> {
    expect(await readdir(join(store, 'unfinished'))).toEqual([]);
    expect(['old', 'new']).toContain((await registry.get('r'))?.value);
    expect([sha256(old), sha256(later)]).toContain(await digestOf(await objects.read('keys', 'k')));
    const offset = (await uploads.get('u'))?.offset ?? NaN;
    expect(offset).toBeGreaterThanOrEqual(3000);
    expect(await digestOfUpload(uploads, 'u')).toBe(sha256(later.subarray(0, offset)));
  }

  test('at whichever point it is full, H807 tells, and nothing is half there', async () => {
    const refusals: Record<string, number> = {};
    for (const pages of [0, 1, 2, 3, 4, 7, 12, 30, 60, 120]) {
      const store = join(root, 'store');
      await mkdir(store);
      const backend = await openLocalBackend(store);
      const { objects, registry, uploads, queue } = backend;
      await objects.put('keys', 'k', inPieces(old), { limitBytes: 5000 });
      const record = await registry.create('r', 'old');
      await uploads.create('u', later.length, null);
      await uploads.append('u', 0, inPieces(later.subarray(0, 3000)));
      const { bavail, bsize } = await statfs(root);
      await writeFile(join(root, 'filler'), new Uint8Array((bavail - pages) * bsize));
      const outcomes: Record<string, string[]> = {
        update: await codesOfAsync(async () => record && registry.update(record, 'new')),
        create: await codesOfAsync(() => registry.create('c', 'x'.repeat(9000))),
        push: await codesOfAsync(() => queue.push({ job: 'j', part: 0, plan: 'p', keys: 'k' })),
        upload: await codesOfAsync(() => uploads.create('v', 10, 'x'.repeat(9000))),
        append: await codesOfAsync(() => uploads.append('u', 3000, inPieces(later.subarray(3000)))),
        put: await codesOfAsync(() =>
          objects.put('keys', 'k', inPieces(later), { limitBytes: later.length, durable: true }),
        ),
        check: await codesOfAsync(() => backend.check()),
      };
      for (const [what, codes] of Object.entries(outcomes)) {
        expect([[], ['H807']]).toContainEqual(codes);
        refusals[what] = (refusals[what] ?? 0) + codes.length;
      }
      const state = async ({ registry: records, queue: tasks, uploads: all }: Backend) => ({
        created: (await listOf(records.list('c'))).length,
        pushed: await tasks.waiting(),
        uploads: (await listOf(all.list())).length,
        value: (await records.get('r'))?.value,
      });
      const expected = {
        created: outcomes['create']?.length === 0 ? 1 : 0,
        pushed: outcomes['push']?.length === 0 ? 1 : 0,
        uploads: outcomes['upload']?.length === 0 ? 2 : 1,
        value: outcomes['update']?.length === 0 ? 'new' : 'old',
      };
      expect(await state(backend)).toEqual(expected);
      await check(store, backend);
      await rm(join(root, 'filler'));
      await backend.close();
      const again = await openLocalBackend(store);
      expect(await state(again)).toEqual(expected);
      await check(store, again);
      await again.close();
      await rm(store, { recursive: true });
    }
    // Each of them has met the end of the disk.
    expect(Object.values(refusals).every((count) => count > 0)).toBe(true);
  });
});
