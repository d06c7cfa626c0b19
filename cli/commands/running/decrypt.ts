import { z } from 'zod';
import { declareCommand, option } from '../../parsing/command.ts';
import { text } from '../../parsing/option-values.ts';
import { answersHelp, clientPlanArgument, json, quiet, raw } from '../options/options.ts';

export const decrypt = declareCommand({
  details: [
    'Do not show decrypted values to whoever could have chosen the ciphertexts: in CKKS their noise says something about ' +
      'the secret key. See the security notes in the README.',
  ],
  options: z.strictObject({
    plan: clientPlanArgument,
    keys: option(text, { doc: 'folder of the keys, or secret.key itself', value: 'DIR' }),
    input: option(text, { doc: 'the encrypted outputs', value: 'OUT.ct' }),
    output: option(text.optional(), { doc: answersHelp, short: 'o', value: 'Y.npy' }),
    raw,
    json,
    quiet,
  }),
  examples: ['decrypt client.hep --keys keys --input out.ct', 'decrypt client.hep --keys keys --input out.ct -o y.csv'],
});
