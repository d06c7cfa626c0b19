import { z } from 'zod';
import { Server } from '../../runtime/server.ts';
import { defineCommand, option } from '../command.ts';
import { inFileAsync } from '../failure.ts';
import { fileKinds, readInputFile } from '../input-file.ts';
import { interruptible } from '../interrupts.ts';
import { text } from '../option-values.ts';
import { OutputFile } from '../output-file.ts';
import { readPlanFile } from '../plan-file.ts';
import { createProgress } from '../progress.ts';
import { formatBytes, formatMilliseconds } from '../render/units.ts';
import { planArgument, quiet, threads } from './options.ts';

export const evaluate = defineCommand({
  name: 'eval',
  group: 'Run it encrypted, as client and server',
  summary: 'Evaluate encrypted inputs; the part of the server',
  details: ['Needs no secret key. Inputs and outputs stay encrypted.'],
  options: z.strictObject({
    plan: planArgument,
    keys: option(text, { doc: 'the evaluation keys of the client', value: 'eval.keys' }),
    input: option(text, { doc: 'the encrypted inputs', value: 'IN.ct' }),
    output: option(text, { doc: 'the encrypted outputs', short: 'o', value: 'OUT.ct' }),
    threads,
    quiet,
  }),
  examples: ['eval mlp.hep --keys keys/eval.keys --input in.ct -o out.ct --threads 2'],
  run: async (options, { print }) => {
    const output = new OutputFile(options.output);
    const plan = await readPlanFile(options.plan);
    const keys = await readInputFile(options.keys, fileKinds.keys);
    const inputs = await readInputFile(options.input, fileKinds.ciphertexts);
    const progress = createProgress(options.quiet);
    const { bytes, timings } = await interruptible(async (signal) => {
      const server = await inFileAsync(options.plan, () => Server.create(plan, { threads: options.threads }));
      try {
        progress.step('preparing');
        await inFileAsync(options.keys, () => server.loadKeys(keys));
        signal.throwIfAborted();
        progress.step('evaluating');
        const bytes = await inFileAsync(options.input, () =>
          server.evaluate(inputs, { signal, onProgress: (done) => progress.fraction(done) }),
        );
        return { bytes, timings: server.timings };
      } finally {
        await server.close();
      }
    }).finally(() => progress.end());
    output.write(bytes);
    const [prepare, evaluation] = [timings.prepare ?? 0, timings.evaluate ?? 0].map(formatMilliseconds);
    print(`${options.output}: ${formatBytes(bytes.length)}, prepared in ${prepare}, evaluated in ${evaluation}\n`);
  },
});
