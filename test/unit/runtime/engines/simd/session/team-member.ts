/** A worker that takes part in a team as it is told: the other end of `shared-team.test.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import { Stopped } from '../../../../../../runtime/engines/exchange/exchange.ts';
import { SharedTeam, teamWords } from '../../../../../../runtime/engines/simd/session/shared-team.ts';

/** What a member is to do. */
export interface MemberTask {
  readonly memory: SharedArrayBuffer;
  readonly index: number;
  readonly size: number;
  /** Rounds of: count oneself, barrier, look whether all have been counted, barrier. */
  readonly rounds: number;
  /** From this round on the member stays away; the others wait for it. */
  readonly absentFrom?: number;
}

/** Where the members count, behind the words of the team. */
export const countersAt = 1024;

const task = workerData as MemberTask | undefined;
if (parentPort !== null && task !== undefined) parentPort.postMessage(work(task));

/** Rounds in which somebody was missing after the barrier; −1 where the team was aborted. */
function work({ memory, index, size, rounds, absentFrom = Infinity }: MemberTask): number {
  const team = new SharedTeam(teamWords(memory, 0), index, size);
  // Plain accesses: the barrier alone has to make them visible.
  const counters = new Int32Array(memory, countersAt, size);
  let early = 0;
  try {
    for (let round = 1; round <= rounds; round++) {
      if (round >= absentFrom) break;
      counters[index] = round;
      team.barrier();
      if (counters.some((value) => value !== round)) early++;
      team.barrier();
    }
    return early;
  } catch (error) {
    if (error instanceof Stopped) return -1;
    throw error;
  }
}
