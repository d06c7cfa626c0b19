/** Calls of `CiphertextIo` as data, so that teams of workers can make them. */
import { createSharedState, Exchange } from '../../../../../../runtime/engines/exchange/exchange.ts';
import { noTransfers } from '../../../../../../runtime/engines/exchange/exchange-plan.ts';
import { CiphertextIo } from '../../../../../../runtime/engines/simd/bytes/ciphertext-io.ts';
import type { SimdContext } from '../../../../../../runtime/rns/memory/context.ts';
import type { Value } from '../../../../../../runtime/rns/memory/layout.ts';
import type { Output } from '../../../../../../runtime/engines/simd/bytes/ciphertext-io.ts';
import type { FusedProgram } from '../../../../../../runtime/engines/simd/program/steps.ts';
import type { Team } from '../../../../../../runtime/rns/team.ts';

/** A call with the index or the row that it is for. */
export type IoCall = readonly [method: 'loadInput' | 'loadWeight' | 'saveOutput', which: number, value: Value];

export interface IoTask {
  readonly rooms: number;
  readonly program: FusedProgram;
  readonly outputScales: readonly number[];
  readonly weights: ReadonlyMap<number, Uint8Array>;
  /** The inputs of each run, all with the same calls. */
  readonly runs: readonly (readonly Uint8Array[])[];
  readonly calls: readonly IoCall[];
}

/** What this member has saved in each run. */
export function makeCalls(context: SimdContext, team: Team, task: IoTask): (readonly Output[])[] {
  const weightStream = new Exchange(createSharedState(noTransfers));
  const io = new CiphertextIo({ ...task, context, team, weightStream, wholeInputs: new Set<number>() });
  return task.runs.map((inputs) => {
    io.begin(inputs, 0);
    for (const [method, which, value] of task.calls) io[method](which, value);
    return io.takeOutputs();
  });
}
