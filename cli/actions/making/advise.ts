import { importOnnx } from '../../../compiler/onnx/import.ts';
import type { advise } from '../../commands/making/advise.ts';
import { compile } from '../../commands/making/compile.ts';
import { openModel } from '../../files/model-file.ts';
import { OutputFile } from '../../files/output-file.ts';
import { loadSamplesFor } from '../../files/sample-file.ts';
import { commandLine } from '../../parsing/command-line.ts';
import type { Action } from '../../parsing/declaration.ts';
import { adviseOn } from './advice.ts';

export const runAdvise: Action<typeof advise> = async (options, { print }, given) => {
  const { calibrate, maxDegree, engine, optimize, batch, json, quiet } = options;
  const picture = options.picture === undefined ? undefined : new OutputFile(options.picture);
  const model = importOnnx(await openModel(options.model));
  const samples = await loadSamplesFor(calibrate);
  print(
    await adviseOn(model, {
      compile: { ...{ samples, maxDegree, engine, optimize }, ...(batch === undefined ? {} : { batch }) },
      ...{ picture, json, quiet },
      command: (maxError) =>
        commandLine({ ...compile, name: 'compile' }, given, { ...notOfPlans, output: 'PLAN.hep', maxError }),
    }),
  );
};

/** What an option of this command is that compiling is not given. */
const notOfPlans = { picture: undefined, json: undefined, quiet: undefined };
