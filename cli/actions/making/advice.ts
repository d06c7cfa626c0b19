/** What `advise` and `compile --sweep` say: plans by their errors, and what in the model costs the most. */
import { adviseModel, type CompileModelOptions } from '../../../compiler/compile-onnx.ts';
import type { ImportedModel } from '../../../compiler/onnx/import.ts';
import { formatLimit } from '../../../ir/maths/error-unit.ts';
import { OutputFile } from '../../files/output-file.ts';
import { plansByError, renderAdvice } from '../../render/advice.ts';
import { describeClientSteps } from '../../render/client-steps.ts';
import { toJson } from '../../render/json.ts';
import { lossCostChart } from '../../report/drawing/loss-cost-chart.ts';
import { createProgress } from '../../shell/progress.ts';

export interface AdviceOptions {
  readonly compile: CompileModelOptions;
  readonly picture: OutputFile | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  /** The command that makes the plan within an error, as it is printed. */
  readonly command: (maxError: string) => string;
}

/** What is to be printed. */
export async function adviseOn(
  model: ImportedModel,
  { compile, picture, json, quiet, command }: AdviceOptions,
): Promise<string> {
  const progress = createProgress(quiet);
  let now = 'reading the model';
  try {
    const advice = adviseModel(model, {
      ...compile,
      onStep: (step, done) => progress.overall((now = step), done),
      onProgress: (done) => progress.overall(now, done),
    });
    progress.end();
    if (picture !== undefined) picture.write(new TextEncoder().encode(await drawPlans(advice)));
    if (json) return toJson(advice);
    const lineOf = (maxError: number): string => command(formatLimit(maxError));
    return renderAdvice(advice, { command: lineOf, after: describeClientSteps(model.steps).after });
  } finally {
    progress.end();
  }
}

async function drawPlans(advice: Parameters<typeof plansByError>[0]): Promise<string> {
  const points = plansByError(advice).map(({ figures }) => ({
    series: `N = ${figures.polyModulusDegree}`,
    cost: figures.milliseconds,
    loss: figures.predictedError,
  }));
  return lossCostChart(points, {
    label: 'Predicted error of plans against the time that they take',
    costLabel: 'ms on one thread by the cost model',
    lossLabel: 'predicted error',
    lines: 'series',
  });
}
