import { z } from 'zod';
import { modelInputs } from '../../../ir/client/steps.ts';
import type { Diagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import { Client } from '../../../runtime/client.ts';
import { defineCommand, option } from '../../shell/command.ts';
import { inFile, inFileAsync } from '../../shell/failure.ts';
import { interruptible } from '../../shell/interrupts.ts';
import { readSecretKeyFile } from '../../files/key-folder.ts';
import { text } from '../../shell/option-values.ts';
import { warn } from '../../shell/warn.ts';
import { OutputFile } from '../../files/output-file.ts';
import { readClientFile } from '../../files/plan-file.ts';
import { formatBytes, plural } from '../../render/units.ts';
import { withSamples } from '../../files/sample-file.ts';
import { clientPlanArgument, input, limit } from '../options/options.ts';

export const encrypt = defineCommand({
  name: 'encrypt',
  group: 'Run it encrypted, as client and server',
  summary: 'Encrypt samples for the server',
  details: [
    'Values beyond the range that the plan was compiled for are refused, since their answers would be wrong. Samples that ' +
      'are unlike those of calibration as a whole are encrypted with a warning.',
  ],
  options: z.strictObject({
    plan: clientPlanArgument,
    keys: option(text, { doc: 'folder of the keys', value: 'DIR' }),
    input,
    output: option(text, { doc: 'the encrypted inputs', short: 'o', value: 'IN.ct' }),
    limit,
  }),
  examples: ['encrypt client.hep --keys keys --input examples/models/mnist-test256.npz --limit 2 -o in.ct'],
  run: async (options, { print, remark }) => {
    const output = new OutputFile(options.output);
    const part = await readClientFile(options.plan);
    const key = await readSecretKeyFile(options.keys);
    const warnings: Diagnostic[] = [];
    const { bytes, count } = await withSamples(
      options.input,
      modelInputs(part, part.inputs),
      options.limit,
      (samples) =>
        interruptible(async (signal) => {
          const client = await Client.create(part);
          try {
            inFile(key.path, () => {
              client.loadKeys(key.bytes);
            });
            const bytes = await output.writeInParts((append) =>
              inFileAsync(options.input, () =>
                client.encryptTo(samples, append, { signal, onWarning: (warning) => warnings.push(warning) }),
              ),
            );
            return { bytes, count: samples.count };
          } finally {
            client.close();
          }
        }),
    );
    warn(warnings, { remark });
    print(`${options.output}: ${plural(count, 'sample')}, ${formatBytes(bytes)}\n`);
  },
});
