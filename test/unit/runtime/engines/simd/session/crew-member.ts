/** A worker that does as it is told, well or badly: the other end of `crew.test.ts`. */
import type { Failure, SimdProtocol } from '../../../../../../runtime/engines/simd/session/protocol.ts';
import { SharedTeam, Stopped } from '../../../../../../runtime/engines/simd/session/shared-team.ts';
import { serveParent } from '../../../../../../runtime/engines/threads/worker-thread.ts';
import { orders } from './crew-orders.ts';

serveParent<SimdProtocol>((request, post) => {
  const [[order, index, size] = [], words] = request.kind === 'evaluate' ? request.inputs : [];
  if (order === undefined || index === undefined || size === undefined || words === undefined)
    throw new Error('no orders');
  const fail = (failure: Failure): void => {
    post({ kind: 'failed', failure });
  };
  switch (order) {
    case orders.fail:
      fail({ reason: 'internal', text: 'told to' });
      return;
    case orders.exit:
      process.exit(3);
      break;
    case orders.throw:
      throw new Error('something unforeseen');
    case orders.exhaust:
      throw new RangeError('Array buffer allocation failed');
    case orders.hang:
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      break;
    case orders.meet:
      try {
        new SharedTeam(new Int32Array(words.buffer, words.byteOffset, words.byteLength / 4), index, size).barrier();
      } catch (error) {
        if (!(error instanceof Stopped)) throw error;
        fail({ reason: 'stopped' });
        return;
      }
      break;
    case orders.progress:
      post({ kind: 'progress', fraction: 0.5 });
      break;
  }
  post({ kind: 'done', outputs: [{ index, bytes: Uint8Array.of(index) }], start: 0, end: 0 });
  if (order === orders.leave) process.exit(3);
});
