import { plainWeights } from '../../../ir/diagnostics/cli.ts';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { writeBoundHep } from '../../../runtime/hep/write-bound.ts';
import { inFileAsync } from '../../shell/failure.ts';
import { keyFileNames } from '../../files/keys/key-file-names.ts';
import { readKeyFile } from '../../files/keys/key-sets.ts';
import { interruptible } from '../../shell/interrupts.ts';
import { OutputFile } from '../../files/output-file.ts';
import { readPlanFile } from '../../files/plan-file.ts';
import { createProgress } from '../../shell/progress.ts';
import { toJson } from '../../render/json.ts';
import { formatBytes } from '../../render/units.ts';
import { boundPlan } from '../../../ir/diagnostics/cli.ts';
import { program } from '../../shell/version.ts';
import type { Action } from '../../parsing/declaration.ts';
import type { bind } from '../../commands/making/bind.ts';

export const runBind: Action<typeof bind> = async (options, { print, remark }) => {
  const output = new OutputFile(options.output);
  const plan = await readPlanFile(options.plan, { remark });
  const at = { file: options.plan };
  if (plan.weights === 'plain') throw new HepcError([plainWeights({}, at)]);
  if (plan.bound !== undefined) throw new HepcError([boundPlan({}, at)]);
  const publicKey = await readKeyFile(options.publicKey, keyFileNames.publicKey, plan.client, options.plan);
  const progress = createProgress(options.quiet);
  progress.step('encrypting the weights');
  const onProgress = (done: number): void => {
    progress.fraction(done);
  };
  const bound = await interruptible((signal) =>
    output.writeInParts((append) =>
      inFileAsync(publicKey.path, () =>
        writeBoundHep(plan, publicKey.bytes, append, { madeBy: program, signal, onProgress }),
      ),
    ),
  ).finally(() => progress.end());
  if (options.json) print(toJson({ file: output.path, ...bound }));
  else
    print(
      `${options.output}: ${formatBytes(bound.bytes)}, bound to key ${bound.publicKeyDigest.slice(0, 16)}…${output.inPlace}\n`,
    );
};
