/**
 * A member of the team: prepares its share of the memory once, then loads keys to places in it and runs the program with
 * those of a place on request. It knows nothing of threads; whoever owns it brings requests and takes answers away.
 *
 * Where there are lanes, a member that is asked alone does a run in its own, as a team of one: with values and a workspace of
 * its own, and the keys and plaintexts that all have.
 *
 * A team in shared memory is stopped through its words, while its members work without a pause. A member that shares no
 * memory is a team of its own, in a memory that it makes; it lets messages in between slices of its work, and one of them
 * may be to stop.
 */
import { Constant } from '../../../../ir/constant.ts';
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { Exchange } from '../../exchange/exchange.ts';
import { type Answer, failureOf } from '../../sessions/protocol.ts';
import { CiphertextIo } from '../bytes/ciphertext-io.ts';
import { fillContext, openContext, type SimdContext } from '../../../rns/memory/context.ts';
import { openEncoders } from '../../../rns/encoder.ts';
import { fillEmbeddingTables } from '../../../rns/memory/embedding-tables.ts';
import { Executor, type PlacedKeys } from '../program/executor.ts';
import { UnfitError } from '../../../base/fallback.ts';
import { loadingBytes } from '../bytes/loading-room.ts';
import { type KeyDigit, listDigits, loadDigits } from '../bytes/load-keys.ts';
import type { LaneMemory } from './memory-plan.ts';
import { instantiate } from '../../../rns/kernels/module.ts';
import { Operations } from '../operations/operations.ts';
import { fillPermutations, placeKeys } from '../program/place-keys.ts';
import { PlaintextStore } from '../program/plaintext-store.ts';
import type { EvaluateRequest, LoadRequest, PrepareRequest, WorkRequest } from './protocol.ts';
import { describeUnfitness, selfCheckBytes } from '../../../rns/memory/self-check.ts';
import { abortTeam, resetTeam, SharedTeam, teamWords } from './shared-team.ts';
import { Staging } from '../program/staging.ts';
import { createTeamMemory, type TeamMemory } from './team-memory.ts';

/** Progress is reported this often in a long run, and this often in a short one, for each report takes the owner's time. */
const mostReports = 100;
const leastReports = 10;
/** In a long run that many reports are farther apart than this. */
const reportMilliseconds = 10;

/** How long a member that shares no memory works between messages: many times what a pause takes. */
const sliceMilliseconds = 20;

/** What runs of a team are made with: of all members, or of this one alone, in its lane. */
interface Bench {
  readonly team: SharedTeam;
  readonly executor: Executor;
  readonly io: CiphertextIo;
}

interface Prepared {
  readonly context: SimdContext;
  readonly common: Bench;
  readonly lane: Bench | undefined;
  readonly keys: SwitchedKeys;
}

export class Member {
  private readonly pause: () => Promise<void>;
  private words: Int32Array | undefined;
  /** Whether nobody but this member sees the words. */
  private isUnshared = false;
  private prepared: Prepared | undefined;

  /** @param pause lets messages in */
  constructor(pause: () => Promise<void>) {
    this.pause = pause;
  }

  /** Never rejects. A member that fails has told the others to stop. With shared memory the work is done on return. */
  async serve(request: WorkRequest, onProgress: (part: number) => void): Promise<Answer> {
    try {
      switch (request.kind) {
        case 'prepare':
          return this.prepare(request);
        case 'load':
          return this.load(request);
        case 'evaluate':
          return await this.evaluate(request, onProgress);
      }
    } catch (error) {
      // Before anything is answered: the others may wait for this member.
      if (request.kind !== 'evaluate' || !request.isAlone) this.stop();
      return { kind: 'failed', failure: failureOf(error) };
    }
  }

  /** Ends the work of the team. */
  stop(): void {
    if (this.words !== undefined) abortTeam(this.words);
  }

  private prepare(request: PrepareRequest): Answer {
    const { plan, shared } = request;
    this.words = shared?.words;
    this.isUnshared = shared === undefined;
    const own = shared === undefined ? createTeamMemory(plan.memory, request.places) : undefined;
    const memory = shared ?? own;
    if (memory === undefined) throw new InternalError('a worker without memory');
    this.words = memory.words;
    this.prepared = prepare(request, memory);
    return { kind: 'ready', ...(own === undefined ? {} : { places: own.places }) };
  }

  private load({ place, first, count, bytes }: LoadRequest): Answer {
    const { context, common, keys } = this.requirePrepared();
    const { team, io } = common;
    const saved =
      bytes instanceof Uint8Array ? bytes : new Uint8Array(context.memory.buffer, bytes.address, bytes.length);
    loadDigits(context, keys.digitsAt(place).slice(first, first + count), saved, io.room, team);
    return { kind: 'ready' };
  }

  private async evaluate(
    { isAlone, place, stage, inputs }: EvaluateRequest,
    onProgress: (part: number) => void,
  ): Promise<Answer> {
    const { words, isUnshared } = this;
    const { common, lane, keys } = this.requirePrepared();
    const bench = isAlone ? lane : common;
    if (bench === undefined) throw new InternalError('a worker without a lane is asked alone');
    const { team, executor, io } = bench;
    if (isUnshared && words !== undefined) resetTeam(words);
    keys.select(place);
    io.begin(inputs, stage);
    team.barrier();
    const start = now();
    let reported = 0;
    let reportedAt = start;
    let sliceStart = start;
    for (const fraction of executor.steps(stage)) {
      const part = fraction - reported;
      const isDue = part * leastReports >= 1 || fraction === 1 || now() - reportedAt >= reportMilliseconds;
      if (team.index === 0 && part * mostReports >= 1 && isDue) {
        onProgress(part);
        reported = fraction;
        reportedAt = now();
      }
      if (!isUnshared || now() - sliceStart < sliceMilliseconds) continue;
      await this.pause();
      team.checkRunning();
      sliceStart = now();
    }
    return { kind: 'done', outputs: io.takeOutputs(), start, end: now() };
  }

  private requirePrepared(): Prepared {
    if (this.prepared === undefined) throw new InternalError('a worker is asked to work before it is prepared');
    return this.prepared;
  }
}

/** Keys of the place that was selected last, for an executor; and what there is to load to each. */
class SwitchedKeys implements PlacedKeys {
  private readonly placedAt: (place: number) => PlacedKeys;
  private readonly list: (placed: PlacedKeys) => KeyDigit[];
  private selected: PlacedKeys;

  constructor(placedAt: (place: number) => PlacedKeys, list: (placed: PlacedKeys) => KeyDigit[]) {
    this.placedAt = placedAt;
    this.list = list;
    this.selected = placedAt(0);
  }

  get relinearization(): PlacedKeys['relinearization'] {
    return this.selected.relinearization;
  }

  get rotations(): PlacedKeys['rotations'] {
    return this.selected.rotations;
  }

  get encapsulation(): PlacedKeys['encapsulation'] {
    return this.selected.encapsulation;
  }

  select(place: number): void {
    this.selected = this.placedAt(place);
  }

  digitsAt(place: number): KeyDigit[] {
    return this.list(this.placedAt(place));
  }
}

/** Milliseconds since the epoch. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

/** All members together: phases end in barriers. */
function prepare(request: PrepareRequest, { memory, words }: TeamMemory): Prepared {
  const { plan, parameters, plaintexts, outputScales } = request;
  const { polyModulusDegree: n } = parameters;
  const { program } = plan;
  const { regions } = plan.memory;
  const team = new SharedTeam(words, request.member, request.members);
  const context = openContext(instantiate(request.kernels, memory), memory, parameters, regions.context);
  fillContext(context, team);
  const unfitness = describeUnfitness(context, regions.values + team.index * selfCheckBytes(n), team);
  if (unfitness !== undefined) throw new UnfitError(unfitness);
  if (team.index === team.size - 1) fillEmbeddingTables(memory.buffer, regions.encoders, n);
  team.barrier();

  const { keys: keyPlan, memory: memoryPlan } = plan;
  const keys = new SwitchedKeys(
    (place) => placeKeys(keyPlan, parameters, regions.keys + place * memoryPlan.placeBytes, regions.permutations),
    (placed) => listDigits(request.keyNeeds, placed),
  );
  fillPermutations(context, keys, team);
  const packed = request.packed.map(({ shape, data }) => new Constant(shape, data));
  const encoders = openEncoders(context, regions.encoders, team);
  const store = new PlaintextStore(plan.plaintexts, { plaintexts, packed }, regions.plaintexts, encoders);
  const ioOptions = {
    context,
    program,
    outputScales,
    wholeInputs: new Set(request.wholeInputs),
    weights: request.weights,
    weightStream: new Exchange(request.weightStream),
  };
  const benchOf = (of: SharedTeam, at: Omit<LaneMemory, 'words'>, rooms: number): Bench => {
    const io = new CiphertextIo({ ...ioOptions, team: of, rooms });
    const operations = new Operations(context, of, at.workspace);
    const staging = new Staging(store, plan.plaintexts.ofRow, plan.staging, regions.staging, of);
    return { team: of, io, executor: new Executor({ program, arena: at.values, operations, staging, keys, io }) };
  };
  const common = benchOf(team, regions, regions.loading);
  const own = memoryPlan.lanes[team.index];
  const ownRooms = regions.loading + loadingBytes(parameters, team.index);
  const lane = own && benchOf(new SharedTeam(teamWords(memory.buffer, own.words), 0, 1), own, ownRooms);
  store.fill(team);
  return { context, common, lane, keys };
}
