/**
 * Runs a plan on samples with keys made for the purpose: encrypted, or in the clear. Client and server are in one
 * process here, which is for trying plans out; `encrypt`, `eval` and `decrypt` are for doing it in earnest.
 */
import { setImmediate } from 'node:timers/promises';
import { boundPlan } from '../../ir/diagnostics/cli.ts';
import { type Diagnostic, HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { evaluateHe } from '../../ir/interpret/he.ts';
import { NoiseModel } from '../../ir/interpret/noise.ts';
import { PlaintextSlots } from '../../ir/interpret/plaintext-slots.ts';
import { type Plan, sentCiphertexts } from '../../ir/plan/plan.ts';
import { Client } from '../../runtime/client.ts';
import { checkInputRange, packInput, unpackOutput } from '../../runtime/base/codec.ts';
import { defaultEngineOptions, type EngineSession } from '../../runtime/base/engine.ts';
import { clear } from '../../runtime/engines/clear.ts';
import type { EngineChoice } from '../../runtime/base/engine-choices.ts';
import { Server } from '../../runtime/server.ts';
import type { runEngines } from './run-engines.ts';
import { withBoundPlan } from './bind-for-run.ts';
import type { Progress } from '../shell/progress.ts';
import type { Answer, ClientSample, Sample } from '../../ir/interface.ts';
import { afterDecryption, beforeEncryption } from '../../ir/interpret/client.ts';

/** Of the clear engine, which has nothing to close. */
type ClearSession = Pick<EngineSession<Float64Array>, 'evaluate'>;

export interface RunOptions {
  readonly engine: (typeof runEngines)[number];
  readonly threads: number;
  /** See `EngineOptions`; that of the engine where it is left out. */
  readonly memoryBudgetBytes?: number | undefined;
  /** Seed of simulated noise; the clear engine only. */
  readonly noiseSeed?: number | undefined;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Milliseconds. A run takes up to as many samples as the plan's batch. */
export interface RunTimings {
  readonly keygenMs: number;
  /** Contexts, loading of plan and keys, encoding of weights: once. */
  readonly prepareMs: number;
  /** Of each run. */
  readonly encryptMs: readonly number[];
  /** Of each run, from input ciphertexts to output ciphertexts. */
  readonly evaluateMs: readonly number[];
  readonly decryptMs: readonly number[];
  /** Of the last evaluation, encrypted: what part of the modelled cost was done after how many milliseconds. */
  readonly marks: readonly (readonly [fraction: number, milliseconds: number])[];
}

export interface PlanRun {
  /** What was encrypted of each sample, and what was decrypted. */
  readonly encrypted: readonly Sample[];
  readonly decrypted: readonly Sample[];
  /** The outputs of the model for each sample. */
  readonly answers: readonly Answer[];
  readonly timings: RunTimings;
  /** Name of the engine that has run. */
  readonly engine: string;
  /** Warnings of the engine. */
  readonly remarks: readonly Diagnostic[];
}

/** Throws `HepcError` for samples beyond the plan's range (H510) and for bound plans (H731). */
export async function runPlan(plan: Plan, samples: readonly ClientSample[], options: RunOptions): Promise<PlanRun> {
  if (plan.bound !== undefined) throw new HepcError([boundPlan({})]);
  const { engine } = options;
  const encrypted = samples.map((sample, k) => beforeEncryption(plan.client, sample, k));
  const run =
    engine === 'clear'
      ? await runInTheClear(plan, encrypted, options)
      : await runEncrypted(plan, samples, engine, options);
  const answers = run.decrypted.map((values, k) => afterDecryption(plan.client, values, k));
  return { ...run, encrypted, answers };
}

type NetworkRun = Omit<PlanRun, 'encrypted' | 'answers'>;

async function runEncrypted(
  plan: Plan,
  samples: readonly ClientSample[],
  engine: EngineChoice,
  options: RunOptions,
): Promise<NetworkRun> {
  const { threads, memoryBudgetBytes = defaultEngineOptions.memoryBudgetBytes, signal, progress } = options;
  const laps = new Laps();
  progress.step('preparing');
  const client = await Client.create(plan.client);
  try {
    laps.lap('prepare');
    progress.step('making keys');
    const keys = client.generateKeys();
    laps.lap('keygen');
    await breathe(signal);
    progress.step('preparing the server');
    return await withBoundPlan(plan, keys.publicKey, { memoryBudgetBytes, signal, progress }, async (ready) => {
      const server = await Server.create(ready, { threads, memoryBudgetBytes, engine });
      try {
        const session = await server.openSession(() => keys.evaluationKeys, { signal });
        laps.lap('prepare');
        progress.step('evaluating');
        const decrypted: Sample[] = [];
        for (const { batch, done, share } of batches(samples, plan.client.batch)) {
          await breathe(signal);
          laps.start();
          const inputs = client.encrypt(batch);
          laps.lap('encrypt');
          laps.begin();
          const evaluated = await session.evaluate(inputs, {
            signal,
            onProgress: (fraction) => {
              laps.mark(fraction);
              progress.fraction(done + share * fraction);
            },
          });
          laps.add('evaluate', evaluated.timings.evaluate);
          laps.start();
          decrypted.push(...client.decrypt(evaluated.outputs, { raw: true }));
          laps.lap('decrypt');
        }
        return { decrypted, timings: laps.timings(), engine: server.engineName, remarks: server.remarks };
      } finally {
        await server.close();
      }
    });
  } finally {
    client.close();
  }
}

async function runInTheClear(plan: Plan, samples: readonly Sample[], options: RunOptions): Promise<NetworkRun> {
  const { signal, progress, noiseSeed } = options;
  const { inputs, outputs: outputEncodings, batch: batchSize } = plan.client;
  const valuesOf = (batch: readonly Sample[], name: string): Float64Array[] =>
    batch.map((sample) => sample.get(name) ?? new Float64Array());
  const problems = inputs.flatMap((encoding) => checkInputRange(encoding, valuesOf(samples, encoding.name)));
  if (problems.length > 0) throw new HepcError(problems);
  const laps = new Laps();
  const session = noiseSeed === undefined ? await inTheClear(plan) : simulated(plan, noiseSeed);
  laps.lap('prepare');
  progress.step(noiseSeed === undefined ? 'evaluating in the clear' : 'evaluating with simulated noise');
  const decrypted: Sample[] = [];
  for (const { batch, done } of batches(samples, batchSize)) {
    await breathe(signal);
    progress.fraction(done);
    laps.start();
    const packed = inputs.flatMap((encoding) => packInput(encoding, valuesOf(batch, encoding.name)));
    laps.lap('encrypt');
    const evaluation = await session.evaluate(packed, { signal });
    laps.add('evaluate', evaluation.timings.evaluate);
    laps.start();
    const unpacked = batch.map(() => new Map<string, Float64Array>());
    for (const encoding of outputEncodings) {
      const { firstCiphertext } = encoding;
      const own = evaluation.outputs.slice(firstCiphertext, firstCiphertext + sentCiphertexts(encoding));
      unpackOutput(encoding, own, batch.length).forEach((values, k) => unpacked[k]?.set(encoding.name, values));
    }
    decrypted.push(...unpacked);
    laps.lap('decrypt');
  }
  return { decrypted, timings: laps.timings(), engine: clear.name, remarks: [] };
}

async function inTheClear(plan: Plan): Promise<ClearSession> {
  const prepared = await clear.open(plan, defaultEngineOptions);
  return prepared.openSession(() => undefined);
}

/** The clear engine with the noise that encryption would add. */
function simulated({ program }: Plan, seed: number): ClearSession {
  const noise = new NoiseModel(program.parameters, seed);
  const plaintexts = new PlaintextSlots(program, noise);
  return {
    evaluate: (inputs) => {
      const start = performance.now();
      const outputs = evaluateHe(program, inputs, { noise, plaintexts });
      const timings = { wait: 0, keys: 0, evaluate: performance.now() - start };
      return Promise.resolve({ outputs, timings });
    },
  };
}

/** Lets signals in between stretches of synchronous work. */
async function breathe(signal: AbortSignal): Promise<void> {
  await setImmediate();
  signal.throwIfAborted();
}

interface Batch<Own> {
  readonly batch: readonly Own[];
  /** The part of all batches that is done before this one, and that this one is. */
  readonly done: number;
  readonly share: number;
}

function batches<Own>(samples: readonly Own[], size: number): Batch<Own>[] {
  const share = 1 / Math.ceil(samples.length / size);
  const list: Batch<Own>[] = [];
  for (let first = 0; first < samples.length; first += size)
    list.push({ batch: samples.slice(first, first + size), done: list.length * share, share });
  return list;
}

type Phase = 'keygen' | 'prepare' | 'encrypt' | 'evaluate' | 'decrypt';

/** A stopwatch with a list of laps for each phase. */
class Laps {
  private readonly laps: Record<Phase, number[]> = { keygen: [], prepare: [], encrypt: [], evaluate: [], decrypt: [] };
  private started = performance.now();
  private marks: [fraction: number, milliseconds: number][] = [];

  start(): void {
    this.started = performance.now();
  }

  /** What has passed since the start or the last lap belongs to `phase`. */
  lap(phase: Phase): void {
    this.add(phase, performance.now() - this.started);
    this.start();
  }

  add(phase: Phase, milliseconds: number): void {
    this.laps[phase].push(milliseconds);
  }

  /** Of an evaluation, whose marks follow. */
  begin(): void {
    this.start();
    this.marks = [];
  }

  mark(fraction: number): void {
    this.marks.push([fraction, performance.now() - this.started]);
  }

  timings(): RunTimings {
    const { keygen, prepare, encrypt, evaluate, decrypt } = this.laps;
    return {
      keygenMs: sum(keygen),
      prepareMs: sum(prepare),
      encryptMs: encrypt,
      evaluateMs: evaluate,
      decryptMs: decrypt,
      marks: this.marks,
    };
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
