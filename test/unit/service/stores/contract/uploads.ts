import { describe, expect, test } from 'vitest';

import { codesOfAsync } from '../../../../support/codes.ts';
import {
  type BackendKind,
  digestOfUpload,
  failing,
  inPieces,
  listOf,
  sha256,
  someBytes,
  withStore,
} from './store-under-test.ts';

export function uploadContract(kind: BackendKind): void {
  describe('uploads', () => {
    test('bytes that arrived stay, over broken connections and reopening', async () => {
      await withStore(kind, async ({ backend: { uploads }, reopen }) => {
        const bytes = someBytes(600_000);
        const note = { tenant: 't' };
        const created = await uploads.create('u', bytes.length, note);
        expect(created).toMatchObject({ id: 'u', length: bytes.length, offset: 0, note });
        await expect(uploads.append('u', 0, failing(bytes, 270_000))).rejects.toThrow('the connection broke');
        const after = await uploads.get('u');
        if (after === undefined) throw new Error('not there');
        expect(after).toEqual({ ...created, offset: 270_000 });
        expect(await codesOfAsync(() => uploads.append('u', 269_999, inPieces(bytes)))).toEqual(['H809']);
        const offset = await uploads.append('u', after.offset, inPieces(bytes.subarray(after.offset, 400_000), 7777));
        expect(offset).toBe(400_000);
        const again = (await reopen()).uploads;
        expect(await listOf(again.list())).toEqual([{ ...created, offset }]);
        expect(await again.append('u', offset, inPieces(bytes.subarray(offset), 90_000))).toBe(bytes.length);
        expect(await digestOfUpload(again, 'u')).toBe(sha256(bytes));
        expect(await again.delete('u')).toBe(true);
        expect(await again.delete('u')).toBe(false);
        expect(await again.get('u')).toBeUndefined();
        expect(await codesOfAsync(() => again.append('u', 0, inPieces(bytes)))).toEqual(['H809']);
        expect(await listOf(again.list())).toEqual([]);
      });
    });

    test('nothing goes beyond the announced length', async () => {
      await withStore(kind, async ({ backend: { uploads } }) => {
        await uploads.create('u', 2500, null);
        expect(await codesOfAsync(() => uploads.append('u', 0, inPieces(someBytes(2501))))).toEqual(['H806']);
        const offset = (await uploads.get('u'))?.offset ?? NaN;
        expect(offset).toBeLessThanOrEqual(2500);
        expect(await uploads.append('u', offset, inPieces(someBytes(2500).subarray(offset)))).toBe(2500);
        expect(await digestOfUpload(uploads, 'u')).toBe(sha256(someBytes(2500)));
        expect(await uploads.append('u', 2500, inPieces(new Uint8Array()))).toBe(2500);
      });
    });

    test('one appends at a time', async () => {
      await withStore(kind, async ({ backend: { uploads } }) => {
        const bytes = someBytes(200_000);
        await uploads.create('u', bytes.length, null);
        const all = await Promise.all(
          [1, 2, 3].map(() => codesOfAsync(() => uploads.append('u', 0, inPieces(bytes, 50_000)))),
        );
        expect(all.toSorted((a, b) => a.length - b.length)).toEqual([[], ['H809'], ['H809']]);
        expect(await digestOfUpload(uploads, 'u')).toBe(sha256(bytes));
      });
    });
  });
}
