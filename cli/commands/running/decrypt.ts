import { z } from 'zod';
import { Client } from '../../../runtime/client.ts';
import { defineCommand, option } from '../../shell/command.ts';
import { encodeAnswers } from '../../answers/encode-answers.ts';
import { inFile } from '../../shell/failure.ts';
import { fileKinds, readInputFile } from '../../files/input-file.ts';
import { interruptible } from '../../shell/interrupts.ts';
import { readSecretKeyFile } from '../../files/key-folder.ts';
import { text } from '../../shell/option-values.ts';
import { OutputFile } from '../../files/output-file.ts';
import { readClientFile } from '../../files/plan-file.ts';
import { describeAnswers } from '../../answers/answers.ts';
import { clientPlanArgument } from '../options/options.ts';

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
      doc: 'the answers, as 64-bit floats: .npy, or .npz for several outputs',
      short: 'o',
      value: 'Y.npy',
    }),
  }),
  examples: ['decrypt client.hep --keys keys --input out.ct -o y.npy'],
  run: async (options, { print }) => {
    const output = new OutputFile(options.output);
    const part = await readClientFile(options.plan);
    const key = await readSecretKeyFile(options.keys);
    const outputs = await readInputFile(options.input, fileKinds.ciphertexts);
    const answers = await interruptible(async () => {
      const client = await Client.create(part);
      try {
        inFile(key.path, () => {
          client.loadKeys(key.bytes);
        });
        return inFile(options.input, () => client.decrypt(outputs));
      } finally {
        client.close();
      }
    });
    output.write(encodeAnswers(part.outputs, answers));
    print(describeAnswers(part.outputs, answers));
  },
});
