import { z } from 'zod';
import { declareCommand, option } from '../../parsing/command.ts';
import { text } from '../../parsing/option-values.ts';
import { json, planArgument, quiet, serverEngine, threads, weightMemory } from '../options/options.ts';

export const evaluate = declareCommand({
  details: [
    'Needs no secret key. Inputs and outputs stay encrypted.',
    'Bound weights beyond --weight-memory are read from the plan while it runs.',
  ],
  options: z.strictObject({
    plan: planArgument,
    keys: option(text, { doc: 'the evaluation keys of the client, or a folder with eval.keys', value: 'eval.keys' }),
    input: option(text, { doc: 'the encrypted inputs', value: 'IN.ct' }),
    output: option(text, { doc: 'the encrypted outputs', short: 'o', value: 'OUT.ct' }),
    engine: serverEngine,
    threads,
    weightMemory,
    json,
    quiet,
  }),
  headings: { Evaluation: ['engine', 'threads', 'weightMemory'] },
  examples: ['eval mlp.hep --keys keys/eval.keys --input in.ct -o out.ct --threads 2'],
});
