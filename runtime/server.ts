/**
 * The server's half of a plan: evaluates encrypted inputs with evaluation keys. Never holds a secret key, and sees no
 * values; with encrypted weights not even those. A server holds a plan, a session the keys of a client.
 */
import { type Diagnostic, HepcError } from '../ir/diagnostics/diagnostic.ts';
import { badMemoryBudget, isClosed, otherKey } from '../ir/diagnostics/runtime.ts';
import type { Plan } from '../ir/plan/plan.ts';
import { type Stage, stagesOf } from '../ir/plan/stages.ts';
import {
  defaultEngineOptions,
  type EngineOptions,
  type EvaluationKeys,
  type OpenSessionOptions,
  type PlanUsage,
  type PreparedPlan,
} from './base/engine.ts';
import type { OpenedEngine } from './base/fallback.ts';
import { checkRead, ownBytes, plainBytes } from './base/own-bytes.ts';
import { Pending } from './base/pending.ts';
import type { EngineChoice } from './base/engine-choices.ts';
import { openEngine } from './engines/registry.ts';
import { readEvaluationKeys } from './cipher/key-files.ts';
import { Masks } from './refresh/masks.ts';
import { ServerSession } from './server-session.ts';
import type { Staging } from './staged-evaluation.ts';

export interface ServerOptions extends Partial<EngineOptions> {
  /** `auto` takes the fastest that runs here. */
  readonly engine?: EngineChoice;
}

/**
 * A file of evaluation keys: its bytes, of which the session keeps a copy, or what reads them. That is called when the
 * session is opened, and again when its keys have made room for those of others, so that the session keeps nothing; what
 * it gives belongs to the session.
 */
export type KeySource = Uint8Array | (() => Uint8Array | Promise<Uint8Array>);

/**
 * Evaluates a plan on encrypted inputs: workers and encoded weights, there once for all clients, whose keys are sessions.
 *
 * @example
 * const server = await Server.create(readPlan(await readFile('mlp.hep'), 'mlp.hep'), { threads: 2 });
 * const session = await server.openSession(evaluationKeys);
 * const { outputs } = await session.evaluate(inputs);
 * await server.close();
 */
export class Server {
  readonly plan: Plan;
  private readonly choice: EngineChoice;
  private readonly options: EngineOptions;
  private opened: OpenedEngine;
  private reopening: Promise<PreparedPlan<Uint8Array>> | undefined;
  private readonly sessions = new Set<ServerSession>();
  private readonly openings = new Pending();
  private readonly closed = new AbortController();
  private readonly stages: readonly Stage[];
  /** Of a plan with refreshes, once something is masked. */
  private masks: Promise<Masks> | undefined;
  private closing: Promise<void> | undefined;

  /**
   * Starts workers and encodes weights. To be closed. Throws `HepcError` for options that are impossible, a plan that does
   * not fit the memory, and one whose encrypted weights are not bound, or bound to ciphertexts that do not fit.
   */
  static async create(plan: Plan, { engine = 'auto', ...given }: ServerOptions = {}): Promise<Server> {
    checkRead(plan, 'program', 'a plan', 'readPlan');
    const options = { ...defaultEngineOptions, ...given };
    checkBudget(options.memoryBudgetBytes);
    return new Server(plan, engine, options, await openEngine(engine, plan, options));
  }

  private constructor(plan: Plan, choice: EngineChoice, options: EngineOptions, opened: OpenedEngine) {
    this.plan = plan;
    this.choice = choice;
    this.options = options;
    this.opened = opened;
    ({ stages: this.stages } = stagesOf(plan.program.columns));
  }

  /** Name of the engine that evaluates. */
  get engineName(): string {
    return this.opened.engine;
  }

  /** Warnings of the preparation: that another engine than the fastest had to be taken. */
  get remarks(): readonly Diagnostic[] {
    return this.opened.remarks;
  }

  /** What is in memory now. */
  get usage(): PlanUsage {
    return this.opened.prepared.usage;
  }

  /**
   * Loads a file of evaluation keys. Sessions are independent of each other, also those of the same keys; their
   * evaluations take turns, as `ServerSession.evaluate` says. To be closed, or closed with the server.
   *
   * Throws `HepcError` for files that are damaged, for other parameters or, where weights are bound to a key, of another
   * one; for a server that is closed, before or meanwhile. Rejects with the reason of `signal` once it aborts.
   */
  async openSession(evaluationKeys: KeySource, options: OpenSessionOptions = {}): Promise<ServerSession> {
    this.requireOpen();
    return this.openings.track(this.openNow(evaluationKeys, options));
  }

  /**
   * Ends the workers and frees everything. Evaluations that are under way finish first, those of several runs too; an
   * owner in a hurry aborts them. Sessions that are being opened are given up (H640).
   */
  close(): Promise<void> {
    this.closing ??= this.closeNow();
    return this.closing;
  }

  private async closeNow(): Promise<void> {
    this.closed.abort(new HepcError([isClosed({ what: 'the server' })]));
    await this.openings.settled();
    await Promise.all(Array.from(this.sessions, (session) => session.close()));
    await this.opened.prepared.close();
    (await this.masks)?.close();
  }

  private requireOpen(): void {
    this.closed.signal.throwIfAborted();
  }

  private async openNow(source: KeySource, { signal: given }: OpenSessionOptions): Promise<ServerSession> {
    given?.throwIfAborted();
    const signal = given === undefined ? this.closed.signal : AbortSignal.any([given, this.closed.signal]);
    const keys = new CheckedKeys(this.plan, source);
    const prepared = await this.prepared();
    const engineSession = await prepared.openSession(() => keys.read(), { signal });
    const forget = (): void => {
      this.sessions.delete(session);
    };
    const session = new ServerSession(this.plan.client, keys.keyId, engineSession, forget, this.stagingOf(keys));
    this.sessions.add(session);
    if (signal.aborted) await session.close();
    signal.throwIfAborted();
    return session;
  }

  private stagingOf({ publicKey }: CheckedKeys): Staging | undefined {
    const { stages, plan } = this;
    if (publicKey === undefined) return undefined;
    return { stages, publicKey, masks: () => (this.masks ??= Masks.open(plan.client.parameters)) };
  }

  /** The plan on its engine, which is opened again where a failure has ended it. */
  private async prepared(): Promise<PreparedPlan<Uint8Array>> {
    if (!this.opened.prepared.isClosed) return this.opened.prepared;
    this.reopening ??= this.reopen().finally(() => {
      this.reopening = undefined;
    });
    return this.reopening;
  }

  private async reopen(): Promise<PreparedPlan<Uint8Array>> {
    this.opened = await openEngine(this.choice, this.plan, this.options);
    return this.opened.prepared;
  }
}

function checkBudget(bytes: unknown): void {
  if (typeof bytes !== 'number' || Number.isNaN(bytes) || bytes < 0)
    throw new HepcError([badMemoryBudget({ got: String(bytes) })]);
}

const evaluationKeysFile = 'the file of evaluation keys';

/** Evaluation keys, checked whenever they come from outside. */
class CheckedKeys {
  private readonly plan: Plan;
  private readonly source: () => EvaluationKeys | Promise<EvaluationKeys>;
  private known: string | undefined;
  private ownPublicKey: Uint8Array | undefined;

  constructor(plan: Plan, source: KeySource) {
    this.plan = plan;
    if (typeof source === 'function')
      this.source = async () => this.check(plainBytes(await source(), evaluationKeysFile));
    else {
      const keys = this.check(ownBytes(source, evaluationKeysFile));
      this.source = () => keys;
    }
  }

  /** SHA-256 of the public key that they belong to; known once they have been read. */
  get keyId(): string {
    return this.known ?? '';
  }

  /** Of a plan with refreshes, once they have been read. */
  get publicKey(): Uint8Array | undefined {
    return this.ownPublicKey;
  }

  read(): EvaluationKeys | Promise<EvaluationKeys> {
    return this.source();
  }

  private check(bytes: Uint8Array): EvaluationKeys {
    const { client, bound } = this.plan;
    const keys = readEvaluationKeys(bytes, client);
    // Weights are bound to a key, and a session keeps the one that it was opened with.
    const expected = bound?.publicKeyDigest ?? this.known ?? keys.keyId;
    if (keys.keyId !== expected)
      throw new HepcError([otherKey({ what: 'evaluation keys', got: keys.keyId, expected })]);
    this.known = keys.keyId;
    this.ownPublicKey ??= keys.publicKey?.slice();
    return keys;
  }
}
