/** The models of the demo: compiled once for a store and a version. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { compileModel } from '../../../../compiler/compile-onnx.ts';
import { type ImportedModel, importOnnx } from '../../../../compiler/onnx/import.ts';
import { modelInputs } from '../../../../ir/client/steps.ts';
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { writeHepInParts } from '../../../../runtime/hep/write.ts';
import { listSamples, loadSamples } from '../../../../runtime/samples.ts';
import type { DemoModelData, DemoModelName } from '../../../../service/site/demo-data.ts';
import { OutputFile } from '../../../files/output-file.ts';
import { ownModels } from '../../../files/own-files.ts';
import { fileKinds, readInputFile } from '../../../files/input-file.ts';
import type { Progress } from '../../../shell/progress.ts';
import { program } from '../../../shell/version.ts';
import { clearLayers } from './clear-layers.ts';

export interface DemoModel {
  /** A file. */
  readonly plan: string;
  readonly data: DemoModelData;
  /** For `demo/ID.weights`. */
  readonly weights: Float32Array;
}

/** Model and samples for calibration, of `examples/models`. */
export const demoSources: Readonly<Record<DemoModelName, readonly [model: string, samples: string]>> = {
  digit: ['mlp-784-128-128-10.onnx', 'mnist-test256.npz'],
  denoise: ['ae-784-64-784.onnx', 'mnist-test256.npz'],
  patient: ['breast-cancer.onnx', 'breast-cancer.npz'],
};

/** Compiles what is not in `folder` yet. */
export async function demoModel(name: DemoModelName, folder: string, progress: Progress): Promise<DemoModel> {
  const [model, samples] = demoSources[name];
  const [onnx, calibration] = await Promise.all(
    [join(ownModels, model), join(ownModels, samples)].map((path, k) =>
      readInputFile(path, k === 0 ? fileKinds.model : fileKinds.samples),
    ),
  );
  if (onnx === undefined || calibration === undefined) throw new InternalError('two files were asked for');
  const id = basename(model, '.onnx');
  const imported = importOnnx({ bytes: onnx, fileName: model, readExternal: () => undefined });
  const digest = createHash('sha256').update(`${program} ${galoisKeys}`).update(onnx).update(calibration).digest('hex');
  const place = join(folder, digest.slice(0, digestLength));
  const plan = join(place, `${id}.hep`);
  if (!existsSync(plan)) {
    mkdirSync(place, { recursive: true });
    progress.step(`compiling ${id}`);
    const compiled = compileModel(imported, {
      limits: { galoisKeys },
      samples: (inputs) => listSamples(loadSamples(calibration, samples, inputs)),
      onProgress: (done) => {
        progress.fraction(done);
      },
    });
    await new OutputFile(plan).writeInParts((append) => writeHepInParts(compiled.plan, append, { madeBy: program }));
  }
  const { layers, weights } = clearLayers(imported.module);
  return { plan, data: { id, ...portsOf(imported), layers }, weights };
}

const digestLength = 16;

/** Few, for they are made and uploaded while somebody waits: a third of the bytes for half as long an evaluation again. */
const galoisKeys = 10;

/** The input of the model, what the network gives, and the numbers that are shown. */
function portsOf(model: ImportedModel): Pick<DemoModelData, 'input' | 'network' | 'output'> {
  const [input] = modelInputs(model.steps, model.inputs);
  const [network] = model.outputs;
  const outputs = model.steps.post?.nodes.flatMap((node) => (node.op === 'output' ? [node] : [])) ?? [];
  const numbers = outputs.find(({ type }) => type.elements === 'real');
  if (input === undefined || network === undefined) throw new InternalError('a model of the demo has no ports');
  return { input: input.name, network: network.name, output: numbers?.attrs.name ?? network.name };
}
