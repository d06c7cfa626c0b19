import { modelOutputs } from '../../../ir/client/steps.ts';
import type { Diagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import { Client } from '../../../runtime/client.ts';
import { checkAnswerFormat } from '../../answers/answer-writer.ts';
import { answerTarget, deliverAnswers } from '../../answers/deliver-answers.ts';
import type { decrypt } from '../../commands/running/decrypt.ts';
import { fileKinds, withInputFile } from '../../files/input-file.ts';
import { keyFileNames } from '../../files/keys/key-file-names.ts';
import { readKeyFile } from '../../files/keys/key-sets.ts';
import { readClientFile } from '../../files/plan-file.ts';
import type { Action } from '../../parsing/declaration.ts';
import { inFile, inFileAsync } from '../../shell/failure.ts';
import { interruptible } from '../../shell/interrupts.ts';
import { createProgress } from '../../shell/progress.ts';
import { warn } from '../../shell/warn.ts';

export const runDecrypt: Action<typeof decrypt> = async (options, { print, remark }) => {
  const { raw, json } = options;
  const target = answerTarget(options.output);
  const part = await readClientFile(options.plan, { remark });
  const ports = raw ? part.outputs : modelOutputs(part, part.outputs);
  // Before anything is asked of the keys.
  if (target !== undefined) checkAnswerFormat(target.file.path, target.format, ports);
  const key = await readKeyFile(options.keys, keyFileNames.secretKey, part, options.plan);
  const warnings: Diagnostic[] = [];
  const progress = createProgress(options.quiet);
  const onProgress = (done: number): void => {
    progress.overall('decrypting', done);
  };
  const texts = await withInputFile(options.input, fileKinds.ciphertexts, (file) =>
    deliverAnswers(target, ports, { json, onProgress }, (take) =>
      interruptible(async (signal) => {
        const client = await Client.create(part);
        try {
          inFile(key.path, () => {
            client.loadKeys(key.bytes);
          });
          await inFileAsync(options.input, async () => {
            const onWarning = (warning: Diagnostic): void => void warnings.push(warning);
            await take(await client.decryptFrom(file, { signal, raw, onWarning }));
          });
        } finally {
          client.close();
        }
      }),
    ),
  ).finally(() => progress.end());
  warn(warnings, { remark });
  for (const text of texts) print(text);
};
