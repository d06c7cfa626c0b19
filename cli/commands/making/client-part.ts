import { z } from 'zod';
import { writeClientPart } from '../../../runtime/hep/client-part.ts';
import { defineCommand, option } from '../../shell/command.ts';
import { text } from '../../shell/option-values.ts';
import { OutputFile } from '../../files/output-file.ts';
import { readClientFile } from '../../files/plan-file.ts';
import { program } from '../../shell/version.ts';
import { planArgument } from '../options/options.ts';

export const clientPart = defineCommand({
  name: 'client-part',
  group: 'Run it encrypted, as client and server',
  summary: 'Split off what the client needs of a plan',
  details: [
    'The client part has the encryption parameters, the rotation steps that need keys, and how inputs and outputs are ' +
      'packed. It has nothing of the program and the weights. keygen, encrypt and decrypt need no more.',
  ],
  options: z.strictObject({
    plan: planArgument,
    output: option(text, { doc: 'the client part', short: 'o', value: 'CLIENT.hep' }),
  }),
  examples: ['client-part mlp.hep -o client.hep'],
  run: async (options) => {
    const output = new OutputFile(options.output);
    output.write(writeClientPart(await readClientFile(options.plan), { madeBy: program }));
  },
});
