/** Tasks that wait for each other. */
import { expect, test } from 'vitest';
import { Turns } from '../../../../../runtime/engines/sessions/turns.ts';

const breath = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

test('tasks run one after another in the order in which they came, failures among them', async () => {
  const turns = new Turns();
  const log: string[] = [];
  const task =
    (name: string, fails = false) =>
    async (): Promise<string> => {
      log.push(`${name} begins`);
      await breath();
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
  const results = await Promise.allSettled([turns.take(task('a')), turns.take(task('b', true)), turns.take(task('c'))]);
  expect(log).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

test('one that waits leaves at once when it is aborted; one that runs ends by itself', async () => {
  const turns = new Turns();
  const controller = new AbortController();
  let [ended, ran] = [false, false];
  const running = turns.take(async () => {
    await breath();
    ended = true;
  }, controller.signal);
  const waiting = turns.take(() => {
    ran = true;
    return Promise.resolve();
  }, controller.signal);
  await Promise.resolve();
  controller.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  expect(ended).toBe(false);
  await running;
  expect(ended).toBe(true);
  await expect(turns.take(() => Promise.resolve(1), controller.signal)).rejects.toThrow('enough');
  await turns.take(() => Promise.resolve());
  expect(ran).toBe(false);
});
