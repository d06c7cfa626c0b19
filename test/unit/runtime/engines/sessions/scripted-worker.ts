/** A worker that does what the inputs of a run say: the other end of `worker-plan.test.ts`. */
import { serveParent } from '../../../../../runtime/engines/threads/worker-thread.ts';
import type { SessionProtocol } from '../../../../../runtime/engines/sessions/protocol.ts';
import { script, type ScriptedRequest } from './scripted-requests.ts';

/** Those that have keys. */
const places = new Set<number>();
let leaked = 0;
let words: { readonly all: Int32Array; readonly alone: Int32Array } = {
  all: new Int32Array(),
  alone: new Int32Array(),
};

serveParent<SessionProtocol<ScriptedRequest>>((request, post) => {
  const live = () => ({ liveHandles: places.size + leaked });
  const fail = (text: string): void => {
    post({ kind: 'failed', failure: { reason: 'internal', text }, ...live() });
  };
  const run = (place: number, order: number | undefined, isAlone: boolean): void => {
    if (!places.has(place)) {
      fail(`place ${place} is empty`);
      return;
    }
    if (order === script.die) process.exit(3);
    if (order === script.fail) {
      fail('told to');
      return;
    }
    if (order === script.wait) {
      post({ kind: 'progress', part: 0.5 });
      const word = isAlone ? words.alone : words.all;
      while (Atomics.load(word, 0) === 0) Atomics.wait(word, 0, 0, 5);
      post({ kind: 'failed', failure: { reason: 'stopped' }, ...live() });
      return;
    }
    if (order === script.tell) post({ kind: 'progress', part: 0.5 });
    if (order === script.leak) leaked++;
    const outputs = [{ index: 0, bytes: Uint8Array.of(place, Number(isAlone)) }];
    post({ kind: 'done', outputs, start: 1, end: 3, ...live() });
  };
  switch (request.kind) {
    case 'prepare':
      words = { all: request.word, alone: request.ownWord };
      if (request.fails) fail('cannot be prepared');
      else post({ kind: 'ready', ...live() });
      break;
    case 'load':
      if (places.has(request.place)) fail(`place ${request.place} is not empty`);
      places.add(request.place);
      post({ kind: 'ready', ...live() });
      break;
    case 'drop':
      places.delete(request.place);
      post({ kind: 'ready', ...live() });
      break;
    case 'clear':
      places.clear();
      post({ kind: 'ready', ...live() });
      break;
    case 'evaluate':
      run(request.place, request.inputs[0]?.[0], request.isAlone);
      break;
  }
});
