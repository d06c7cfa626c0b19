import { z } from 'zod';
import { declareCommand, option } from '../../parsing/command.ts';
import { text } from '../../parsing/option-values.ts';
import { clientPlanArgument, json, quiet } from '../options/options.ts';

export const refresh = declareCommand({
  details: [
    'Answers a request of `hepc eval` for a plan that was compiled with --refresh client. What is in it is masked, encrypted anew, and ' +
      'shown to nobody.',
    'Each round trip of a file of inputs is answered once and in order. What was answered is noted beside that file, as ' +
      'IN.ct.refreshed-0 and so on: keep these as long as the file.',
  ],
  options: z.strictObject({
    plan: clientPlanArgument,
    keys: option(text, { doc: 'folder of the keys, or secret.key itself', value: 'DIR' }),
    input: option(text, { doc: 'the encrypted inputs that are evaluated', value: 'IN.ct' }),
    request: option(text, { doc: 'what the server asks for', value: 'REQUEST.ct' }),
    output: option(text, { doc: 'the answer', short: 'o', value: 'ANSWER.ct' }),
    json,
    quiet,
  }),
  examples: ['refresh client.hep --keys keys --input in.ct --request paused/request-0.ct -o answer.ct'],
});
