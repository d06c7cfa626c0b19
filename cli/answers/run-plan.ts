/**
 * Runs a plan on samples with keys made for the purpose: encrypted, or in the clear. Client and server are in one
 * process here, which is for trying plans out; `encrypt`, `eval` and `decrypt` are for doing it in earnest.
 *
 * Samples are read run by run, twice: all are checked before the first is encrypted.
 */
import { setImmediate } from 'node:timers/promises';
import { modelInputs } from '../../ir/client/steps.ts';
import { boundPlan } from '../../ir/diagnostics/cli.ts';
import { type Diagnostic, HepcError, throwIfErrors } from '../../ir/diagnostics/diagnostic.ts';
import { wrongCount } from '../../ir/diagnostics/runtime.ts';
import { readGivenSamples } from '../../ir/given-samples.ts';
import { evaluateHe } from '../../ir/interpret/he.ts';
import { NoiseModel } from '../../ir/interpret/noise.ts';
import { PlaintextSlots } from '../../ir/interpret/plaintext-slots.ts';
import { type Plan, sentCiphertexts } from '../../ir/plan/plan.ts';
import type { RunTimings } from '../../ir/plan/run-trace.ts';
import { Client } from '../../runtime/client.ts';
import { checkInputRange, packInput, unpackOutput } from '../../runtime/base/codec.ts';
import { defaultEngineOptions, type EngineSession } from '../../runtime/base/engine.ts';
import { clear } from '../../runtime/engines/clear.ts';
import type { EngineChoice } from '../../runtime/base/engine-choices.ts';
import { type SampleSource, sampleSource } from '../../runtime/sample-source.ts';
import { Server } from '../../runtime/server.ts';
import type { runEngines } from './run-engines.ts';
import { withBoundPlan } from './bind-for-run.ts';
import { Laps } from './laps.ts';
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

/** What came of one run: of up to as many samples as the plan's batch. */
export interface RunValues {
  /** Number of the first sample. */
  readonly first: number;
  /** What was encrypted of each sample, and what was decrypted. */
  readonly encrypted: readonly Sample[];
  readonly decrypted: readonly Sample[];
  /** The outputs of the model for each sample. */
  readonly answers: readonly Answer[];
}

export interface RunSummary {
  readonly timings: RunTimings;
  /** Name of the engine that has run. */
  readonly engine: string;
  /** Warnings of the engine. */
  readonly remarks: readonly Diagnostic[];
}

export type PlanRun = RunSummary & Omit<RunValues, 'first'>;

/** As `runPlanOn`, of samples and answers in memory. */
export async function runPlan(plan: Plan, samples: readonly ClientSample[], options: RunOptions): Promise<PlanRun> {
  const encrypted: Sample[] = [];
  const decrypted: Sample[] = [];
  const answers: Answer[] = [];
  const summary = await runPlanOn(plan, sampleSource(samples), options, (run) => {
    encrypted.push(...run.encrypted);
    decrypted.push(...run.decrypted);
    answers.push(...run.answers);
    return Promise.resolve();
  });
  return { ...summary, encrypted, decrypted, answers };
}

/**
 * Calls `use` with the values of each run as they come; the next run waits for it. Throws `HepcError` for samples beyond the
 * plan's range (H510) and for bound plans (H731), before anything is encrypted.
 */
export async function runPlanOn(
  plan: Plan,
  samples: SampleSource,
  options: RunOptions,
  use: (run: RunValues) => Promise<void>,
): Promise<RunSummary> {
  if (plan.bound !== undefined) throw new HepcError([boundPlan({})]);
  const { engine, signal } = options;
  const runs = new Runs(plan, samples);
  for (const place of runs.places()) {
    await breathe(signal);
    await runs.read(place);
  }
  const finish = ({ first, encrypted }: ReadRun, decrypted: readonly Sample[]): Promise<void> =>
    use({
      ...{ first, encrypted, decrypted },
      answers: decrypted.map((values, k) => afterDecryption(plan.client, values, first + k)),
    });
  return engine === 'clear'
    ? runInTheClear(plan, runs, options, finish)
    : runEncrypted(plan, runs, engine, options, finish);
}

type Finish = (run: ReadRun, decrypted: readonly Sample[]) => Promise<void>;

async function runEncrypted(
  plan: Plan,
  runs: Runs,
  engine: EngineChoice,
  options: RunOptions,
  finish: Finish,
): Promise<RunSummary> {
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
        for (const place of runs.places()) {
          await breathe(signal);
          const run = await runs.read(place);
          laps.start();
          const inputs = client.encrypt(run.samples);
          laps.lap('encrypt');
          laps.begin();
          const evaluated = await session.evaluate(inputs, {
            signal,
            refresh: (request) => Promise.resolve(client.refresh(request)),
            onProgress: (fraction) => {
              laps.mark(fraction);
              progress.fraction(place.done + place.share * fraction);
            },
          });
          laps.add('evaluate', evaluated.timings.evaluate);
          laps.start();
          const decrypted = client.decrypt(evaluated.outputs, { raw: true });
          laps.lap('decrypt');
          await finish(run, decrypted);
        }
        return { timings: laps.timings(), engine: server.engineName, remarks: server.remarks };
      } finally {
        await server.close();
      }
    });
  } finally {
    client.close();
  }
}

async function runInTheClear(plan: Plan, runs: Runs, options: RunOptions, finish: Finish): Promise<RunSummary> {
  const { signal, progress, noiseSeed } = options;
  const { inputs, outputs: outputEncodings } = plan.client;
  const laps = new Laps();
  const session = noiseSeed === undefined ? await inTheClear(plan) : simulated(plan, noiseSeed);
  laps.lap('prepare');
  progress.step(noiseSeed === undefined ? 'evaluating in the clear' : 'evaluating with simulated noise');
  for (const place of runs.places()) {
    await breathe(signal);
    progress.fraction(place.done);
    const run = await runs.read(place);
    laps.start();
    const packed = inputs.flatMap((encoding) => packInput(encoding, valuesOf(run.encrypted, encoding.name)));
    laps.lap('encrypt');
    const evaluation = await session.evaluate(packed, { signal });
    laps.add('evaluate', evaluation.timings.evaluate);
    laps.start();
    const unpacked = run.encrypted.map(() => new Map<string, Float64Array>());
    for (const encoding of outputEncodings) {
      const { firstCiphertext } = encoding;
      const own = evaluation.outputs.slice(firstCiphertext, firstCiphertext + sentCiphertexts(encoding));
      unpackOutput(encoding, own, unpacked.length).forEach((values, k) => unpacked[k]?.set(encoding.name, values));
    }
    laps.lap('decrypt');
    await finish(run, unpacked);
  }
  return { timings: laps.timings(), engine: clear.name, remarks: [] };
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

/** Where the samples of a run stand. */
interface RunPlace {
  readonly first: number;
  readonly end: number;
  /** The part of all runs that is done before this one, and that this one is. */
  readonly done: number;
  readonly share: number;
}

interface ReadRun {
  readonly first: number;
  readonly samples: readonly ClientSample[];
  /** What is to be encrypted of each. */
  readonly encrypted: readonly Sample[];
}

/** The samples of a plan, read run by run. */
class Runs {
  private readonly plan: Plan;
  private readonly samples: SampleSource;

  constructor(plan: Plan, samples: SampleSource) {
    this.plan = plan;
    this.samples = samples;
  }

  *places(): Generator<RunPlace> {
    const { count } = this.samples;
    const { batch } = this.plan.client;
    const share = 1 / Math.ceil(count / batch);
    for (let run = 0, first = 0; first < count; run++, first += batch)
      yield { first, end: Math.min(count, first + batch), done: run * share, share };
  }

  /** Rejects with `HepcError` for samples that cannot be encrypted. */
  async read({ first, end }: RunPlace): Promise<ReadRun> {
    const { client } = this.plan;
    const given = await this.samples.read(first, end);
    if (given.length !== end - first)
      throw new HepcError([
        wrongCount({ what: `samples from number ${first} on`, expected: end - first, got: given.length }),
      ]);
    const samples = readGivenSamples(given, modelInputs(client, client.inputs), { first });
    const encrypted = samples.map((sample, k) => beforeEncryption(client, sample, first + k));
    throwIfErrors(client.inputs.flatMap((input) => checkInputRange(input, valuesOf(encrypted, input.name), first)));
    return { first, samples, encrypted };
  }
}

function valuesOf(samples: readonly Sample[], name: string): Float64Array[] {
  return samples.map((sample) => sample.get(name) ?? new Float64Array());
}
