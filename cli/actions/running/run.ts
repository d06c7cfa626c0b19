import { modelInputs, modelOutputs } from '../../../ir/client/steps.ts';
import { formatDiagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import { median } from '../../../ir/maths/averages.ts';
import { interruptible } from '../../shell/interrupts.ts';
import { OutputFile } from '../../files/output-file.ts';
import { readPlanFile } from '../../files/plan-file.ts';
import { createProgress } from '../../shell/progress.ts';
import { warn } from '../../shell/warn.ts';
import { unlikeAnswers, unlikeSamples } from '../../../runtime/base/plausibility.ts';
import { describeAnswers, nestOutputs } from '../../answers/answers.ts';
import { toJson } from '../../render/json.ts';
import { formatMilliseconds, plural } from '../../render/units.ts';
import { type PlanRun, runPlan } from '../../answers/run-plan.ts';
import { formatTrace } from '../../files/trace-file.ts';
import { program } from '../../shell/version.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import { programDigest, type RunTrace } from '../../../ir/plan/run-trace.ts';
import { readSamples } from '../../files/sample-file.ts';
import { AnswerWriter, answerFormatOf, checkAnswerFormat } from '../../answers/answer-writer.ts';
import type { Action } from '../../parsing/declaration.ts';
import type { run } from '../../commands/running/run.ts';

export const runRun: Action<typeof run> = async (options, { print, remark }) => {
  const { output: path } = options;
  const output = path === undefined ? undefined : { file: new OutputFile(path), format: answerFormatOf(path) };
  const trace = options.trace === undefined ? undefined : new OutputFile(options.trace);
  const plan = await readPlanFile(options.plan);
  const outputs = options.raw ? plan.client.outputs : modelOutputs(plan.client, plan.client.outputs);
  if (output !== undefined) checkAnswerFormat(output.file.path, output.format, outputs);
  const samples = await readSamples(options.input, modelInputs(plan.client, plan.client.inputs), options.limit);
  const progress = createProgress(options.quiet);
  const result = await interruptible((signal) =>
    runPlan(plan, samples, {
      engine: options.engine,
      threads: options.threads,
      memoryBudgetBytes: options.weightMemory,
      signal,
      progress,
    }),
  ).finally(() => progress.end());
  for (const warning of result.remarks) remark(formatDiagnostic(warning));
  warn(unlikeSamples(plan.client, result.encrypted), { remark });
  warn(unlikeAnswers(plan.client, result.decrypted), { remark });
  const answers = options.raw ? result.decrypted : result.answers;
  await output?.file.writeInParts(async (append) => {
    const writer = new AnswerWriter(outputs, output.format, answers.length, append);
    await writer.add(answers);
    await writer.finish();
  });
  trace?.write(formatTrace(traceOf(plan, result, options.threads)));
  if (options.json) {
    print(toJson({ ...timesOf(result), outputs: nestOutputs(outputs, answers) }));
    return;
  }
  if (output === undefined) print(describeAnswers(outputs, answers));
  if (!options.quiet) remark(describeTimes(result));
};

function traceOf({ program: { columns, slots } }: Plan, { timings, engine }: PlanRun, threads: number): RunTrace {
  return {
    format: 'hepc-trace',
    version: 1,
    madeBy: program,
    program: programDigest({ columns, slots }),
    engine,
    threads,
    ...timings,
  };
}

interface Times {
  readonly runs: number;
  readonly keygenMs: number;
  readonly prepareMs: number;
  readonly encryptMs: number;
  readonly evaluateMs: number;
  /** Of each run. */
  readonly evaluateMsByRun: readonly number[];
  readonly decryptMs: number;
  readonly peakRssBytes: number;
}

export function timesOf({ timings }: PlanRun): Times {
  const { keygenMs, prepareMs, encryptMs, evaluateMs, decryptMs } = timings;
  return {
    runs: evaluateMs.length,
    keygenMs,
    prepareMs,
    encryptMs: median(encryptMs),
    evaluateMs: median(evaluateMs),
    evaluateMsByRun: evaluateMs,
    decryptMs: median(decryptMs),
    // Node counts in KiB on every platform.
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  };
}

export function describeTimes(result: PlanRun): string {
  const { runs, keygenMs, prepareMs, encryptMs, evaluateMs, decryptMs } = timesOf(result);
  const [keygen, prepare, encrypt, evaluate, decrypt] = [keygenMs, prepareMs, encryptMs, evaluateMs, decryptMs].map(
    formatMilliseconds,
  );
  const each = runs === 1 ? '' : `, medians of ${plural(runs, 'run')}`;
  return `keys ${keygen}, prepare ${prepare}, encrypt ${encrypt}, evaluate ${evaluate}, decrypt ${decrypt}${each}`;
}
