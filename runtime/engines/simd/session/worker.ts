/** Entry of a worker: a member of the team in a thread of its own. */
import type { SessionProtocol } from '../../sessions/protocol.ts';
import { letMessagesIn, serveParent } from '../../threads/worker-thread.ts';
import { Member } from './member.ts';
import type { Request } from './protocol.ts';

const member = new Member(letMessagesIn);

serveParent<SessionProtocol<Request>>((request, post) => {
  if (request.kind === 'stop') {
    member.stop();
    return;
  }
  const onProgress = (part: number): void => {
    post({ kind: 'progress', part });
  };
  void member.serve(request, onProgress).then((answer) => {
    post(answer, answer.kind === 'done' ? answer.outputs.flatMap(({ bytes: { buffer } }) => ownMemory(buffer)) : []);
  });
});

/** Outputs are handed over with their memory. */
function ownMemory(buffer: ArrayBufferLike): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer ? [buffer] : [];
}
