import { modelInputs, modelOutputs } from '../../../ir/client/steps.ts';
import { type Diagnostic, formatDiagnostic, HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { unreadableToken } from '../../../ir/diagnostics/service/remote.ts';
import { MemoryKeyKeeper } from '../../../runtime/remote/key-keeper.ts';
import { RemoteModel } from '../../../runtime/remote/remote-model.ts';
import { answerTarget, deliverAnswers } from '../../answers/deliver-answers.ts';
import type { infer } from '../../commands/serving/infer.ts';
import { FolderKeyKeeper } from '../../files/keys/folder-key-keeper.ts';
import { withSamples } from '../../files/sample-file.ts';
import { fileKinds, readInputFile } from '../../files/input-file.ts';
import type { Action } from '../../parsing/declaration.ts';
import { interruptible } from '../../shell/interrupts.ts';
import { createProgress } from '../../shell/progress.ts';
import { warn } from '../../shell/warn.ts';

export const runInfer: Action<typeof infer> = async (options, { print, remark }) => {
  const target = answerTarget(options.output);
  const { keys: folder, pin, insecure, deadline: deadlineSeconds, json } = options;
  const token = await readToken(options.tokenFile);
  const keeper = folder === undefined ? new MemoryKeyKeeper() : new FolderKeyKeeper(folder);
  const warnings: Diagnostic[] = [];
  const progress = createProgress(options.quiet);
  const onWarning = (warning: Diagnostic): void => void warnings.push(warning);
  const onProgress = (done: number): void => {
    progress.overall('evaluating', done);
  };
  const texts = await interruptible(async (signal) => {
    progress.step('asking the server');
    const model = await RemoteModel.open(options.url, options.model, {
      ...{ token, insecure, keeper, pin, signal },
      // At once: nothing has been encrypted yet.
      onWarning: (warning) => {
        progress.aside(() => {
          remark(formatDiagnostic(warning));
        });
      },
    });
    try {
      const { part } = model;
      return await withSamples(options.input, modelInputs(part, part.inputs), options, (samples) =>
        deliverAnswers(target, modelOutputs(part, part.outputs), { json, onProgress }, async (take) => {
          await model.prepare({
            signal,
            onProgress: (step, fraction) => {
              progress.step(step === 'keys' ? 'making keys' : 'uploading keys');
              progress.fraction(fraction);
            },
          });
          progress.overall('evaluating', 0);
          const runs = model.inferAll(samples, { signal, deadlineSeconds, onWarning });
          await take({ samples: samples.count, runs });
        }),
      );
    } finally {
      if (folder === undefined) await model.forgetKeys();
      await model.close();
    }
  }).finally(() => progress.end());
  warn(warnings, { remark });
  for (const text of texts) print(text);
};

/** Throws `HepcError` H710, H879. */
async function readToken(file: string | undefined): Promise<string | undefined> {
  const text =
    file === undefined
      ? process.env['HEPC_TOKEN']
      : new TextDecoder().decode(await readInputFile(file, fileKinds.token));
  if (text === undefined) return undefined;
  const token = text.trim();
  if (!/^[\w\-.~+/=]+$/.test(token)) throw new HepcError([unreadableToken({}, file === undefined ? {} : { file })]);
  return token;
}
