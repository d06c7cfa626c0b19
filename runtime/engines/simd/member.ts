/**
 * A member of the team: prepares its share of the memory once, then runs the program on request. It knows nothing of
 * threads; whoever owns it brings requests and takes answers away.
 */
import { Constant } from '../../../ir/constant.ts';
import { HepcError, InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import type { HeColumns } from '../../../ir/he/module.ts';
import { HE } from '../../../ir/he/ops.ts';
import { describeError, isOutOfMemory } from '../../seal/exceptions.ts';
import { Exchange, Stopped as FeedStopped } from '../seal-wasm/exchange.ts';
import { CiphertextIo } from './ciphertext-io.ts';
import { fillContext, openContext } from './context.ts';
import { openEncoders } from './encoder.ts';
import { fillEmbeddingTables } from './embedding-tables.ts';
import { Executor } from './executor.ts';
import { loadKeys } from './load-keys.ts';
import { planProgram } from './memory-plan.ts';
import { instantiate } from './module.ts';
import { Operations } from './operations.ts';
import { fillPermutations, placeKeys } from './place-keys.ts';
import { PlaintextStore } from './plaintext-store.ts';
import type { Answer, EvaluateRequest, Failure, PrepareRequest, Request } from './protocol.ts';
import { describeUnfitness } from './self-check.ts';
import { abortTeam, SharedTeam, Stopped } from './shared-team.ts';
import { Staging } from './staging.ts';

/** Progress is reported this often in a run. */
const reports = 100;

interface Prepared {
  readonly team: SharedTeam;
  readonly executor: Executor;
  readonly io: CiphertextIo;
}

/** That the kernels do not compute here what they should. */
class Unfit extends Error {}

export class Member {
  private words: Int32Array | undefined;
  private prepared: Prepared | undefined;

  /** Never throws. A member that fails has told the others to stop. */
  serve(request: Request, onProgress: (fraction: number) => void): Answer {
    try {
      if (request.kind === 'evaluate') return this.evaluate(request, onProgress);
      this.words = request.words;
      this.prepared = prepare(request);
      return { kind: 'ready' };
    } catch (error) {
      // Before anything is answered: the others may wait for this member.
      if (this.words !== undefined) abortTeam(this.words);
      return { kind: 'failed', failure: failureOf(error) };
    }
  }

  private evaluate({ inputs }: EvaluateRequest, onProgress: (fraction: number) => void): Answer {
    if (this.prepared === undefined) throw new InternalError('a worker is asked to evaluate before it is prepared');
    const { team, executor, io } = this.prepared;
    io.begin(inputs);
    team.barrier();
    const start = performance.timeOrigin + performance.now();
    let reported = 0;
    executor.run((fraction) => {
      if (team.index > 0 || (fraction - reported) * reports < 1) return;
      reported = fraction;
      onProgress(fraction);
    });
    return { kind: 'done', outputs: io.takeOutputs(), start, end: performance.timeOrigin + performance.now() };
  }
}

/** All members together: phases end in barriers. */
function prepare(request: PrepareRequest): Prepared {
  const { memory, parameters, columns, plaintexts } = request;
  const { polyModulusDegree: n } = parameters;
  const plan = planProgram(columns, parameters, request.members, request.budgetBytes);
  const { program } = plan;
  const { regions } = plan.memory;
  const team = new SharedTeam(request.words, request.member, request.members);
  const context = openContext(instantiate(request.kernels, memory), memory, parameters, regions.context);
  if (team.index === 0) {
    fillContext(context);
    const unfitness = describeUnfitness(context, regions.values);
    if (unfitness !== undefined) throw new Unfit(unfitness);
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
  if (error instanceof HepcError) return { reason: 'refused', diagnostics: error.diagnostics };
  if (error instanceof Unfit) return { reason: 'unfit', text: error.message };
  if (isOutOfMemory(error)) return { reason: 'out-of-memory' };
  const stack = error instanceof Error && typeof error.stack === 'string' ? `\n${error.stack}` : '';
  return { reason: 'internal', text: `${describeError(error)}${stack}` };
}
