import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

import { describe, expect, test } from 'vitest';

import { InternalError } from '../../../../../ir/diagnostics/diagnostic.ts';
import { codesOfAsync } from '../../../../support/codes.ts';
import {
  type BackendKind,
  digestOf,
  failing,
  inPieces,
  listOf,
  sha256,
  someBytes,
  withStore,
} from './store-under-test.ts';

const limitBytes = 2 ** 20;

export function objectContract(kind: BackendKind): void {
  describe('objects', () => {
    test.each([0, 1, 300_000, 700_001])('%i bytes are read as they were stored', async (length) => {
      await withStore(kind, async ({ backend: { objects }, reopen }) => {
        const bytes = someBytes(length);
        const stored = await objects.put('inputs', 'a-B_1', inPieces(bytes), { limitBytes, durable: true });
        expect(stored).toMatchObject({ name: 'a-B_1', bytes: length, digest: sha256(bytes) });
        expect(Math.abs(Date.now() - stored.storedAt)).toBeLessThan(60_000);
        expect(await objects.stat('inputs', 'a-B_1')).toEqual(stored);
        expect([await objects.isWhole('inputs', 'a-B_1'), await objects.isWhole('outputs', 'a-B_1')]).toEqual([
          true,
          false,
        ]);
        expect(await digestOf(await objects.read('inputs', 'a-B_1'))).toBe(sha256(bytes));
        expect(await objects.read('outputs', 'a-B_1')).toBeUndefined();
        const again = (await reopen()).objects;
        expect(await listOf(again.list('inputs'))).toEqual([stored]);
        expect(await digestOf(await again.read('inputs', 'a-B_1'))).toBe(sha256(bytes));
      });
    });

    test.each([0, 300_000])('a file of %i bytes becomes an object, and is gone', async (length) => {
      await withStore(kind, async ({ backend: { objects }, reopen }) => {
        const bytes = someBytes(length);
        await objects.put('outputs', 'o', inPieces(someBytes(10)), { limitBytes });
        const path = objects.unfinishedPath('o');
        await writeFile(path, bytes);
        const stored = await objects.putFile('outputs', 'o', { path, bytes: length, digest: sha256(bytes) });
        expect(stored).toMatchObject({ name: 'o', bytes: length, digest: sha256(bytes) });
        expect(existsSync(path)).toBe(false);
        expect(await digestOf(await objects.read('outputs', 'o'))).toBe(sha256(bytes));
        const left = objects.unfinishedPath('o');
        await writeFile(left, bytes);
        const again = (await reopen()).objects;
        expect(await listOf(again.list('outputs'))).toEqual([stored]);
        await expect.poll(() => existsSync(left)).toBe(false);
      });
    });

    test('a file that is not what is said of it is no object', async () => {
      await withStore(kind, async ({ backend: { objects } }) => {
        const path = objects.unfinishedPath('o');
        const file = { path, bytes: 3, digest: sha256(someBytes(3)) };
        await expect(objects.putFile('outputs', 'o', file)).rejects.toThrow();
        await writeFile(path, someBytes(2));
        const stored = await objects.putFile('outputs', 'o', file).catch(() => undefined);
        // Where it is not read before, it is when somebody asks for it.
        if (stored !== undefined)
          expect(await codesOfAsync(async () => digestOf(await objects.read('outputs', 'o')))).toEqual(['H808']);
      });
    });

    test('a file stays until it is released, whatever becomes of the object', async () => {
      await withStore(kind, async ({ backend: { objects } }) => {
        const [old, later] = [someBytes(5000, 3), someBytes(4000, 5)];
        await objects.put('keys', 'k', inPieces(old), { limitBytes });
        const file = await objects.open('keys', 'k');
        await objects.put('keys', 'k', inPieces(later), { limitBytes });
        const other = await objects.open('keys', 'k');
        expect(await objects.delete('keys', 'k')).toBe(true);
        expect(await objects.delete('keys', 'k')).toBe(false);
        expect(await objects.open('keys', 'k')).toBeUndefined();
        if (file === undefined || other === undefined) throw new Error('not opened');
        expect([file.bytes, other.bytes]).toEqual([5000, 4000]);
        expect(sha256(await readFile(file.path))).toBe(sha256(old));
        expect(sha256(await readFile(other.path))).toBe(sha256(later));
        await Promise.all([file.release(), other.release()]);
      });
    });

    test('who reads a replaced object reads the old one to its end', async () => {
      await withStore(kind, async ({ backend: { objects } }) => {
        const [old, later] = [someBytes(900_000, 3), someBytes(900_000, 5)];
        await objects.put('keys', 'k', inPieces(old, 100_000), { limitBytes });
        const reading = (await objects.read('keys', 'k'))?.[Symbol.asyncIterator]();
        if (reading === undefined) throw new Error('not there');
        const first = await reading.next();
        await objects.put('keys', 'k', inPieces(later, 100_000), { limitBytes });
        const parts = first.done === true ? [] : [first.value];
        for await (const part of { [Symbol.asyncIterator]: () => reading }) parts.push(part);
        const read = sha256(Buffer.concat(parts));
        expect(read).toBe(sha256(old));
        expect(await digestOf(await objects.read('keys', 'k'))).toBe(sha256(later));
      });
    });

    test('nothing is stored of what is refused or breaks off, and the old object stays', async () => {
      await withStore(kind, async ({ backend: { objects }, reopen }) => {
        const [bytes, old] = [someBytes(5000), someBytes(10)];
        const digest = sha256(bytes);
        await objects.put('keys', 'k', inPieces(old), { limitBytes });
        const put = (source: AsyncIterable<Uint8Array>, limit: number) =>
          codesOfAsync(() => objects.put('keys', 'k', source, { limitBytes: limit, digest }));
        expect(await put(inPieces(bytes), 4999)).toEqual(['H806']);
        expect(await put(inPieces(someBytes(5000, 9)), 5000)).toEqual(['H805']);
        await expect(put(failing(bytes, 3000), 5000)).rejects.toThrow('the connection broke');
        expect(await digestOf(await objects.read('keys', 'k'))).toBe(sha256(old));
        expect(await put(inPieces(bytes), 5000)).toEqual([]);
        expect(await digestOf(await (await reopen()).objects.read('keys', 'k'))).toBe(sha256(bytes));
      });
    });

    test('storing ends when its signal aborts, even with a silent source', async () => {
      await withStore(kind, async ({ backend: { objects } }) => {
        const abort = new AbortController();
        async function* silent(): AsyncGenerator<Uint8Array, void, undefined> {
          yield someBytes(10);
          await delay(60_000, undefined, { signal: AbortSignal.timeout(30_000) });
        }
        const storing = objects.put('inputs', 'i', silent(), { limitBytes, signal: abort.signal });
        setTimeout(() => {
          abort.abort(new Error('gone'));
        }, 50);
        await expect(storing).rejects.toThrow('gone');
        expect(await objects.stat('inputs', 'i')).toBeUndefined();
      });
    });

    test('of two that store at once under one name, one is there as a whole', async () => {
      await withStore(kind, async ({ backend: { objects } }) => {
        const all = [3, 5, 7].map((seed) => someBytes(50_000, seed));
        await Promise.all(all.map((bytes) => objects.put('outputs', 'o', inPieces(bytes), { limitBytes })));
        expect(all.map(sha256)).toContain(await digestOf(await objects.read('outputs', 'o')));
        expect(await listOf(objects.list('outputs'))).toHaveLength(1);
      });
    });

    test('nothing else is a name', async () => {
      await withStore(kind, async ({ backend: { objects, uploads } }) => {
        for (const name of ['', '..', '../a', 'a/b', 'a.b', 'a b', 'ä', 'x'.repeat(129)]) {
          await expect(async () => objects.put('keys', name, inPieces(someBytes(1)), { limitBytes })).rejects.toThrow(
            InternalError,
          );
          await expect(async () => objects.stat('keys', name)).rejects.toThrow(InternalError);
          await expect(async () => objects.read('keys', name)).rejects.toThrow(InternalError);
          await expect(async () => objects.open('keys', name)).rejects.toThrow(InternalError);
          await expect(async () => objects.delete('keys', name)).rejects.toThrow(InternalError);
          await expect(async () => uploads.create(name, 1, null)).rejects.toThrow(InternalError);
          await expect(async () => uploads.get(name)).rejects.toThrow(InternalError);
        }
        expect(await objects.stat('keys', 'x'.repeat(128))).toBeUndefined();
      });
    });
  });
}
