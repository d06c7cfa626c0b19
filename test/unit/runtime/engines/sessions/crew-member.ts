/** A worker that does as it is told, well or badly: the other end of `crew.test.ts`. */
import { Stopped } from '../../../../../runtime/engines/exchange/exchange.ts';
import type { Failure, SessionProtocol } from '../../../../../runtime/engines/sessions/protocol.ts';
import { SharedTeam } from '../../../../../runtime/engines/simd/session/shared-team.ts';
import { serveParent } from '../../../../../runtime/engines/threads/worker-thread.ts';
import type { OrderRequest } from './crew-orders.ts';

serveParent<SessionProtocol<OrderRequest>>(({ order, member, size, words }, post) => {
  const fail = (failure: Failure): void => {
    post({ kind: 'failed', failure });
  };
  switch (order) {
    case 'fail':
      fail({ reason: 'internal', text: 'told to' });
      return;
    case 'exit':
      process.exit(3);
      break;
    case 'throw':
      throw new Error('something unforeseen');
    case 'exhaust':
      throw new RangeError('Array buffer allocation failed');
    case 'hang':
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      break;
    case 'meet':
      try {
        new SharedTeam(words, member, size).barrier();
      } catch (error) {
        if (!(error instanceof Stopped)) throw error;
        fail({ reason: 'stopped' });
        return;
      }
      break;
    case 'progress':
      post({ kind: 'progress', part: 0.5 });
      break;
    case 'answer':
    case 'leave':
      break;
  }
  post({ kind: 'done', outputs: [{ index: member, bytes: Uint8Array.of(member) }], start: 0, end: 0 });
  if (order === 'leave') process.exit(3);
});
