/**
 * The server's half of a plan: evaluates encrypted inputs with evaluation keys. Never holds a secret key, and sees no
 * values; with encrypted weights not even those.
 */
import { type Diagnostic, HepcError } from '../ir/diagnostics/diagnostic.ts';
import { keysNotLoaded, otherKey } from '../ir/diagnostics/runtime.ts';
import type { Plan } from '../ir/plan/plan.ts';
import { defaultEngineOptions, type EngineOptions, type EvaluateOptions, type EvaluationKeys } from './base/engine.ts';
import { type EngineChoice, prepareEngine } from './engines/registry.ts';
import type { PreparedEngine } from './base/fallback.ts';
import { readCiphertexts, writeCiphertexts } from './seal/bytes/ciphertext-files.ts';
import { readEvaluationKeys } from './seal/keys.ts';
import { openWeights } from './seal/weight-source.ts';

export interface ServerOptions extends Partial<EngineOptions> {
  /** `auto` takes the fastest that runs here. */
  readonly engine?: EngineChoice;
}

/** Milliseconds of the last of each. */
export interface ServerTimings {
  readonly prepare?: number;
  /** From input ciphertexts to output ciphertexts, all runs of the file together. */
  readonly evaluate?: number;
}

interface Prepared extends PreparedEngine {
  readonly keyId: string;
}

export class Server {
  readonly plan: Plan;
  private readonly engine: EngineChoice;
  private readonly options: EngineOptions;
  private prepared: Prepared | undefined;
  private measured: ServerTimings = {};

  /** Throws `HepcError` for a plan whose encrypted weights are not bound, or bound to ciphertexts that do not fit. */
  static create(plan: Plan, options: ServerOptions = {}): Promise<Server> {
    return new Promise((resolve) => {
      openWeights(plan);
      resolve(new Server(plan, options));
    });
  }

  private constructor(plan: Plan, { engine = 'auto', ...options }: ServerOptions) {
    this.plan = plan;
    this.engine = engine;
    this.options = { ...defaultEngineOptions, ...options };
  }

  get timings(): ServerTimings {
    return this.measured;
  }

  /** Name of the engine that the plan is prepared for; undefined without keys. */
  get engineName(): string | undefined {
    return this.prepared?.engine;
  }

  /** Warnings of the preparation: that another engine than the fastest had to be taken. */
  get remarks(): readonly Diagnostic[] {
    return this.prepared?.remarks ?? [];
  }

  /**
   * Loads a file of evaluation keys and prepares the plan for them; keys loaded before are dropped. Throws `HepcError`
   * for files that are damaged or for other parameters, and for a plan that does not fit the memory.
   */
  async loadKeys(evaluationKeys: Uint8Array): Promise<void> {
    const { client, bound } = this.plan;
    const start = performance.now();
    const keys: EvaluationKeys = readEvaluationKeys(evaluationKeys, client);
    if (bound !== undefined && bound.publicKeyDigest !== keys.keyId)
      throw new HepcError([
        otherKey({ what: 'the file of evaluation keys', got: keys.keyId, expected: bound.publicKeyDigest }),
      ]);
    await this.close();
    this.prepared = { keyId: keys.keyId, ...(await prepareEngine(this.engine, this.plan, keys, this.options)) };
    this.measured = { prepare: performance.now() - start };
  }

  /**
   * A file of encrypted outputs for a file of encrypted inputs. Rejects with `HepcError` for files that are damaged, of
   * another plan or another key; with the reason of `signal` once it aborts.
   */
  async evaluate(inputs: Uint8Array, { signal, onProgress }: EvaluateOptions = {}): Promise<Uint8Array> {
    if (this.prepared === undefined) throw new HepcError([keysNotLoaded({ what: 'evaluation' })]);
    const { keyId, session } = this.prepared;
    const { client } = this.plan;
    const { samples, runs } = readCiphertexts(inputs, 'inputs', client, keyId);
    const results: Uint8Array[][] = [];
    let milliseconds = 0;
    for (const [r, run] of runs.entries()) {
      const evaluation = await session.evaluate(run, {
        ...(signal === undefined ? {} : { signal }),
        onProgress: (fraction) => onProgress?.((r + fraction) / runs.length),
      });
      results.push(evaluation.outputs);
      milliseconds += evaluation.milliseconds;
    }
    this.measured = { ...this.measured, evaluate: milliseconds };
    return writeCiphertexts('outputs', client, { keyId, samples, runs: results });
  }

  /** Ends the workers and frees the keys. Evaluations that are under way finish first. */
  async close(): Promise<void> {
    const { prepared } = this;
    this.prepared = undefined;
    await prepared?.session.close();
  }
}
