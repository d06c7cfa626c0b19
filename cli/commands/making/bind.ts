import { z } from 'zod';
import { plainWeights } from '../../../ir/diagnostics/cli.ts';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { writeBoundHep } from '../../../runtime/hep/write-bound.ts';
import { defineCommand, option } from '../../shell/command.ts';
import { inFileAsync } from '../../shell/failure.ts';
import { fileKinds, readInputFile } from '../../files/input-file.ts';
import { interruptible } from '../../shell/interrupts.ts';
import { text } from '../../shell/option-values.ts';
import { OutputFile } from '../../files/output-file.ts';
import { readPlanFile } from '../../files/plan-file.ts';
import { createProgress } from '../../shell/progress.ts';
import { formatBytes } from '../../render/units.ts';
import { boundPlan } from '../../../ir/diagnostics/cli.ts';
import { program } from '../../shell/version.ts';
import { planArgument, quiet } from '../options/options.ts';

export const bind = defineCommand({
  name: 'bind',
  group: 'Run it encrypted, as client and server',
  summary: 'Encrypt the weights of a plan for one client',
  details: [
    'For plans that were compiled with --weights encrypted. The model owner runs it with the public key of the client; ' +
      'the bound plan goes to the server, which learns nothing of the weights but their number.',
    'Each weight tile becomes a ciphertext of up to a few MiB. They are written as they are encrypted, so that the ' +
      'bound plan may be larger than memory.',
  ],
  options: z.strictObject({
    plan: planArgument,
    publicKey: option(text, { doc: 'the public key of the client', value: 'public.key' }),
    output: option(text, { doc: 'the bound plan', short: 'o', value: 'BOUND.hep' }),
    quiet,
  }),
  examples: ['bind secret-mlp.hep --public-key keys/public.key -o bound.hep'],
  run: async (options, { print }) => {
    const output = new OutputFile(options.output);
    const plan = await readPlanFile(options.plan);
    const at = { file: options.plan };
    if (plan.weights === 'plain') throw new HepcError([plainWeights({}, at)]);
    if (plan.bound !== undefined) throw new HepcError([boundPlan({}, at)]);
    const publicKey = await readInputFile(options.publicKey, fileKinds.keys);
    const progress = createProgress(options.quiet);
    progress.step('encrypting the weights');
    const onProgress = (done: number): void => {
      progress.fraction(done);
    };
    const bound = await interruptible((signal) =>
      output.writeInParts((append) =>
        inFileAsync(options.publicKey, () =>
          writeBoundHep(plan, publicKey, append, { madeBy: program, signal, onProgress }),
        ),
      ),
    ).finally(() => progress.end());
    print(`${options.output}: ${formatBytes(bound.bytes)}, bound to key ${bound.publicKeyDigest.slice(0, 16)}…\n`);
  },
});
