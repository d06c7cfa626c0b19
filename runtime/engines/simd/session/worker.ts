/** Entry of a worker: a member of the team in a thread of its own. */
import { letMessagesIn, serveParent } from '../../threads/worker-thread.ts';
import { Member } from './member.ts';
import type { SimdProtocol } from './protocol.ts';

const member = new Member(letMessagesIn);

serveParent<SimdProtocol>((request, post) => {
  if (request.kind === 'stop') {
    member.stop();
    return;
  }
  const onProgress = (fraction: number): void => {
    post({ kind: 'progress', fraction });
  };
  void member.serve(request, onProgress).then(post);
});
