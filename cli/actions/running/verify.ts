import { importOnnx } from '../../../compiler/onnx/import.ts';
import { inaccurate, otherModel } from '../../../ir/diagnostics/cli.ts';
import { formatDiagnostic, HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { ReferenceModel } from '../../../training/onnxruntime.ts';
import { withReferenceOutputs } from '../../../training/onnx/reference-outputs.ts';
import { measureAnswers } from '../../answers/answer-accuracy.ts';
import { inFileAsync } from '../../shell/failure.ts';
import { interruptible } from '../../shell/interrupts.ts';
import { type ModelFile, openModel } from '../../files/model-file.ts';
import { readPlanFile } from '../../files/plan-file.ts';
import { createProgress } from '../../shell/progress.ts';
import { warn } from '../../shell/warn.ts';
import { unlikeAnswers, unlikeSamples } from '../../../runtime/base/plausibility.ts';
import { formatError, formatLimit } from '../../../ir/maths/error-unit.ts';
import { renderFields } from '../../render/table.ts';
import { formatPercent, formatShape, plural } from '../../render/units.ts';
import { labelOutput, noLabelOutput, RightLabels } from '../../answers/right-labels.ts';
import { runPlan } from '../../answers/run-plan.ts';
import { readSamplesAndLabels } from '../../files/sample-file.ts';
import type { Answer, ClientSample, Port } from '../../../ir/interface.ts';
import { modelInputs, modelOutputs } from '../../../ir/client/steps.ts';
import { describeTimes, timesOf } from './run.ts';
import type { Action } from '../../parsing/declaration.ts';
import type { verify } from '../../commands/running/verify.ts';

const noiseSeed = 1;

export const runVerify: Action<typeof verify> = async (options, { print, remark }) => {
  const plan = await readPlanFile(options.plan, { remark });
  const { client } = plan;
  const model = await openModel(options.model);
  const ports = { inputs: modelInputs(client, client.inputs), outputs: modelOutputs(client, client.outputs) };
  const names = ports.outputs.map(({ name }) => name);
  const { steps, deviations, ...network } = importOnnx(model, { outputs: names });
  const differences = [
    ...comparePorts('input', ports.inputs, modelInputs(steps, network.inputs)),
    ...comparePorts('output', ports.outputs, modelOutputs(steps, network.outputs)),
  ];
  if (differences.length > 0)
    throw new HepcError(differences.map((reason) => otherModel({ reason }, { file: options.model })));
  const labelled = labelOutput(ports.inputs, ports.outputs);
  if (options.labels !== undefined && labelled === undefined) throw noLabelOutput('verify');
  const { samples, labels } = await readSamplesAndLabels(options.input, ports.inputs, options);
  const progress = createProgress(options.quiet);
  const { expected, result } = await interruptible(async (signal) => {
    progress.step('running the model in the clear');
    const expected = await runReference(model, samples, names);
    const engine = options.noise ? 'clear' : options.engine;
    const seed = options.noise ? noiseSeed : undefined;
    const { threads } = options;
    return { expected, result: await runPlan(plan, samples, { engine, threads, noiseSeed: seed, signal, progress }) };
  }).finally(() => progress.end());

  const accuracy = measureAnswers(client, result, expected, network.module);
  const rightOf = (answers: readonly Answer[]): number =>
    new RightLabels(labelled ?? '', labels ?? []).add(answers).share;
  const isLabelled = labelled !== undefined && labels !== undefined;
  const right = isLabelled ? { plan: rightOf(result.answers), model: rightOf(expected) } : undefined;
  const passed = accuracy.maxError <= client.maxError;
  const engine = options.noise ? 'clear with simulated noise' : result.engine;
  for (const warning of [...deviations, ...result.remarks]) remark(formatDiagnostic(warning));
  warn(unlikeSamples(plan.client, result.encrypted), { remark });
  warn(unlikeAnswers(plan.client, result.decrypted), { remark });
  if (options.json) {
    const { maxError: allowedMaxError, predictedMaxError } = client;
    const report = {
      ...{ samples: samples.length, engine, ...accuracy, allowedMaxError, predictedMaxError, passed },
      ...(right === undefined ? {} : { rightLabels: right }),
    };
    print(`${JSON.stringify({ ...report, ...timesOf(result) }, null, 2)}\n`);
  } else {
    const { maxError, meanError, argmaxAgreement, labelAgreement } = accuracy;
    print(
      renderFields([
        ['samples', plural(samples.length, 'sample')],
        ['engine', engine],
        [
          'largest error',
          `${formatError(maxError)} (predicted ${formatError(client.predictedMaxError)}, allowed ${formatLimit(client.maxError)})`,
        ],
        ['mean error', formatError(meanError)],
        ...(labelAgreement === undefined ? [] : [['same labels', formatPercent(labelAgreement)] as const]),
        ...(argmaxAgreement === undefined ? [] : [['same argmax', formatPercent(argmaxAgreement)] as const]),
        ...(right === undefined
          ? []
          : [['right labels', `${formatPercent(right.plan)}, of the model ${formatPercent(right.model)}`] as const]),
      ]),
    );
    if (!options.quiet) remark(describeTimes(result));
  }
  if (!passed)
    throw new HepcError([inaccurate({ error: accuracy.maxError, allowed: client.maxError }, { file: options.plan })]);
};

function comparePorts(what: string, planned: readonly Port[], found: readonly Port[]): string[] {
  const names = found.map(({ name }) => JSON.stringify(name)).join(', ');
  return planned.flatMap(({ name, shape }) => {
    const port = found.find((each) => each.name === name);
    if (port === undefined) return [`it has no ${what} ${JSON.stringify(name)}, only ${names}`];
    const [expected, got] = [formatShape(shape), formatShape(port.shape)];
    return expected === got ? [] : [`${what} ${JSON.stringify(name)} has shape ${got}, in the plan ${expected}`];
  });
}

async function runReference(
  { bytes, fileName, externalData }: ModelFile,
  samples: readonly ClientSample[],
  outputs: readonly string[],
): Promise<ClientSample[]> {
  return inFileAsync(fileName, async () => {
    const model = await ReferenceModel.load(withReferenceOutputs(bytes, outputs), externalData);
    try {
      return await model.answer(samples);
    } finally {
      await model.close();
    }
  });
}
