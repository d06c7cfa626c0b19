/** A worker that does its share of operations as one member of a team. */
import { openContext } from '../../../../../../runtime/rns/memory/context.ts';
import { instantiate } from '../../../../../../runtime/rns/kernels/module.ts';
import { Operations } from '../../../../../../runtime/engines/simd/operations/operations.ts';
import { SharedTeam } from '../../../../../../runtime/engines/simd/session/shared-team.ts';
import { serveParent } from '../../../../../../runtime/engines/threads/worker-thread.ts';
import type { Parameters } from '../../../../../../ir/parameters.ts';
import { runStep, type Step } from './operation-steps.ts';

export interface MemberProtocol {
  readonly request: {
    readonly module: WebAssembly.Module;
    readonly memory: WebAssembly.Memory;
    readonly parameters: Parameters;
    readonly context: number;
    readonly workspace: number;
    readonly team: Int32Array;
    readonly index: number;
    readonly size: number;
    readonly steps: readonly Step[];
  };
  readonly reply: 'done';
}

serveParent<MemberProtocol>(({ module, memory, parameters, context, workspace, team, index, size, steps }, post) => {
  const kernels = instantiate(module, memory);
  const opened = openContext(kernels, memory, parameters, context);
  const operations = new Operations(opened, new SharedTeam(team, index, size), workspace);
  for (const step of steps) runStep(operations, step);
  post('done');
});
