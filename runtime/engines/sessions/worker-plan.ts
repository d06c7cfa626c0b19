/**
 * A prepared plan on workers, and its sessions: the base of all engines that have workers. Owns the workers from their
 * preparation to their end, and the places of keys in their memory.
 *
 * Loads and runs take turns, and runs whose keys have places go side by side in lanes where `Turns` says so. One that begins
 * ends when all workers that it has been asked of have answered: whichever fails first, or an abort, ends the work of these;
 * only then does the promise settle. A failure that nobody outside is the cause of ends the plan.
 */
import { HepcError, InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { isClosed, sessionLost } from '../../../ir/diagnostics/runtime.ts';
import type {
  EngineSession,
  Evaluation,
  EvaluationKeys,
  OpenSessionOptions,
  PlanUsage,
  PreparedPlan,
  RunOptions,
} from '../../base/engine.ts';
import { Pending } from '../../base/pending.ts';
import { untilAborted } from '../../base/until-aborted.ts';
import type { Crew } from './crew.ts';
import { KeyPlaces } from './key-places.ts';
import { type Answer, causeOf, errorOf } from './protocol.ts';
import { patienceMilliseconds, Run } from './run.ts';
import { Turns } from './turns.ts';
import type { Work } from './work.ts';

type GetKeys = () => EvaluationKeys | Promise<EvaluationKeys>;

export class WorkerPlan<Request extends object> implements PreparedPlan<Uint8Array> {
  private readonly work: Work<Request>;
  private readonly crew: Crew<Request>;
  private readonly turns: Turns;
  private readonly sessions = new Set<WorkerSession<Request>>();
  private places = new KeyPlaces<WorkerSession<Request>>(1);
  private keyLoads = 0;
  /** Of each worker, whenever no run is under way. */
  private handles: readonly (number | undefined)[] = [];
  /** Why nothing new is begun. */
  private over: HepcError | undefined;
  /** Until all workers have ended, after a failure. */
  private ending: Promise<void> | undefined;
  private closing: Promise<void> | undefined;

  /** Prepares the workers. Rejects, with all of them ended and `work` released, where one cannot be prepared. */
  static async open<Request extends object>(work: Work<Request>): Promise<WorkerPlan<Request>> {
    const plan = new WorkerPlan(work);
    const answers = await plan.crew.ask(work.prepare);
    const cause = causeOf(answers);
    if (cause !== undefined) {
      await plan.end();
      throw errorOf(cause.failure, cause.worker);
    }
    plan.places = new KeyPlaces(work.places(answers));
    plan.handles = answers.map(({ liveHandles }) => liveHandles);
    return plan;
  }

  private constructor(work: Work<Request>) {
    this.work = work;
    this.crew = work.crew;
    this.crew.heed(work.sign, work.lanes);
    this.turns = new Turns(work.lanes?.length);
  }

  get remarks(): Work<Request>['remarks'] {
    return this.work.remarks;
  }

  /** With lanes a run for each, and the next. */
  get runsAtOnce(): number {
    const { lanes = [] } = this.work;
    return lanes.length === 0 ? 1 : lanes.length + 1;
  }

  get isClosed(): boolean {
    return this.over !== undefined;
  }

  get usage(): PlanUsage {
    const { sessions, places, keyLoads } = this;
    return { sessions: sessions.size, loadedKeys: places.taken, keyPlaces: places.capacity, keyLoads };
  }

  async openSession(keys: GetKeys, { signal }: OpenSessionOptions = {}): Promise<EngineSession<Uint8Array>> {
    this.requireOpen();
    signal?.throwIfAborted();
    const session = new WorkerSession(this, keys);
    this.sessions.add(session);
    try {
      const saved = await untilAborted(askFor(keys), signal);
      await this.turns.take(() => this.load(session, saved, signal), signal);
      this.requireOpen();
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /** Of a session that is open. */
  async evaluate(
    session: WorkerSession<Request>,
    inputs: readonly Uint8Array[],
    options: RunOptions,
  ): Promise<Evaluation<Uint8Array>> {
    const asked = performance.now();
    for (let saved: EvaluationKeys | undefined; ;) {
      // Where they come from may be slow, and nobody else shall wait for it. So the place may be lost meanwhile.
      if (!this.places.has(session)) saved ??= await untilAborted(session.readKeys(), options.signal);
      const own = saved;
      const evaluation = await this.turns.takeLane(
        (lane) => this.evaluateNow({ session, saved: own, inputs, options, asked }, lane),
        () => this.places.has(session),
        options.signal,
      );
      if (evaluation !== undefined) return evaluation;
    }
  }

  /** Of a session that evaluates nothing: gives up its place, which takes a turn only if there is one. */
  async forget(session: WorkerSession<Request>): Promise<void> {
    if (this.places.has(session))
      await this.turns.take(async () => {
        const place = this.places.give(session);
        if (place !== undefined && this.over === undefined) await this.drop(place);
      });
    this.sessions.delete(session);
  }

  close(): Promise<void> {
    this.closing ??= this.closeNow();
    return this.closing;
  }

  private async closeNow(): Promise<void> {
    await Promise.all(Array.from(this.sessions, (session) => session.close()));
    await this.turns.take(async () => {
      if (this.over !== undefined) return;
      const { clear } = this.work;
      const answers = clear === undefined ? [] : await this.crew.ask(() => clear);
      const left = answers.reduce((sum, { liveHandles = 0 }) => sum + liveHandles, 0);
      this.over = new HepcError([isClosed({ what: 'the prepared plan' })]);
      await this.end();
      if (left > 0) throw new InternalError(`${left} SEAL objects were left behind`);
    });
  }

  private requireOpen(): void {
    if (this.over !== undefined) throw this.over;
    if (this.closing !== undefined) throw new HepcError([isClosed({ what: 'the prepared plan' })]);
  }

  private requireRunning(): void {
    if (this.over !== undefined) throw this.over;
  }

  /** Undefined where the keys have lost their place and `saved` is not there to load them anew; they have not in a lane. */
  private async evaluateNow(
    { session, saved, inputs, options, asked }: AskedRun<Request>,
    lane: number | undefined,
  ): Promise<Evaluation<Uint8Array> | undefined> {
    this.requireRunning();
    const begun = performance.now();
    let place = this.places.use(session);
    if (place === undefined) {
      if (saved === undefined) return undefined;
      place = await this.load(session, saved, options.signal);
    }
    const loaded = performance.now();
    options.signal?.throwIfAborted();
    const request = this.work.evaluate(place, inputs, lane, options.stage ?? 0);
    const run =
      lane === undefined
        ? new Run(this.crew.all, this.work.feed, options)
        : new Run(this.crew.lane(lane), undefined, options);
    const answers = await run.ask(request);
    await this.checkAnswers(answers, lane);
    const { outputs, milliseconds } = run.collect(answers);
    return { outputs, timings: { wait: begun - asked, keys: loaded - begun, evaluate: milliseconds } };
  }

  /** Loads keys to a place for them, in whose favour somebody else may lose it. Where it fails there is no place. */
  private async load(
    session: WorkerSession<Request>,
    keys: EvaluationKeys,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    this.requireRunning();
    const { place, evicted } = this.places.take(session);
    try {
      if (evicted) await this.drop(place);
      this.keyLoads++;
      const requests = this.work.load(place, keys)[Symbol.iterator]();
      for (let next = requests.next(); next.done !== true; signal?.throwIfAborted()) {
        const asked = this.prepareMore(next.value);
        // The bytes of the next one are made ready while the workers load those of this one.
        try {
          next = requests.next();
        } finally {
          await asked;
        }
      }
      return place;
    } catch (error) {
      this.places.give(session);
      if (this.over === undefined) await this.drop(place);
      throw error;
    }
  }

  private async drop(place: number): Promise<void> {
    if (this.work.drop !== undefined) await this.prepareMore(this.work.drop(place));
  }

  /** A request after which the workers hold more or less than before. */
  private async prepareMore(request: Request): Promise<void> {
    this.crew.reset();
    const answers = await this.crew.ask(() => request);
    this.handles = answers.map(({ liveHandles }) => liveHandles);
    await this.checkAnswers(answers);
    const cause = causeOf(answers);
    if (cause !== undefined) throw errorOf(cause.failure, cause.worker);
  }

  /**
   * Throws for what is the fault of nobody outside, having ended the plan, and where another run has.
   * @param first whose the first answer is
   */
  private async checkAnswers(answers: readonly Answer[], first = 0): Promise<void> {
    if (this.over !== undefined) {
      await this.ending;
      throw this.over;
    }
    const cause = causeOf(answers);
    const leaking = answers.findIndex(({ liveHandles }, w) => liveHandles !== this.handles[first + w]);
    if (cause !== undefined && cause.failure.reason !== 'stopped' && cause.failure.reason !== 'refused')
      throw await this.fail(errorOf(cause.failure, first + cause.worker));
    // Every ciphertext of a run is deleted when it ends, however it ends.
    if (leaking !== -1) throw await this.fail(new InternalError(`worker ${first + leaking} left SEAL objects behind`));
  }

  private async fail(error: Error): Promise<Error> {
    const reason =
      error instanceof HepcError ? error.diagnostics.map(({ message }) => message).join('; ') : error.message;
    this.over = new HepcError([sessionLost({ reason: reason.split('\n', 1).join('') })]);
    this.ending = this.endAll();
    await this.ending;
    return error;
  }

  /** Stops the runs in other lanes first. */
  private async endAll(): Promise<void> {
    this.crew.stop();
    const patience = setTimeout(() => void this.crew.giveUp(), patienceMilliseconds);
    await this.crew.quiet();
    clearTimeout(patience);
    await this.end();
  }

  /** Ends the workers, of whom none works. */
  private async end(): Promise<void> {
    await this.crew.leave();
    this.work.release();
  }
}

/** A run that has been asked for. */
interface AskedRun<Request extends object> {
  readonly session: WorkerSession<Request>;
  /** The keys, where they had no place. */
  readonly saved: EvaluationKeys | undefined;
  readonly inputs: readonly Uint8Array[];
  readonly options: RunOptions;
  /** When. */
  readonly asked: number;
}

/** `get` may throw at once. */
async function askFor(get: GetKeys): Promise<EvaluationKeys> {
  return get();
}

class WorkerSession<Request extends object> implements EngineSession<Uint8Array> {
  private readonly keys: GetKeys;
  private reading: Promise<EvaluationKeys> | undefined;
  private readonly plan: WorkerPlan<Request>;
  private readonly pending = new Pending();
  private closing: Promise<void> | undefined;

  constructor(plan: WorkerPlan<Request>, keys: GetKeys) {
    this.plan = plan;
    this.keys = keys;
  }

  get runsAtOnce(): number {
    return this.plan.runsAtOnce;
  }

  /** Where several evaluations ask at the same time the keys are read once for all of them. */
  readKeys(): Promise<EvaluationKeys> {
    this.reading ??= askFor(this.keys).finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  async evaluate(inputs: readonly Uint8Array[], options: RunOptions = {}): Promise<Evaluation<Uint8Array>> {
    if (this.closing !== undefined) throw new HepcError([isClosed({ what: 'the session' })]);
    return this.pending.track(this.plan.evaluate(this, inputs, options));
  }

  close(): Promise<void> {
    this.closing ??= this.pending.settled().then(() => this.plan.forget(this));
    return this.closing;
  }
}
