import { z } from 'zod';
import { declareCommand, option } from '../../parsing/command.ts';
import { text } from '../../parsing/option-values.ts';
import {
  answersHelp,
  engine,
  input,
  json,
  labels,
  limit,
  planArgument,
  quiet,
  raw,
  threads,
  weightMemory,
} from '../options/options.ts';

export const run = declareCommand({
  details: [
    'For trying a plan out: client and server are one process, and keys are made for this run alone. Encrypted weights ' +
      'are bound on the way; beyond --weight-memory, in a temporary file (in TMPDIR).',
    'Samples beyond the batch of the plan are further runs. With --json, encryptMs, evaluateMs (from input ciphertexts ' +
      'to output ciphertexts) and decryptMs are medians over the runs; prepareMs is what happens once: contexts, ' +
      'loading, encoding of weights. The outputs are nested lists by name, with an axis of samples.',
    'Samples are read, and answers are written, run by run. Where samples have labels, it counts how many the plan gets right.',
    'What the model does with comparisons, labels and the like at its end, and with categories at its beginning, is computed ' +
      'by the client; --raw shows what was encrypted.',
  ],
  options: z.strictObject({
    plan: planArgument,
    input,
    labels,
    output: option(text.optional(), { doc: answersHelp, short: 'o', value: 'Y.npy' }),
    trace: option(text.optional(), {
      doc: 'write the times of the run there, for `hepc inspect --html --trace`',
      value: 'TRACE.json',
    }),
    engine,
    threads,
    weightMemory,
    limit,
    raw,
    json,
    quiet,
  }),
  headings: { Evaluation: ['engine', 'threads', 'weightMemory'] },
  examples: [
    'run mlp.hep --input examples/models/mnist-test256.npz --limit 3',
    'run mlp.hep --input examples/models/mnist-test256.npz --limit 3 --trace mlp.json',
    'run mlp.hep --input examples/models/mnist-test256.npz --engine clear --output scores.npy',
  ],
});
