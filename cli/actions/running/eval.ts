import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { badUsage } from '../../../ir/diagnostics/cli.ts';
import { type Diagnostic, formatDiagnostic, HepcError, InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { notPaused, refreshesWanted } from '../../../ir/diagnostics/refresh/messages.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import type { RandomAccess } from '../../../runtime/format/random-access.ts';
import type { Append } from '../../../runtime/format/zip-writer.ts';
import type { EvaluateOptions, EvaluationTimings } from '../../../runtime/base/engine.ts';
import type { EngineChoice } from '../../../runtime/base/engine-choices.ts';
import { Server } from '../../../runtime/server.ts';
import type { EvaluationStep, ServerSession } from '../../../runtime/server-session.ts';
import { inFile, inFileAsync, UsageError } from '../../shell/failure.ts';
import { keyFileNames } from '../../files/keys/key-file-names.ts';
import { readKeyFile } from '../../files/keys/key-sets.ts';
import { fileKinds, readInputFile, withInputFile } from '../../files/input-file.ts';
import { interruptible } from '../../shell/interrupts.ts';
import { OutputFile } from '../../files/output-file.ts';
import { withPlanFile } from '../../files/plan-file.ts';
import { attempt } from '../../files/system-errors.ts';
import { createProgress } from '../../shell/progress.ts';
import { toJson } from '../../render/json.ts';
import { formatBytes, formatMilliseconds } from '../../render/units.ts';
import type { Action } from '../../parsing/declaration.ts';
import type { evaluate } from '../../commands/running/eval.ts';

export const runEvaluate: Action<typeof evaluate> = async (options, { print, remark }) => {
  checkInputs(options);
  const output = new OutputFile(options.output);
  const evaluated = await withPlanFile(options.plan, { remark }, async (plan) => {
    const keys = await readKeyFile(options.keys, keyFileNames.evaluationKeys, plan.client, options.plan);
    const names = { ...options, keys: keys.path };
    if (plan.client.refreshes !== undefined) return evaluateStaged(plan, keys.bytes, output, names);
    const { input } = options;
    if (input === undefined) throw new HepcError([notPaused({})]);
    return withInputFile(input, fileKinds.ciphertexts, (inputs) =>
      output.writeInParts((append) => evaluateFiles(plan, keys.bytes, inputs, append, { ...names, input })),
    );
  });
  const { bytes, preparedMs, evaluatedMs, engine, remarks, request } = evaluated;
  for (const warning of remarks) remark(formatDiagnostic(warning));
  const [prepared, took] = [preparedMs, evaluatedMs].map(formatMilliseconds);
  const times = { prepareMs: preparedMs, evaluateMs: evaluatedMs, engine };
  if (options.json)
    print(toJson(request === undefined ? { file: output.path, bytes, ...times } : { ...request, bytes, ...times }));
  else if (request === undefined)
    print(
      `${options.output}: ${formatBytes(bytes)}, prepared in ${prepared}, evaluated in ${took} by ${engine}${output.inPlace}\n`,
    );
  else
    print(
      `${request.request}: ${formatBytes(bytes)}, for \`hepc refresh\` of the client, evaluated in ${took} by ${engine}\n` +
        `${request.paused}: resume from it with --resume and --answer\n`,
    );
};

/** Throws `UsageError` for inputs that are missing, or there twice. */
function checkInputs({
  input,
  resume,
  answer,
}: Pick<Parameters<typeof runEvaluate>[0], 'input' | 'resume' | 'answer'>): void {
  const reasons = [
    ...(input === undefined && resume === undefined ? ['the option --input is missing'] : []),
    ...(input !== undefined && resume !== undefined ? ['--input and --resume exclude each other'] : []),
    ...((resume === undefined) !== (answer === undefined) ? ['--resume and --answer go together'] : []),
  ];
  if (reasons.length > 0) throw new UsageError(reasons.map((reason) => badUsage({ reason, help: 'hepc help eval' })));
}

/** Where an evaluation has paused. */
interface PausedFiles {
  readonly request: string;
  readonly paused: string;
  /** Of the round trip, from 0 on. */
  readonly round: number;
}

interface Options {
  /** Names of the files, for diagnostics. */
  readonly plan: string;
  readonly keys: string;
  readonly engine: EngineChoice;
  readonly threads: number;
  readonly weightMemory?: number | undefined;
  readonly quiet: boolean;
}

interface StagedOptions extends Options {
  readonly input?: string | undefined;
  readonly resume?: string | undefined;
  readonly answer?: string | undefined;
  readonly pause?: string | undefined;
}

interface Evaluated {
  /** Size of the output. */
  readonly bytes: number;
  /** Workers, weights and keys. */
  readonly preparedMs: number;
  readonly evaluatedMs: number;
  readonly engine: string;
  readonly remarks: readonly Diagnostic[];
  /** Of an evaluation that waits for its client, whose request has `bytes`. */
  readonly request?: PausedFiles;
}

/** A plan with refreshes, up to the next round trip or to the end. */
async function evaluateStaged(
  plan: Plan,
  keys: Uint8Array,
  output: OutputFile,
  options: StagedOptions,
): Promise<Evaluated> {
  const { pause } = options;
  const rounds = plan.client.refreshes?.length ?? 0;
  if (pause === undefined) throw new HepcError([refreshesWanted({ rounds })]);
  const evaluate = await readStep(options);
  return withSession(plan, keys, options, async (session, run, done) => {
    const step = await evaluate(session, run);
    if (!('request' in step)) {
      output.write(step.outputs);
      return done(step.outputs.length, step.timings);
    }
    const { round } = step.paused;
    attempt(pause, () => mkdirSync(pause, { recursive: true, mode: 0o700 }));
    const files = { request: join(pause, `request-${round}.ct`), paused: join(pause, `paused-${round}.ct`), round };
    new OutputFile(files.paused).write(step.paused.save(), 0o600);
    new OutputFile(files.request).write(step.request);
    return { ...done(step.request.length, step.timings), request: files };
  });
}

type Step = (session: ServerSession, run: EvaluateOptions) => Promise<EvaluationStep>;

/** The files of the first stage, or of the next one. */
async function readStep({ input, resume, answer }: StagedOptions): Promise<Step> {
  if (input !== undefined) {
    const inputs = await readInputFile(input, fileKinds.ciphertexts);
    return (session, run) => inFileAsync(input, () => session.start(inputs, run));
  }
  if (resume === undefined || answer === undefined) throw new InternalError('there is nothing to evaluate');
  const paused = await readInputFile(resume, fileKinds.ciphertexts);
  const answered = await readInputFile(answer, fileKinds.ciphertexts);
  return async (session, run) => {
    const evaluation = inFile(resume, () => session.restore(paused));
    return inFileAsync(answer, () => evaluation.resume(answered, run));
  };
}

async function evaluateFiles(
  plan: Plan,
  keys: Uint8Array,
  inputs: RandomAccess,
  append: Append,
  options: Options & { readonly input: string },
): Promise<Evaluated> {
  return withSession(plan, keys, options, async (session, run, done) => {
    const { bytes, timings } = await inFileAsync(options.input, () => session.evaluateTo(inputs, append, run));
    return done(bytes, timings);
  });
}

type Use = (
  session: ServerSession,
  run: EvaluateOptions,
  done: (bytes: number, timings: EvaluationTimings) => Evaluated,
) => Promise<Evaluated>;

async function withSession(
  plan: Plan,
  keys: Uint8Array,
  { engine, threads, weightMemory, quiet, ...names }: Options,
  use: Use,
): Promise<Evaluated> {
  const progress = createProgress(quiet);
  return interruptible(async (signal) => {
    const memory = weightMemory === undefined ? {} : { memoryBudgetBytes: weightMemory };
    const start = performance.now();
    progress.step('preparing');
    const server = await inFileAsync(names.plan, () => Server.create(plan, { engine, threads, ...memory }));
    try {
      const session = await inFileAsync(names.keys, () => server.openSession(() => keys, { signal }));
      const preparedMs = performance.now() - start;
      progress.step('evaluating');
      return await use(session, { signal, onProgress: (done) => progress.fraction(done) }, (bytes, timings) => {
        const { engineName, remarks } = server;
        return { bytes, preparedMs, evaluatedMs: timings.evaluate, engine: engineName, remarks };
      });
    } finally {
      await server.close();
    }
  }).finally(() => progress.end());
}
