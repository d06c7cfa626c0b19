import { importOnnx } from '../../../compiler/onnx/import.ts';
import { formatDiagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import { pruneModel } from '../../../pruning/prune-model.ts';
import { openModel } from '../../files/model-file.ts';
import { OutputFile } from '../../files/output-file.ts';
import { toJson } from '../../render/json.ts';
import { formatBytes } from '../../render/units.ts';
import { createProgress } from '../../shell/progress.ts';
import { renderPruning } from '../../render/pruning.ts';
import { readLabelledSamples } from '../../files/sample-file.ts';
import { checkPruningOptions, pruneOptionsOf } from './pruning.ts';
import type { Action } from '../../parsing/declaration.ts';
import type { prune } from '../../commands/making/prune.ts';

export const runPrune: Action<typeof prune> = async (options, { print, remark }) => {
  const { engine, optimize, batch, weights, maxError, tile } = options;
  checkPruningOptions(options.scheme, options, 'prune');
  const output = new OutputFile(options.output);
  const picture = options.picture === undefined ? undefined : new OutputFile(options.picture);
  const model = await openModel(options.model);
  const { samples, labels } = await readLabelledSamples(options.data, importOnnx(model), options.labels);
  const heldOut =
    options.heldOut === undefined ? undefined : await readLabelledSamples(options.heldOut, importOnnx(model));
  const progress = createProgress(options.quiet);
  try {
    const { onnx, report, warnings } = await pruneModel(model, {
      ...pruneOptionsOf(options, progress, remark),
      samples,
      labels,
      heldOut,
      policy: options.scheme,
      compile: {
        optimize,
        weights,
        maxError,
        engine,
        ...(batch !== undefined && { batch }),
        ...(tile !== undefined && { tile }),
      },
    });
    output.write(onnx);
    if (picture !== undefined) {
      const { drawFront } = await import('../../report/pruning-front.ts');
      picture.write(await drawFront(report));
    }
    progress.end();
    for (const warning of warnings) remark(formatDiagnostic(warning));
    if (options.json) {
      print(toJson({ file: output.path, bytes: onnx.length, report }));
      return;
    }
    print(`${options.output}: ${formatBytes(onnx.length)}${output.inPlace}\n`);
    print(renderPruning(report));
  } finally {
    progress.end();
  }
};
