import { z } from 'zod';
import { declareCommand, option } from '../../parsing/command.ts';
import { text } from '../../parsing/option-values.ts';
import { json, planArgument, quiet } from '../options/options.ts';

export const bind = declareCommand({
  details: [
    'For plans that were compiled with --weights encrypted. The model owner runs it with the public key of the client; ' +
      'the bound plan goes to the server, which learns nothing of the weights but their number.',
    'Each weight tile becomes a ciphertext of up to a few MiB. They are written as they are encrypted, so that the ' +
      'bound plan may be larger than memory.',
  ],
  options: z.strictObject({
    plan: planArgument,
    publicKey: option(text, { doc: 'the public key of the client, or a folder with public.key', value: 'public.key' }),
    output: option(text, { doc: 'the bound plan', short: 'o', value: 'BOUND.hep' }),
    json,
    quiet,
  }),
  examples: ['bind secret-mlp.hep --public-key keys/public.key -o bound.hep'],
});
