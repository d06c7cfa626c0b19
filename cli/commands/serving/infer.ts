import { z } from 'zod';
import { declareCommand, option } from '../../parsing/command.ts';
import { flag, text, wholeNumber } from '../../parsing/option-values.ts';
import { answersHelp, input, json, limit, quiet } from '../options/options.ts';

const daySeconds = 86_400;

export const infer = declareCommand({
  details: [
    'Fetches the client part of the model, makes keys or takes those in DIR, uploads what the server lacks of them, encrypts ' +
      'the samples, has them evaluated and decrypts the answers. The secret key stays here.',
    'The client part is compared with --pin, or with the one that was seen first; DIR remembers that. Without --keys the ' +
      'keys are made for this call alone, and the server is asked to forget them.',
    'A token is read from a file or from the variable HEPC_TOKEN, so that no list of processes shows it.',
  ],
  options: z.strictObject({
    url: option(text, { doc: 'the address of the server', argument: true, value: 'URL' }),
    model: option(text, { doc: 'the model, as the server names it', value: 'ID' }),
    input,
    output: option(text.optional(), { doc: answersHelp, short: 'o', value: 'Y.npy' }),
    keys: option(text.optional(), { doc: 'folder where keys are kept', value: 'DIR' }),
    pin: option(text.optional(), { doc: 'SHA-256 of the client part that is expected', value: 'DIGEST' }),
    tokenFile: option(text.optional(), { doc: 'file with the token', value: 'FILE' }),
    insecure: option(flag, { doc: 'send the token without TLS, where the line is protected otherwise' }),
    deadline: option(wholeNumber(1, daySeconds).optional(), {
      doc: 'seconds after which the server is to give a request up',
      value: 'S',
    }),
    limit,
    json,
    quiet,
  }),
  headings: { 'The server': ['pin', 'tokenFile', 'insecure', 'deadline'] },
  examples: ['infer http://127.0.0.1:8750 --model mlp --input examples/models/mnist-test256.npz --limit 2 --keys keys'],
});
