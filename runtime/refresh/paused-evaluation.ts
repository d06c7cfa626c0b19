/**
 * An evaluation that waits for its client: what the server keeps between two stages. It holds the seed of the masks: whoever has it
 * besides the secret key learns intermediate values, so it stays with the server.
 */
import type { ClientPart } from '../../ir/plan/plan.ts';
import type { Stage } from '../../ir/plan/stages.ts';
import { openEnvelope, sealEnvelope } from '../seal/bytes/envelope.ts';
import { damaged } from '../seal/bytes/envelope-header.ts';
import { seedBytes } from '../cipher/key-format.ts';
import { expected, headOf, type RefreshPoint } from './messages.ts';
import { StagedRun } from './staged-run.ts';

export interface PausedState extends RefreshPoint {
  /** SHA-256 of the request that was sent. */
  readonly request: string;
  /** Of its masks, run by run: numbers of ciphertexts go on from one run to the next. */
  readonly seed: Uint8Array;
  readonly runs: readonly StagedRun[];
}

/** A file of it, to be readable by the server alone. */
export function writePaused(part: ClientPart, { request, seed, runs, ...point }: PausedState): Uint8Array {
  const head = headOf('paused-evaluation', part, point);
  return sealEnvelope({
    ...head,
    refresh: { ...head.refresh, request },
    // All runs have the same sections.
    runs: runs.map((run) => [seed, ...run.waiting(point.round)]),
  });
}

/** Throws `HepcError` for a file that is damaged, or of another plan or key. */
export function readPaused(bytes: Uint8Array, part: ClientPart, stages: readonly Stage[], key: string): PausedState {
  const envelope = openEnvelope(bytes, expected('paused-evaluation', part, key));
  const { samples, place, refresh } = envelope;
  const [[seed] = []] = envelope.runs;
  if (samples === undefined || refresh?.request === undefined || seed?.length !== seedBytes)
    throw damaged('it does not say where the evaluation has paused');
  if (refresh.round + 1 >= stages.length)
    throw damaged(`it has paused after stage ${refresh.round}, which is the last`);
  const runs = envelope.runs.map(([, ...waiting]) => {
    const run = new StagedRun(stages);
    run.restore(refresh.round, waiting);
    return run;
  });
  const { inputs, round, request } = refresh;
  return { keyId: envelope.key, samples, place, inputs, round, request, seed, runs };
}
