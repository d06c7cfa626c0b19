import { z } from 'zod';
import { modelOutputs } from '../../../ir/client/steps.ts';
import type { Diagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import { Client, type DecryptedFile } from '../../../runtime/client.ts';
import type { Append } from '../../../runtime/format/zip-writer.ts';
import { defineCommand, option } from '../../shell/command.ts';
import { AnswerWriter } from '../../answers/encode-answers.ts';
import { inFile, inFileAsync } from '../../shell/failure.ts';
import { fileKinds, withInputFile } from '../../files/input-file.ts';
import { interruptible } from '../../shell/interrupts.ts';
import { readSecretKeyFile } from '../../files/key-folder.ts';
import { text } from '../../shell/option-values.ts';
import { warn } from '../../shell/warn.ts';
import { OutputFile } from '../../files/output-file.ts';
import { readClientFile } from '../../files/plan-file.ts';
import { type AnswerPort, describeAnswers } from '../../answers/answers.ts';
import { clientPlanArgument, raw } from '../options/options.ts';

export const decrypt = defineCommand({
  name: 'decrypt',
  group: 'Run it encrypted, as client and server',
  summary: 'Decrypt the answers of the server',
  details: [
    'Do not show decrypted values to whoever could have chosen the ciphertexts: in CKKS their noise says something about ' +
      'the secret key. See the security notes in the README.',
  ],
  options: z.strictObject({
    plan: clientPlanArgument,
    keys: option(text, { doc: 'folder of the keys', value: 'DIR' }),
    input: option(text, { doc: 'the encrypted outputs', value: 'OUT.ct' }),
    output: option(text, {
      doc: 'the answers, in the types of the model: .npy, or .npz for several outputs',
      short: 'o',
      value: 'Y.npy',
    }),
    raw,
  }),
  examples: ['decrypt client.hep --keys keys --input out.ct -o y.npy'],
  run: async (options, { print, remark }) => {
    const output = new OutputFile(options.output);
    const part = await readClientFile(options.plan);
    const key = await readSecretKeyFile(options.keys);
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
  },
});

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
