import { z } from 'zod';
import { declareCommand, option } from '../../parsing/command.ts';
import { text } from '../../parsing/option-values.ts';
import { json, planArgument, quiet, serverEngine, threads, weightMemory } from '../options/options.ts';

export const evaluate = declareCommand({
  details: [
    'Needs no secret key. Inputs and outputs stay encrypted.',
    'Bound weights beyond --weight-memory are read from the plan while it runs.',
    'A plan that was compiled with --refresh client pauses for its client: --pause says where the request for `hepc refresh` goes, ' +
      'and what the evaluation is resumed from with the answer. The latter stays with the server: whoever has it and the secret ' +
      'key could read intermediate values.',
  ],
  options: z.strictObject({
    plan: planArgument,
    keys: option(text, { doc: 'the evaluation keys of the client, or a folder with eval.keys', value: 'eval.keys' }),
    input: option(text.optional(), { doc: 'the encrypted inputs; required without --resume', value: 'IN.ct' }),
    output: option(text, { doc: 'the encrypted outputs', short: 'o', value: 'OUT.ct' }),
    pause: option(text.optional(), {
      doc: 'folder for request-0.ct, paused-0.ct and so on, for plans with refreshes',
      value: 'DIR',
    }),
    resume: option(text.optional(), { doc: 'in place of --input: the paused evaluation', value: 'PAUSED.ct' }),
    answer: option(text.optional(), { doc: 'for --resume: what the client has answered', value: 'ANSWER.ct' }),
    engine: serverEngine,
    threads,
    weightMemory,
    json,
    quiet,
  }),
  headings: { Evaluation: ['engine', 'threads', 'weightMemory'], Refreshes: ['pause', 'resume', 'answer'] },
  examples: [
    'eval mlp.hep --keys keys/eval.keys --input in.ct -o out.ct --threads 2',
    'eval deep.hep --keys keys/eval.keys --input in.ct --pause paused -o out.ct',
    'eval deep.hep --keys keys/eval.keys --resume paused/paused-0.ct --answer answer.ct --pause paused -o out.ct',
  ],
});
