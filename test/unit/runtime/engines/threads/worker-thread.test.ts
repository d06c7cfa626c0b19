/** A worker and its owner: answers, and what the owner hears of a message that does not get through. */
import { afterEach, expect, test } from 'vitest';
import { liveWorkers, WorkerThread } from '../../../../../runtime/engines/threads/worker-thread.ts';
import type { EchoProtocol } from './echo-worker.ts';

const entry = new URL('./echo-worker.ts', import.meta.url);
let thread: WorkerThread<EchoProtocol>;

afterEach(async () => {
  await thread.leave();
  expect(liveWorkers()).toBe(0);
});

/** What becomes of a question. */
function ask(text: string): Promise<unknown> {
  return new Promise((message, death) => {
    thread = new WorkerThread<EchoProtocol>(entry, { message, death });
    thread.post({ text });
  });
}

test('a worker answers', async () => {
  expect(await ask('something')).toBe('something');
});

test('a message that a worker cannot read ends it, and its owner is told', async () => {
  await expect(ask('unreadable')).rejects.toThrow('a worker cannot read a message: no such clone');
});
