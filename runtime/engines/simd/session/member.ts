/**
 * A member of the team: prepares its share of the memory once, then runs the program on request. It knows nothing of
 * threads; whoever owns it brings requests and takes answers away.
 *
 * A team in shared memory is stopped through its words, while its members work without a pause. A member that shares no
 * memory is a team of its own, in a memory that it makes; it lets messages in between slices of its work, and one of them
 * may be to stop.
 */
import { Constant } from '../../../../ir/constant.ts';
import { HepcError, InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import type { HeColumns } from '../../../../ir/he/module.ts';
import { HE } from '../../../../ir/he/ops.ts';
import { describeError, isOutOfMemory } from '../../../seal/library/exceptions.ts';
import { Exchange, Stopped as FeedStopped } from '../../exchange/exchange.ts';
import { CiphertextIo } from '../bytes/ciphertext-io.ts';
import { fillContext, openContext } from '../memory/context.ts';
import { openEncoders } from '../operations/encoder.ts';
import { fillEmbeddingTables } from '../memory/embedding-tables.ts';
import { Executor } from '../program/executor.ts';
import { UnfitError } from '../../../base/fallback.ts';
import { loadKeys } from '../bytes/load-keys.ts';
import { planProgram, type ProgramPlan } from './memory-plan.ts';
import { instantiate } from '../kernels/module.ts';
import { Operations } from '../operations/operations.ts';
import { fillPermutations, placeKeys } from '../program/place-keys.ts';
import { PlaintextStore } from '../program/plaintext-store.ts';
import type { Answer, EvaluateRequest, Failure, PrepareRequest } from './protocol.ts';
import { describeUnfitness } from '../memory/self-check.ts';
import { abortTeam, resetTeam, SharedTeam, Stopped } from './shared-team.ts';
import { Staging } from '../program/staging.ts';
import { createTeamMemory, type TeamMemory } from './team-memory.ts';

/** Progress is reported this often in a run. */
const reports = 100;

/** How long a member that shares no memory works between messages: many times what a pause takes. */
const sliceMilliseconds = 20;

interface Prepared {
  readonly team: SharedTeam;
  readonly executor: Executor;
  readonly io: CiphertextIo;
}

export class Member {
  private readonly pause: () => Promise<void>;
  private words: Int32Array | undefined;
  /** Whether nobody but this member sees the words. */
  private isAlone = false;
  private prepared: Prepared | undefined;

  /** @param pause lets messages in */
  constructor(pause: () => Promise<void>) {
    this.pause = pause;
  }

  /** Never rejects. A member that fails has told the others to stop. With shared memory the work is done on return. */
  async serve(request: PrepareRequest | EvaluateRequest, onProgress: (fraction: number) => void): Promise<Answer> {
    try {
      if (request.kind === 'evaluate') return await this.evaluate(request, onProgress);
      this.prepare(request);
      return { kind: 'ready' };
    } catch (error) {
      // Before anything is answered: the others may wait for this member.
      this.stop();
      return { kind: 'failed', failure: failureOf(error) };
    }
  }

  /** Ends the work of the team. */
  stop(): void {
    if (this.words !== undefined) abortTeam(this.words);
  }

  private prepare(request: PrepareRequest): void {
    const { columns, parameters, members, budgetBytes } = request;
    this.words = request.shared?.words;
    this.isAlone = request.shared === undefined;
    const plan = planProgram(columns, parameters, members, budgetBytes);
    const shared = request.shared ?? createTeamMemory(plan.memory);
    this.words = shared.words;
    this.prepared = prepare(request, plan, shared);
  }

  private async evaluate({ inputs }: EvaluateRequest, onProgress: (fraction: number) => void): Promise<Answer> {
    const { prepared, words, isAlone } = this;
    if (prepared === undefined || words === undefined)
      throw new InternalError('a worker is asked to evaluate before it is prepared');
    const { team, executor, io } = prepared;
    if (isAlone) resetTeam(words);
    io.begin(inputs);
    team.barrier();
    const start = now();
    let reported = 0;
    let sliceStart = start;
    for (const fraction of executor.steps()) {
      if (team.index === 0 && (fraction - reported) * reports >= 1) {
        reported = fraction;
        onProgress(fraction);
      }
      if (!isAlone || now() - sliceStart < sliceMilliseconds) continue;
      await this.pause();
      team.checkRunning();
      sliceStart = now();
    }
    return { kind: 'done', outputs: io.takeOutputs(), start, end: now() };
  }
}

/** Milliseconds since the epoch. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

/** All members together: phases end in barriers. */
function prepare(request: PrepareRequest, plan: ProgramPlan, { memory, words }: TeamMemory): Prepared {
  const { parameters, columns, plaintexts } = request;
  const { polyModulusDegree: n } = parameters;
  const { program } = plan;
  const { regions } = plan.memory;
  const team = new SharedTeam(words, request.member, request.members);
  const context = openContext(instantiate(request.kernels, memory), memory, parameters, regions.context);
  if (team.index === 0) {
    fillContext(context);
    const unfitness = describeUnfitness(context, regions.values);
    if (unfitness !== undefined) throw new UnfitError(unfitness);
  }
  if (team.index === team.size - 1) fillEmbeddingTables(memory.buffer, regions.encoders, n);
  team.barrier();

  const io = new CiphertextIo({
    context,
    team,
    rooms: regions.loading,
    program,
    outputScales: outputScales(columns),
    weights: request.weights,
    weightStream: new Exchange(request.weightStream),
  });
  const keys = placeKeys(plan.keys, n, regions.keys, regions.permutations);
  fillPermutations(context, keys, team);
  loadKeys(context, request, keys, io.room, team);
  // What comes next may lie where the saved keys do.
  team.barrier();
  const operations = new Operations(context, team, regions.workspace);
  const packed = request.packed.map(({ shape, data }) => new Constant(shape, data));
  const encoders = openEncoders(context, regions.encoders, team);
  const store = new PlaintextStore(plan.plaintexts, { plaintexts, packed }, regions.plaintexts, encoders);
  store.fill(team);
  const staging = new Staging(store, plan.plaintexts.ofRow, plan.staging, regions.staging, team);
  return { team, executor: new Executor({ program, arena: regions.values, operations, staging, keys, io }), io };
}

/** By the index of an output. */
function outputScales({ op, imm, scale }: HeColumns): number[] {
  const scales: number[] = [];
  for (const [row, code] of op.entries()) if (code === HE.output) scales[imm[row] ?? -1] = scale[row] ?? 0;
  return scales;
}

function failureOf(error: unknown): Failure {
  if (error instanceof Stopped || error instanceof FeedStopped) return { reason: 'stopped' };
  if (error instanceof UnfitError) return { reason: 'unfit', text: error.reason };
  if (error instanceof HepcError) return { reason: 'refused', diagnostics: error.diagnostics };
  if (isOutOfMemory(error)) return { reason: 'out-of-memory' };
  const stack = error instanceof Error && typeof error.stack === 'string' ? `\n${error.stack}` : '';
  return { reason: 'internal', text: `${describeError(error)}${stack}` };
}
