import { setTimeout as delay } from 'node:timers/promises';

import { describe, expect, test } from 'vitest';

import type { Task, WorkQueue } from '../../../../../service/stores/work-queue.ts';
import { type BackendKind, listOf, withStore } from './store-under-test.ts';

const task = (part: number, keys = 'k'): Task => ({ job: 'j', part, plan: 'p', keys });
const any = (): number => 0;
const never = new AbortController().signal;
const take = (queue: WorkQueue, suits: (task: Task) => number = any) => queue.take({ suits, signal: never });

/** Rejects where no task comes within `ms`. */
const takeWithin = (queue: WorkQueue, ms: number) => queue.take({ suits: any, signal: AbortSignal.timeout(ms) });

export function queueContract(kind: BackendKind): void {
  describe('the work queue', () => {
    test('tasks are delivered once, in their order, and are gone when acknowledged', async () => {
      await withStore(kind, async ({ backend: { queue }, reopen }) => {
        for (let part = 0; part < 5; part++) await queue.push(task(part));
        expect(await queue.waiting()).toBe(5);
        const { job } = task(0);
        for (let part = 0; part < 4; part++) {
          const delivery = await take(queue);
          expect([delivery.task, delivery.attempt]).toEqual([task(part), 1]);
          // Whether it is held or waits.
          expect([...((await queue.parts()).get(job) ?? [])].sort()).toEqual([0, 1, 2, 3, 4].slice(part));
          await delivery.acknowledge();
          await delivery.acknowledge();
        }
        expect(await queue.waiting()).toBe(1);
        const again = (await reopen()).queue;
        expect(await again.waiting()).toBe(1);
        expect((await take(again)).task).toEqual(task(4));
        expect(await again.waiting()).toBe(0);
        await expect(takeWithin(again, 200)).rejects.toThrow(expect.objectContaining({ name: 'TimeoutError' }));
      });
    });

    test('who waits is given what is pushed, each task to one', async () => {
      await withStore(kind, async ({ backend: { queue } }) => {
        const takers = Promise.all([take(queue), take(queue), take(queue)]);
        for (let part = 0; part < 3; part++) await queue.push(task(part));
        const parts = (await takers).map((delivery) => delivery.task.part);
        expect(parts.toSorted()).toEqual([0, 1, 2]);
      });
    });

    test('who no longer waits is given nothing', async () => {
      await withStore(kind, async ({ backend: { queue } }) => {
        const gone = new AbortController();
        const waiting = queue.take({ suits: any, signal: gone.signal });
        gone.abort(new Error('drained'));
        await expect(waiting).rejects.toThrow('drained');
        await expect(queue.take({ suits: any, signal: gone.signal })).rejects.toThrow('drained');
        await queue.push(task(1));
        const delivery = await take(queue);
        expect(delivery.attempt).toBe(1);
      });
    });

    test('the task that suits best is taken, the oldest of equals; being passed over is no attempt', async () => {
      await withStore(kind, async ({ backend: { queue } }) => {
        const keys = ['a', 'b', 'c', 'b', 'c', 'a'];
        for (const [part, key] of keys.entries()) await queue.push(task(part, key));
        const suits = ({ keys: key }: Task): number => (key === 'c' ? 2 : key === 'b' ? 1 : 0);
        const order: number[] = [];
        for (let k = 0; k < keys.length; k++) {
          const delivery = await take(queue, suits);
          expect(delivery.attempt).toBe(1);
          order.push(delivery.task.part);
          await delivery.acknowledge();
        }
        expect(order).toEqual([2, 4, 1, 3, 0, 5]);
      });
    });

    test('no task is passed over for long', async () => {
      await withStore(kind, async ({ backend: { queue } }) => {
        await queue.push(task(0, 'cold'));
        let pushed = 0;
        const suits = ({ keys }: Task): number => (keys === 'warm' ? 1 : 0);
        const begin = performance.now();
        for (;;) {
          await queue.push(task(++pushed, 'warm'));
          const delivery = await take(queue, suits);
          await delivery.acknowledge();
          if (delivery.task.keys === 'cold') {
            expect(delivery.attempt).toBe(1);
            break;
          }
          if (performance.now() - begin > 15_000) throw new Error('passed over for too long');
          await delay(100);
        }
        expect(pushed).toBeGreaterThan(3);
      });
    });

    test('another task is taken where one waits that fits', async () => {
      await withStore(kind, async ({ backend: { queue } }) => {
        for (const [part, key] of ['a', 'b', 'a', 'a'].entries()) await queue.push(task(part, key));
        const first = await take(queue);
        const fits = ({ keys }: Task): boolean => keys === first.task.keys;
        const also = [await queue.takeAlso(fits), await queue.takeAlso(fits), await queue.takeAlso(fits)];
        expect(also.map((delivery) => [delivery?.task.part, delivery?.attempt])).toEqual([
          [2, 1],
          [3, 1],
          [undefined, undefined],
        ]);
        const rest = await take(queue);
        expect([rest.task.part, rest.attempt]).toEqual([1, 1]);
      });
    });

    test('what is given back is delivered again after its delay, and counted', async () => {
      await withStore(kind, async ({ backend: { queue } }) => {
        await queue.push(task(0));
        await (await take(queue)).giveBack(0);
        const second = await take(queue);
        expect(second.attempt).toBe(2);
        const begin = performance.now();
        await second.giveBack(1);
        expect(await queue.waiting()).toBe(1);
        const third = await take(queue);
        expect(third.attempt).toBe(3);
        expect(performance.now() - begin).toBeGreaterThan(900);
        await third.acknowledge();
        expect(await queue.waiting()).toBe(0);
      });
    });

    test('what is buried is in the list of the dead, with the reason', async () => {
      await withStore(kind, async ({ backend: { queue }, reopen }) => {
        for (let part = 0; part < 3; part++) await queue.push(task(part));
        await (await take(queue)).giveBack(0);
        await (await take(queue)).bury('it fails each time');
        await (await take(queue)).bury('é');
        const again = (await reopen()).queue;
        expect(await listOf(again.dead())).toMatchObject([
          { task: task(0), reason: 'it fails each time', attempts: 2 },
          { task: task(1), reason: 'é', attempts: 1 },
        ]);
        expect((await take(again)).task).toEqual(task(2));
        await expect(takeWithin(again, 200)).rejects.toThrow();
      });
    });

    test('a task whose taker vanished is delivered again; one that is extended is not', async () => {
      await withStore(
        kind,
        async ({ backend: { queue } }) => {
          await queue.push(task(0));
          await queue.push(task(1));
          const [vanished, busy] = [await take(queue), await take(queue)];
          const extending = setInterval(() => void busy.extend(), 200);
          const again = await takeWithin(queue, 10_000);
          expect([again.task.part, again.attempt]).toEqual([0, 2]);
          // Neither does what the first taker says move it from the second.
          await vanished.extend();
          await vanished.giveBack(0);
          await expect(takeWithin(queue, 500)).rejects.toThrow();
          clearInterval(extending);
          await again.acknowledge();
          await busy.acknowledge();
          await vanished.acknowledge();
          await expect(takeWithin(queue, 1500)).rejects.toThrow();
          expect(await queue.waiting()).toBe(0);
        },
        1,
      );
    });

    test('deliveries are counted over reopening', async () => {
      await withStore(
        kind,
        async ({ backend: { queue }, reopen }) => {
          await queue.push(task(0));
          await take(queue);
          const again = (await reopen()).queue;
          expect((await takeWithin(again, 10_000)).attempt).toBe(2);
        },
        1,
      );
    });
  });
}
