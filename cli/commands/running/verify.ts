import { z } from 'zod';
import { declareCommand, option } from '../../parsing/command.ts';
import { flag, text } from '../../parsing/option-values.ts';
import { engine, input, json, labels, limit, planArgument, quiet, threads } from '../options/options.ts';

export const verify = declareCommand({
  details: [
    'Runs the plan and the model itself on samples. Errors are fractions of the median over samples of the largest ' +
      'absolute output. The exit code is 1 where the largest is above the --max-error that the plan was compiled with.',
    'Where the samples have labels, it counts how many the plan gets right, and how many the model does.',
    '--engine clear computes in the clear and so shows the errors of approximation alone; with --noise those that ' +
      'encryption would add are simulated, in a fraction of the time.',
  ],
  options: z.strictObject({
    plan: planArgument,
    model: option(text, { doc: 'the model that the plan was compiled from', value: 'MODEL.onnx' }),
    input,
    labels,
    limit,
    engine,
    noise: option(flag, { doc: 'simulate the noise of encryption; implies --engine clear' }),
    threads,
    json,
    quiet,
  }),
  headings: { Evaluation: ['engine', 'noise', 'threads'] },
  examples: [
    'verify mlp.hep --model examples/models/mlp-784-128-128-10.onnx --input examples/models/mnist-test256.npz --limit 4',
    'verify mlp.hep --model examples/models/mlp-784-128-128-10.onnx --input examples/models/mnist-test256.npz --noise',
  ],
});
