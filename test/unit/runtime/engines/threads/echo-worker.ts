/** A worker that answers with what it is asked, or is made to think that a message cannot be read. */
import { parentPort } from 'node:worker_threads';
import { serveParent } from '../../../../../runtime/engines/threads/worker-thread.ts';

export interface EchoProtocol {
  readonly request: { readonly text: string };
  readonly reply: string;
}

serveParent<EchoProtocol>(({ text }, post) => {
  if (text === 'unreadable') parentPort?.emit('messageerror', new Error('no such clone'));
  else post(text);
});
