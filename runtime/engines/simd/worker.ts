/** Entry of a worker: a member of the team in a thread of its own. */
import { serveParent } from '../worker-thread.ts';
import { Member } from './member.ts';
import type { SimdProtocol } from './protocol.ts';

const member = new Member();

serveParent<SimdProtocol>((request, post) => {
  post(
    member.serve(request, (fraction) => {
      post({ kind: 'progress', fraction });
    }),
  );
});
