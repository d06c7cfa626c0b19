import { type Diagnostic, formatDiagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import type { RandomAccess } from '../../../runtime/format/random-access.ts';
import type { Append } from '../../../runtime/format/zip-writer.ts';
import type { EngineChoice } from '../../../runtime/base/engine-choices.ts';
import { Server } from '../../../runtime/server.ts';
import { inFileAsync } from '../../shell/failure.ts';
import { keyFileNames } from '../../files/keys/key-file-names.ts';
import { readKeyFile } from '../../files/keys/key-sets.ts';
import { fileKinds, withInputFile } from '../../files/input-file.ts';
import { interruptible } from '../../shell/interrupts.ts';
import { OutputFile } from '../../files/output-file.ts';
import { withPlanFile } from '../../files/plan-file.ts';
import { createProgress } from '../../shell/progress.ts';
import { toJson } from '../../render/json.ts';
import { formatBytes, formatMilliseconds } from '../../render/units.ts';
import type { Action } from '../../parsing/declaration.ts';
import type { evaluate } from '../../commands/running/eval.ts';

export const runEvaluate: Action<typeof evaluate> = async (options, { print, remark }) => {
  const output = new OutputFile(options.output);
  const { bytes, preparedMs, evaluatedMs, engine, remarks } = await withPlanFile(
    options.plan,
    { remark },
    async (plan) => {
      const keys = await readKeyFile(options.keys, keyFileNames.evaluationKeys, plan.client, options.plan);
      return withInputFile(options.input, fileKinds.ciphertexts, (inputs) =>
        output.writeInParts((append) =>
          evaluateFiles(plan, keys.bytes, inputs, append, { ...options, keys: keys.path }),
        ),
      );
    },
  );
  for (const warning of remarks) remark(formatDiagnostic(warning));
  const [prepared, evaluated] = [preparedMs, evaluatedMs].map(formatMilliseconds);
  if (options.json) print(toJson({ file: output.path, bytes, prepareMs: preparedMs, evaluateMs: evaluatedMs, engine }));
  else
    print(
      `${options.output}: ${formatBytes(bytes)}, prepared in ${prepared}, evaluated in ${evaluated} by ${engine}${output.inPlace}\n`,
    );
};

interface Options {
  /** Names of the files, for diagnostics. */
  readonly plan: string;
  readonly keys: string;
  readonly input: string;
  readonly engine: EngineChoice;
  readonly threads: number;
  readonly weightMemory?: number | undefined;
  readonly quiet: boolean;
}

interface Evaluated {
  /** Size of the output. */
  readonly bytes: number;
  /** Workers, weights and keys. */
  readonly preparedMs: number;
  readonly evaluatedMs: number;
  readonly engine: string;
  readonly remarks: readonly Diagnostic[];
}

async function evaluateFiles(
  plan: Plan,
  keys: Uint8Array,
  inputs: RandomAccess,
  append: Append,
  { engine, threads, weightMemory, quiet, ...names }: Options,
): Promise<Evaluated> {
  const progress = createProgress(quiet);
  return interruptible(async (signal) => {
    const memory = weightMemory === undefined ? {} : { memoryBudgetBytes: weightMemory };
    const start = performance.now();
    progress.step('preparing');
    const server = await inFileAsync(names.plan, () => Server.create(plan, { engine, threads, ...memory }));
    try {
      const session = await inFileAsync(names.keys, () => server.openSession(() => keys, { signal }));
      const preparedMs = performance.now() - start;
      progress.step('evaluating');
      const { bytes, timings } = await inFileAsync(names.input, () =>
        session.evaluateTo(inputs, append, { signal, onProgress: (done) => progress.fraction(done) }),
      );
      const { engineName, remarks } = server;
      return { bytes, preparedMs, evaluatedMs: timings.evaluate, engine: engineName, remarks };
    } finally {
      await server.close();
    }
  }).finally(() => progress.end());
}
