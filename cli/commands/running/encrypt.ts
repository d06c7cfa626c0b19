import { z } from 'zod';
import { declareCommand, option } from '../../parsing/command.ts';
import { text } from '../../parsing/option-values.ts';
import { clientPlanArgument, input, json, limit, quiet } from '../options/options.ts';

export const encrypt = declareCommand({
  details: [
    'Values beyond the range that the plan was compiled for are refused, since their answers would be wrong. Samples that ' +
      'are unlike those of calibration as a whole are encrypted with a warning.',
  ],
  options: z.strictObject({
    plan: clientPlanArgument,
    keys: option(text, { doc: 'folder of the keys, or secret.key itself', value: 'DIR' }),
    input,
    output: option(text, { doc: 'the encrypted inputs', short: 'o', value: 'IN.ct' }),
    limit,
    json,
    quiet,
  }),
  examples: ['encrypt client.hep --keys keys --input examples/models/mnist-test256.npz --limit 2 -o in.ct'],
});
