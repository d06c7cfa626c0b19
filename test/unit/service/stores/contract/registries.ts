import { setTimeout as delay } from 'node:timers/promises';

import { describe, expect, test } from 'vitest';

import { InternalError } from '../../../../../ir/diagnostics/diagnostic.ts';
import { changeEntry, type Json } from '../../../../../service/stores/registry.ts';
import { type BackendKind, listOf, withStore } from './store-under-test.ts';

export function registryContract(kind: BackendKind): void {
  describe.each(['registry', 'leases'] as const)('%s', (which) => {
    test('records are created once, and changed by who has seen them last', async () => {
      await withStore(kind, async ({ backend }) => {
        const records = backend[which];
        expect(await records.get('a.b')).toBeUndefined();
        const first = await records.create('a.b', { n: 1 });
        if (first === undefined) throw new Error('not created');
        expect(first).toMatchObject({ name: 'a.b', value: { n: 1 } });
        expect(await records.create('a.b', { n: 2 })).toBeUndefined();
        const second = await records.update(first, { n: 3 });
        if (second === undefined) throw new Error('not updated');
        expect(await records.get('a.b')).toEqual(second);
        expect(await records.update(first, { n: 4 })).toBeUndefined();
        expect(await records.delete(first)).toBe(false);
        expect(await records.get('a.b')).toEqual(second);
        expect(await records.delete(second)).toBe(true);
        expect(await records.delete(second)).toBe(false);
        expect(await records.update(second, { n: 5 })).toBeUndefined();
        expect(await records.get('a.b')).toBeUndefined();
        const later = await records.create('a.b', [null, 'é', 1.5, true]);
        expect(later?.revision).not.toBe(second.revision);
        expect(await records.update(first, 1)).toBeUndefined();
        expect((await records.get('a.b'))?.value).toEqual([null, 'é', 1.5, true]);
      });
    });

    test('of many that change one record at once, each change counts once', async () => {
      await withStore(kind, async ({ backend }) => {
        const records = backend[which];
        const created = await Promise.all(Array.from({ length: 5 }, (_, k) => records.create('n', k)));
        expect(created.filter((entry) => entry !== undefined)).toHaveLength(1);
        const start = Number((await records.get('n'))?.value);
        const add = (value: Json): Json => Number(value) + 1;
        await Promise.all(Array.from({ length: 20 }, () => changeEntry(records, 'n', add, { durable: false })));
        expect((await records.get('n'))?.value).toBe(start + 20);
      });
    });

    test('a prefix lists whole parts of names', async () => {
      await withStore(kind, async ({ backend }) => {
        const records = backend[which];
        const names = ['a', 'a.b', 'a.b.c', 'a.bc', 'ab', 'b.a'];
        for (const name of names) await records.create(name, name);
        const gone = await records.create('a.gone', 0);
        if (gone !== undefined) await records.delete(gone);
        const listed = async (prefix: string) =>
          (await listOf(records.list(prefix))).map(({ name }) => name).toSorted();
        expect(await listed('')).toEqual(names.toSorted());
        expect(await listed('a')).toEqual(['a', 'a.b', 'a.b.c', 'a.bc']);
        expect(await listed('a.b')).toEqual(['a.b', 'a.b.c']);
        expect(await listed('c')).toEqual([]);
        expect((await listOf(records.list('b')))[0]).toEqual(await records.get('b.a'));
      });
    });

    test('nothing else is a name', async () => {
      await withStore(kind, async ({ backend }) => {
        const records = backend[which];
        for (const name of ['', '..', '.a', 'a.', 'a..b', 'a/b', 'a b', 'a*', 'a.>', 'x'.repeat(201)]) {
          await expect(async () => records.get(name)).rejects.toThrow(InternalError);
          await expect(async () => records.create(name, 1)).rejects.toThrow(InternalError);
          await expect(async () => records.update({ name, value: 1, revision: 1 }, 1)).rejects.toThrow(InternalError);
          await expect(async () => records.delete({ name, value: 1, revision: 1 })).rejects.toThrow(InternalError);
          await expect(async () => backend.signals.listen(name, () => undefined)).rejects.toThrow(InternalError);
          expect(() => backend.signals.send(name, 1)).toThrow(InternalError);
        }
        expect(await records.get('x'.repeat(200))).toBeUndefined();
      });
    });
  });

  test('records of the registry are there after reopening', async () => {
    await withStore(kind, async ({ backend: { registry }, reopen }) => {
      const kept = await registry.create('a', { x: ['y'] });
      const changed = await registry.create('b', 1, { durable: false });
      const gone = await registry.create('c', 1);
      if (kept === undefined || changed === undefined || gone === undefined) throw new Error('not created');
      const later = await registry.update(changed, 2, { durable: false });
      await registry.delete(gone);
      const again = (await reopen()).registry;
      expect((await listOf(again.list(''))).toSorted((x, y) => (x.name < y.name ? -1 : 1))).toEqual([kept, later]);
      expect(await again.update(changed, 3)).toBeUndefined();
      expect((await again.update(kept, 3))?.value).toBe(3);
    });
  });

  test('transient records and tasks are as others until the store is closed', async () => {
    await withStore(kind, async ({ backend: { registry, queue } }) => {
      const created = await registry.create('a', 1, { transient: true });
      expect(await registry.create('a', 2, { transient: true })).toBeUndefined();
      if (created === undefined) throw new Error('not created');
      const updated = await registry.update(created, 2, { transient: true });
      expect(await registry.update(created, 3, { transient: true })).toBeUndefined();
      expect(await registry.get('a')).toEqual(updated);
      if (updated === undefined) throw new Error('not updated');
      expect(await registry.delete(updated)).toBe(true);
      expect(await registry.get('a')).toBeUndefined();
      const task = { job: 'j', part: 0, plan: 'p', keys: 'k' };
      await queue.push(task, { transient: true });
      expect(await queue.waiting()).toBe(1);
      const take = () => queue.take({ suits: () => 0, signal: AbortSignal.timeout(5000) });
      const first = await take();
      expect(first).toMatchObject({ task, attempt: 1 });
      await first.giveBack(0);
      const second = await take();
      expect(second).toMatchObject({ task, attempt: 2 });
      await second.acknowledge();
      expect(await queue.waiting()).toBe(0);
    });
  });

  test('a transient record that becomes a lasting one is there after reopening', async () => {
    await withStore(kind, async ({ backend: { registry }, reopen }) => {
      const created = await registry.create('a', 1, { transient: true });
      if (created === undefined) throw new Error('not created');
      const kept = await registry.update(created, 2);
      expect(await (await reopen()).registry.get('a')).toEqual(kept);
    });
  });

  test('a lease vanishes by itself, unless it is renewed', async () => {
    await withStore(
      kind,
      async ({ backend: { leases } }) => {
        let renewed = await leases.create('renewed', 1);
        const left = await leases.create('left', 1);
        if (left === undefined) throw new Error('not created');
        for (let k = 0; k < 8; k++) {
          await delay(300);
          if (renewed !== undefined) renewed = await leases.update(renewed, k);
        }
        expect(renewed?.value).toBe(7);
        expect(await leases.get('left')).toBeUndefined();
        expect(await leases.update(left, 2)).toBeUndefined();
        expect(await leases.delete(left)).toBe(false);
        expect((await listOf(leases.list(''))).map(({ name }) => name)).toEqual(['renewed']);
        expect((await leases.create('left', 3))?.value).toBe(3);
      },
      1,
    );
  });

  // Of tests that run at once each polls by an `expect` of its own.
  test('a signal reaches who listens then', async ({ expect }) => {
    await withStore(kind, async ({ backend: { signals } }) => {
      // Nothing is promised about the order of two listeners.
      const heard: { one: Json[]; other: Json[] } = { one: [], other: [] };
      const stop = await signals.listen('jobs.a', (message) => heard.one.push(message));
      const stopOther = await signals.listen('jobs.a', (message) => heard.other.push(message));
      signals.send('jobs.b', 0);
      signals.send('jobs.a', { n: 1 });
      await expect.poll(() => heard).toEqual({ one: [{ n: 1 }], other: [{ n: 1 }] });
      stop();
      signals.send('jobs.a', 2);
      await expect.poll(() => heard.other).toEqual([{ n: 1 }, 2]);
      stopOther();
      signals.send('jobs.a', 3);
      await delay(50);
      expect(heard).toEqual({ one: [{ n: 1 }], other: [{ n: 1 }, 2] });
    });
  });
}
