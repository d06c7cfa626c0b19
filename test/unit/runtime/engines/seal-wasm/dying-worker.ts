/** A worker that is prepared without complaint; the first ends its thread when it is asked to evaluate. */
import type { SessionProtocol } from '../../../../../runtime/engines/seal-wasm/protocol.ts';
import { serveParent } from '../../../../../runtime/engines/threads/worker-thread.ts';

let number = 0;
let control: Int32Array = new Int32Array(new SharedArrayBuffer(4));

serveParent<SessionProtocol>((request, post) => {
  switch (request.kind) {
    case 'prepare':
      number = request.worker;
      control = request.shared.control;
      post({ kind: 'answer', answer: { kind: 'ready' }, liveHandles: 1 });
      break;
    case 'evaluate':
      if (number === 0) process.exit(3);
      // The other one waits for its results, as it would in an exchange.
      while (Atomics.load(control, 0) === 0) Atomics.wait(control, 0, 0, 10);
      post({ kind: 'answer', answer: { kind: 'failed', failure: { reason: 'stopped' } }, liveHandles: 1 });
      break;
    case 'close':
      post({ kind: 'answer', answer: { kind: 'closed' }, liveHandles: 0 });
      break;
  }
});
