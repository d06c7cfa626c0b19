import { modelInputs } from '../../../ir/client/steps.ts';
import type { Diagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import { Client } from '../../../runtime/client.ts';
import { inFile, inFileAsync } from '../../shell/failure.ts';
import { createProgress } from '../../shell/progress.ts';
import { toJson } from '../../render/json.ts';
import { interruptible } from '../../shell/interrupts.ts';
import { keyFileNames } from '../../files/keys/key-file-names.ts';
import { readKeyFile } from '../../files/keys/key-sets.ts';
import { warn } from '../../shell/warn.ts';
import { OutputFile } from '../../files/output-file.ts';
import { readClientFile } from '../../files/plan-file.ts';
import { formatBytes, plural } from '../../render/units.ts';
import { withSamples } from '../../files/sample-file.ts';
import type { Action } from '../../parsing/declaration.ts';
import type { encrypt } from '../../commands/running/encrypt.ts';

export const runEncrypt: Action<typeof encrypt> = async (options, { print, remark }) => {
  const output = new OutputFile(options.output);
  const part = await readClientFile(options.plan, { remark });
  const key = await readKeyFile(options.keys, keyFileNames.secretKey, part, options.plan);
  const warnings: Diagnostic[] = [];
  const progress = createProgress(options.quiet);
  const { bytes, count } = await withSamples(options.input, modelInputs(part, part.inputs), options, (samples) =>
    interruptible(async (signal) => {
      const client = await Client.create(part);
      try {
        inFile(key.path, () => {
          client.loadKeys(key.bytes);
        });
        const bytes = await output.writeInParts((append) =>
          inFileAsync(options.input, () =>
            client.encryptTo(samples, append, {
              signal,
              onWarning: (warning) => warnings.push(warning),
              onProgress: (done) => progress.overall('encrypting', done),
            }),
          ),
        );
        return { bytes, count: samples.count };
      } finally {
        client.close();
      }
    }),
  ).finally(() => progress.end());
  warn(warnings, { remark });
  if (options.json) print(toJson({ file: output.path, samples: count, bytes }));
  else print(`${options.output}: ${plural(count, 'sample')}, ${formatBytes(bytes)}${output.inPlace}\n`);
};
