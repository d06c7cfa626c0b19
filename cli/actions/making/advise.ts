import { adviseModel } from '../../../compiler/compile-onnx.ts';
import { importOnnx } from '../../../compiler/onnx/import.ts';
import { formatLimit } from '../../../ir/maths/error-unit.ts';
import type { advise } from '../../commands/making/advise.ts';
import { openModel } from '../../files/model-file.ts';
import { OutputFile } from '../../files/output-file.ts';
import { loadSamplesFor } from '../../files/sample-file.ts';
import type { Action } from '../../parsing/declaration.ts';
import { plansByError, renderAdvice } from '../../render/advice.ts';
import { describeClientSteps } from '../../render/client-steps.ts';
import { toJson } from '../../render/json.ts';
import { lossCostChart } from '../../report/drawing/loss-cost-chart.ts';
import { createProgress } from '../../shell/progress.ts';

export const runAdvise: Action<typeof advise> = async (options, { print }) => {
  const { model: path, calibrate, maxDegree, engine, optimize, batch } = options;
  const picture = options.picture === undefined ? undefined : new OutputFile(options.picture);
  const model = importOnnx(await openModel(path));
  const samples = await loadSamplesFor(calibrate);
  const progress = createProgress(options.quiet);
  let now = '';
  try {
    const advice = adviseModel(model, {
      ...{ samples, maxDegree, engine, optimize },
      ...(batch === undefined ? {} : { batch }),
      onStep: (step, done) => progress.overall((now = step), done),
      onProgress: (done) => progress.overall(now, done),
    });
    progress.end();
    const others = [
      ...(maxDegree === undefined ? [] : [`--max-degree ${maxDegree}`]),
      ...(engine === 'simd' ? [] : [`--engine ${engine}`]),
      ...(optimize === 'latency' ? [] : [`--optimize ${optimize}`]),
      ...(batch === undefined ? [] : [`--batch ${batch}`]),
    ];
    const command = (maxError: number): string =>
      [
        'hepc compile',
        path,
        '-o PLAN.hep --calibrate',
        calibrate,
        '--max-error',
        formatLimit(maxError),
        ...others,
      ].join(' ');
    if (picture !== undefined) picture.write(new TextEncoder().encode(await drawPlans(advice)));
    print(
      options.json ? toJson(advice) : renderAdvice(advice, { command, after: describeClientSteps(model.steps).after }),
    );
  } finally {
    progress.end();
  }
};

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
