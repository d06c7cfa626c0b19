import { modelInputs, modelOutputs } from '../../../ir/client/steps.ts';
import { type Diagnostic, formatDiagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import { median } from '../../../ir/maths/averages.ts';
import { interruptible } from '../../shell/interrupts.ts';
import { OutputFile } from '../../files/output-file.ts';
import { readPlanFile } from '../../files/plan-file.ts';
import { createProgress } from '../../shell/progress.ts';
import { warn } from '../../shell/warn.ts';
import { unlikeAnswers, unlikeSamples } from '../../../runtime/base/plausibility.ts';
import { describeAnswers, nestOutputs } from '../../answers/answers.ts';
import { toJson } from '../../render/json.ts';
import { formatMilliseconds, formatPercent, plural } from '../../render/units.ts';
import { labelOutput, noLabelOutput, RightLabels } from '../../answers/right-labels.ts';
import { runPlanOn, type RunSummary } from '../../answers/run-plan.ts';
import { formatTrace } from '../../files/trace-file.ts';
import { program } from '../../shell/version.ts';
import type { Answer } from '../../../ir/interface.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import { programDigest, type RunTrace } from '../../../ir/plan/run-trace.ts';
import { withSamples } from '../../files/sample-file.ts';
import { AnswerWriter, answerFormatOf, checkAnswerFormat } from '../../answers/answer-writer.ts';
import type { Action } from '../../parsing/declaration.ts';
import type { run } from '../../commands/running/run.ts';

export const runRun: Action<typeof run> = async (options, { print, remark }) => {
  const { output: path } = options;
  const output = path === undefined ? undefined : { file: new OutputFile(path), format: answerFormatOf(path) };
  const trace = options.trace === undefined ? undefined : new OutputFile(options.trace);
  const plan = await readPlanFile(options.plan, { remark });
  const { client } = plan;
  const inputs = modelInputs(client, client.inputs);
  const answered = modelOutputs(client, client.outputs);
  const outputs = options.raw ? client.outputs : answered;
  if (output !== undefined) checkAnswerFormat(output.file.path, output.format, outputs);
  const labelled = labelOutput(inputs, answered);
  if (options.labels !== undefined && labelled === undefined) throw noLabelOutput('run');
  const progress = createProgress(options.quiet);
  const unlike = { samples: [] as Diagnostic[], answers: [] as Diagnostic[] };
  const held: Answer[] = [];
  const { summary, samples, right } = await withSamples(options.input, inputs, options, async (source) => {
    const { labels } = source;
    const right = labelled === undefined || labels === undefined ? undefined : new RightLabels(labelled, labels);
    /** Runs the plan, and hands the answers over as they come. */
    const runInto = (take: (answers: readonly Answer[], first: number) => void | Promise<void>): Promise<RunSummary> =>
      interruptible((signal) =>
        runPlanOn(
          plan,
          source,
          { ...options, memoryBudgetBytes: options.weightMemory, signal, progress },
          async (run) => {
            const { first, encrypted, decrypted, answers } = run;
            unlike.samples.push(...unlikeSamples(client, encrypted, first));
            unlike.answers.push(...unlikeAnswers(client, decrypted, first));
            right?.add(answers);
            await take(options.raw ? decrypted : answers, first);
          },
        ),
      );
    const show = (answers: readonly Answer[], first: number): void => {
      if (options.json) held.push(...answers);
      else progress.aside(() => print(describeAnswers(outputs, answers, first)));
    };
    const summary = await (output === undefined
      ? runInto(show)
      : output.file.writeInParts(async (append) => {
          const writer = new AnswerWriter(outputs, output.format, source.count, append);
          const summary = await runInto((answers) => writer.add(answers));
          await writer.finish();
          return summary;
        }));
    return { summary, samples: source.count, right };
  }).finally(() => progress.end());
  for (const warning of summary.remarks) remark(formatDiagnostic(warning));
  warn(unlike.samples, { remark });
  warn(unlike.answers, { remark });
  trace?.write(formatTrace(traceOf(plan, summary, options.threads)));
  if (options.json) {
    const answers =
      output === undefined
        ? { outputs: nestOutputs(outputs, held) }
        : { samples, file: output.file.path, format: output.format };
    print(toJson({ ...timesOf(summary), ...(right && { rightLabels: { plan: right.share } }), ...answers }));
    return;
  }
  if (right !== undefined) print(`right labels: ${formatPercent(right.share)} of ${plural(samples, 'sample')}\n`);
  if (!options.quiet) remark(describeTimes(summary));
};

function traceOf({ program: { columns, slots } }: Plan, { timings, engine }: RunSummary, threads: number): RunTrace {
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

export function timesOf({ timings }: RunSummary): Times {
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

export function describeTimes(result: RunSummary): string {
  const { runs, keygenMs, prepareMs, encryptMs, evaluateMs, decryptMs } = timesOf(result);
  const [keygen, prepare, encrypt, evaluate, decrypt] = [keygenMs, prepareMs, encryptMs, evaluateMs, decryptMs].map(
    formatMilliseconds,
  );
  const each = runs === 1 ? '' : `, medians of ${plural(runs, 'run')}`;
  return `keys ${keygen}, prepare ${prepare}, encrypt ${encrypt}, evaluate ${evaluate}, decrypt ${decrypt}${each}`;
}
