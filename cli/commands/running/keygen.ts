import { z } from 'zod';
import { keyFileNames } from '../../files/keys/key-file-names.ts';
import { declareCommand, option } from '../../parsing/command.ts';
import { flag, text } from '../../parsing/option-values.ts';
import { json, quiet } from '../options/options.ts';

const { secretKey, publicKey, evaluationKeys } = keyFileNames;

export const keygen = declareCommand({
  details: [
    `Writes ${secretKey}, which decrypts and never leaves the client; ${publicKey}, under which the model owner can bind ` +
      `encrypted weights; and ${evaluationKeys}, for the server.`,
    'Keys belong to the encryption parameters and rotation steps of a plan. Of several plans, such as one for latency and ' +
      'one for throughput, each gets a set in a folder of its own within the folder of the keys, where they differ; ' +
      'encrypt, eval and decrypt take the set that fits when they are given the folder. Plans may be added later: a set that is there stays as it is.',
  ],
  options: z.strictObject({
    plans: option(z.array(text), {
      doc: 'a plan, or its client part alone; or several',
      argument: true,
      value: 'PLAN',
    }),
    output: option(text, { doc: 'folder of the keys, made where it is missing', short: 'o', value: 'DIR' }),
    force: option(flag, { doc: 'overwrite keys that are there; what was encrypted under them is lost' }),
    json,
    quiet,
  }),
  examples: ['keygen client.hep -o keys', 'keygen client.hep batch-client.hep -o keys'],
});
