import { z } from 'zod';
import { type Diagnostic, formatDiagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import type { RandomAccess } from '../../../runtime/format/random-access.ts';
import type { Append } from '../../../runtime/format/zip-writer.ts';
import type { EngineChoice } from '../../../runtime/engines/registry.ts';
import { Server } from '../../../runtime/server.ts';
import { defineCommand, option } from '../../shell/command.ts';
import { inFileAsync } from '../../shell/failure.ts';
import { fileKinds, readInputFile, withInputFile } from '../../files/input-file.ts';
import { interruptible } from '../../shell/interrupts.ts';
import { text } from '../../shell/option-values.ts';
import { OutputFile } from '../../files/output-file.ts';
import { withPlanFile } from '../../files/plan-file.ts';
import { createProgress } from '../../shell/progress.ts';
import { formatBytes, formatMilliseconds } from '../../render/units.ts';
import { planArgument, quiet, serverEngine, threads, weightMemory } from '../options/options.ts';

export const evaluate = defineCommand({
  name: 'eval',
  group: 'Run it encrypted, as client and server',
  summary: 'Evaluate encrypted inputs; the part of the server',
  details: [
    'Needs no secret key. Inputs and outputs stay encrypted.',
    'Bound weights beyond --weight-memory are read from the plan while it runs.',
  ],
  options: z.strictObject({
    plan: planArgument,
    keys: option(text, { doc: 'the evaluation keys of the client', value: 'eval.keys' }),
    input: option(text, { doc: 'the encrypted inputs', value: 'IN.ct' }),
    output: option(text, { doc: 'the encrypted outputs', short: 'o', value: 'OUT.ct' }),
    engine: serverEngine,
    threads,
    weightMemory,
    quiet,
  }),
  examples: ['eval mlp.hep --keys keys/eval.keys --input in.ct -o out.ct --threads 2'],
  run: async (options, { print, remark }) => {
    const output = new OutputFile(options.output);
    const { bytes, preparedMs, evaluatedMs, engine, remarks } = await withPlanFile(options.plan, async (plan) => {
      const keys = await readInputFile(options.keys, fileKinds.keys);
      return withInputFile(options.input, fileKinds.ciphertexts, (inputs) =>
        output.writeInParts((append) => evaluateFiles(plan, keys, inputs, append, options)),
      );
    });
    for (const warning of remarks) remark(formatDiagnostic(warning));
    const [prepared, evaluated] = [preparedMs, evaluatedMs].map(formatMilliseconds);
    print(
      `${options.output}: ${formatBytes(bytes)}, prepared in ${prepared}, evaluated in ${evaluated} by ${engine}\n`,
    );
  },
});

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
