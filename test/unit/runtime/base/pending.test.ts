/** Promises that are waited for, preparations that fail, waits that are aborted. */
import { expect, test } from 'vitest';
import { Pending } from '../../../../runtime/base/pending.ts';
import { preparation } from '../../../../runtime/base/preparation.ts';
import { untilAborted } from '../../../../runtime/base/until-aborted.ts';

const breath = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

test('pending promises are waited for, those that come meanwhile too', async () => {
  const pending = new Pending();
  const log: string[] = [];
  const work = async (name: string): Promise<void> => {
    await breath();
    log.push(name);
    if (name === 'a') void pending.track(work('c'));
  };
  void pending.track(work('a'));
  pending.track(Promise.reject(new Error('b'))).catch(() => log.push('b'));
  await pending.settled();
  expect(log.sort()).toEqual(['a', 'b', 'c']);
  await pending.settled();
});

test('a preparation that fails is undone from the end, and the failure passed on', async () => {
  const log: string[] = [];
  const failing = preparation(async (undo) => {
    undo(() => void log.push('first'));
    await breath();
    undo(async () => {
      await breath();
      log.push('second');
    });
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(log).toEqual(['second', 'first']);
  const done = await preparation((undo) => {
    undo(() => {
      log.push('third');
    });
    return Promise.resolve('done');
  });
  expect(done).toBe('done');
  expect(log).toHaveLength(2);
});

test('a wait ends when it is aborted, and listens no longer than it lasts', async () => {
  expect(await untilAborted(Promise.resolve(1), undefined)).toBe(1);
  const controller = new AbortController();
  expect(await untilAborted(Promise.resolve(2), controller.signal)).toBe(2);
  const waiting = untilAborted(new Promise(() => undefined), controller.signal);
  controller.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  await expect(untilAborted(Promise.reject(new Error('late')), controller.signal)).rejects.toThrow('enough');
});
