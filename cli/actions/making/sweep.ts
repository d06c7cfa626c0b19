/** `compile --sweep`: the advice of `advise`, for plans with all options of `compile`. */
import type { CompileModelOptions } from '../../../compiler/compile-onnx.ts';
import { importOnnx } from '../../../compiler/onnx/import.ts';
import { compile } from '../../commands/making/compile.ts';
import { openModel } from '../../files/model-file.ts';
import type { OutputFile } from '../../files/output-file.ts';
import { loadSamplesFor } from '../../files/sample-file.ts';
import { commandLine } from '../../parsing/command-line.ts';
import { adviseOn } from './advice.ts';

export interface SweepOptions {
  readonly model: string;
  readonly calibrate?: string | undefined;
  readonly outputs?: readonly string[] | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** What is to be printed. @param given the options of `compile` as text */
export async function sweep(
  { model: path, calibrate, outputs, json, quiet }: SweepOptions,
  goal: CompileModelOptions,
  picture: OutputFile | undefined,
  given: Readonly<Record<string, unknown>>,
): Promise<string> {
  const model = importOnnx(await openModel(path), { outputs });
  const samples = calibrate === undefined ? {} : { samples: await loadSamplesFor(calibrate) };
  const ofPlans = { sweep: undefined, picture: undefined, json: undefined, quiet: undefined, output: 'PLAN.hep' };
  return adviseOn(model, {
    compile: { ...goal, ...samples },
    ...{ picture, json, quiet },
    command: (maxError) => commandLine({ ...compile, name: 'compile' }, given, { ...ofPlans, maxError }),
  });
}
