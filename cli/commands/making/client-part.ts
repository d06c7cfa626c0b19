import { z } from 'zod';
import { declareCommand, option } from '../../parsing/command.ts';
import { text } from '../../parsing/option-values.ts';
import { json, planArgument, quiet } from '../options/options.ts';

export const clientPart = declareCommand({
  details: [
    'The client part has the encryption parameters, the rotation steps that need keys, and how inputs and outputs are ' +
      'packed. It has nothing of the program and the weights. keygen, encrypt and decrypt need no more.',
  ],
  options: z.strictObject({
    plan: planArgument,
    output: option(text, { doc: 'the client part', short: 'o', value: 'CLIENT.hep' }),
    json,
    quiet,
  }),
  examples: ['client-part mlp.hep -o client.hep'],
});
