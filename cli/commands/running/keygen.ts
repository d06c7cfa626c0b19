import { z } from 'zod';
import { keyFileNames } from '../../files/key-file-names.ts';
import { declareCommand, option } from '../../parsing/command.ts';
import { flag, text } from '../../parsing/option-values.ts';
import { clientPlanArgument, json, quiet } from '../options/options.ts';

const { secretKey, publicKey, evaluationKeys } = keyFileNames;

export const keygen = declareCommand({
  details: [
    `Writes ${secretKey}, which decrypts and never leaves the client; ${publicKey}, under which the model owner can bind ` +
      `encrypted weights; and ${evaluationKeys}, for the server.`,
    'Keys belong to the encryption parameters and rotation steps of the plan.',
  ],
  options: z.strictObject({
    plan: clientPlanArgument,
    output: option(text, { doc: 'folder of the keys, made where it is missing', short: 'o', value: 'DIR' }),
    force: option(flag, { doc: 'overwrite keys that are there; what was encrypted under them is lost' }),
    json,
    quiet,
  }),
  examples: ['keygen client.hep -o keys'],
});
