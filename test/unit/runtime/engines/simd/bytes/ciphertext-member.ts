/** A worker that reads and writes ciphertexts as one member of a team. */
import type { Parameters } from '../../../../../../ir/parameters.ts';
import { openContext } from '../../../../../../runtime/rns/memory/context.ts';
import { instantiate } from '../../../../../../runtime/rns/kernels/module.ts';
import type { Output } from '../../../../../../runtime/engines/simd/bytes/ciphertext-io.ts';
import { SharedTeam } from '../../../../../../runtime/engines/simd/session/shared-team.ts';
import { serveParent } from '../../../../../../runtime/engines/threads/worker-thread.ts';
import { type IoTask, makeCalls } from './ciphertext-calls.ts';

export interface CiphertextProtocol {
  readonly request: {
    readonly module: WebAssembly.Module;
    readonly memory: WebAssembly.Memory;
    readonly parameters: Parameters;
    readonly context: number;
    readonly team: Int32Array;
    readonly index: number;
    readonly size: number;
    readonly task: IoTask;
  };
  /** Of each run. */
  readonly reply: readonly (readonly Output[])[];
}

serveParent<CiphertextProtocol>(({ module, memory, parameters, context, team, index, size, task }, post) => {
  const opened = openContext(instantiate(module, memory), memory, parameters, context);
  post(makeCalls(opened, new SharedTeam(team, index, size), task));
});
