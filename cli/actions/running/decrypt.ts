import { modelOutputs } from '../../../ir/client/steps.ts';
import type { Diagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import { Client, type DecryptedFile } from '../../../runtime/client.ts';
import type { Append } from '../../../runtime/format/zip-writer.ts';
import { AnswerWriter } from '../../answers/encode-answers.ts';
import { inFile, inFileAsync } from '../../shell/failure.ts';
import { fileKinds, withInputFile } from '../../files/input-file.ts';
import { interruptible } from '../../shell/interrupts.ts';
import { keyFileNames } from '../../files/key-file-names.ts';
import { readKeyFile } from '../../files/key-folder.ts';
import { warn } from '../../shell/warn.ts';
import { OutputFile } from '../../files/output-file.ts';
import { readClientFile } from '../../files/plan-file.ts';
import { type AnswerPort, describeAnswers } from '../../answers/answers.ts';
import type { Action } from '../../parsing/declaration.ts';
import type { decrypt } from '../../commands/running/decrypt.ts';

export const runDecrypt: Action<typeof decrypt> = async (options, { print, remark }) => {
  const output = new OutputFile(options.output);
  const part = await readClientFile(options.plan);
  const key = await readKeyFile(options.keys, keyFileNames.secretKey);
  const warnings: Diagnostic[] = [];
  const described = await withInputFile(options.input, fileKinds.ciphertexts, (outputs) =>
    interruptible(async (signal) => {
      const client = await Client.create(part);
      try {
        inFile(key.path, () => {
          client.loadKeys(key.bytes);
        });
        return await output.writeInParts((append) =>
          inFileAsync(options.input, async () =>
            writeAnswers(
              options.raw ? part.outputs : modelOutputs(part, part.outputs),
              await client.decryptFrom(outputs, {
                signal,
                raw: options.raw,
                onWarning: (warning) => warnings.push(warning),
              }),
              append,
            ),
          ),
        );
      } finally {
        client.close();
      }
    }),
  );
  warn(warnings, { remark });
  for (const text of described) print(text);
};

/** Writes the answers of each run as they come. What to say of them. */
async function writeAnswers(
  shapes: readonly AnswerPort[],
  { samples, runs }: DecryptedFile,
  append: Append,
): Promise<string[]> {
  const writer = new AnswerWriter(shapes, samples, append);
  const described: string[] = [];
  let first = 0;
  for await (const answers of runs) {
    await writer.add(answers);
    described.push(describeAnswers(shapes, answers, first));
    first += answers.length;
  }
  await writer.finish();
  return described;
}
