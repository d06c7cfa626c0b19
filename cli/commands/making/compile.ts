import { z } from 'zod';
import type { PrunedModel } from '../../../pruning/session.ts';
import { pruneModel } from '../../../pruning/prune-model.ts';
import type { PruneOptions } from '../../../pruning/prune-options.ts';
import { withPruning } from '../../../pruning/report.ts';
import { type ImportedModel, importOnnx } from '../../../compiler/onnx/import.ts';
import { compileModel, type CompileModelOptions } from '../../../compiler/compile-onnx.ts';
import { defaultBandwidthMbit } from '../../../compiler/search/objective.ts';
import type { ClientSteps } from '../../../ir/client/steps.ts';
import { badUsage } from '../../../ir/diagnostics/cli.ts';
import { formatDiagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import { engineNames } from '../../../ir/plan/plan.ts';
import { objectives } from '../../../ir/plan/search-report.ts';
import { costOrigin, readCostFile } from '../../../runtime/measuring/cost-file.ts';
import { writeHepInParts } from '../../../runtime/hep/write.ts';
import { defineCommand, option } from '../../shell/command.ts';
import { DumpFolder } from '../../files/dump-ir.ts';
import { UsageError } from '../../shell/failure.ts';
import { fileKinds, readInputFile } from '../../files/input-file.ts';
import { openModel } from '../../files/model-file.ts';
import {
  byteSize,
  choice,
  flag,
  nameList,
  positive,
  samplesHelp,
  text,
  tileShape,
  wholeNumber,
} from '../../shell/option-values.ts';
import { OutputFile } from '../../files/output-file.ts';
import { createProgress, type Progress } from '../../shell/progress.ts';
import { describeClientSteps } from '../../render/client-steps.ts';
import { describeTime } from '../../render/plan-summary.ts';
import { renderFields } from '../../render/table.ts';
import { formatBytes, formatError } from '../../render/units.ts';
import { describePruned } from '../../render/pruning.ts';
import { loadSamplesFor, readLabelledSamples } from '../../files/sample-file.ts';
import { program } from '../../shell/version.ts';
import {
  checkPruningOptions,
  policyHelp,
  pruneOptionsOf,
  type PruningOptionValues,
  pruningOptions,
} from '../options/pruning-options.ts';

/** Of --data, as many as are enough for ranges. */
const calibrationSamples = 256;

export const compile = defineCommand({
  name: 'compile',
  group: 'Compile a model',
  summary: 'Compile an ONNX model into a plan',
  details: [
    'Finds packing, schedule and the smallest 128-bit secure parameters whose predicted error stays within --max-error.',
    'Calibration samples are real inputs of the model, a few hundred or so, preprocessed as they will be later. They give ' +
      'the ranges of all values. Without them the plan is marked as synthetic, and activations that are no polynomials ' +
      'are refused.',
    'Errors are fractions of the median over samples of the largest absolute output.',
    'With --optimize the search for a plan makes small: latency, the time to evaluate the batch on one thread; ' +
      'end-to-end, that with encryption, upload and download; throughput, the time for each sample of a full run; ' +
      'memory, of the engine; upload, the bytes of the encrypted inputs. Times come from a cost model, which is the same ' +
      'everywhere unless --costs says otherwise. `hepc inspect --search` shows what was tried.',
  ],
  options: z.strictObject({
    model: option(text, {
      doc: 'ONNX model; external data is read from its folder',
      argument: true,
      value: 'MODEL.onnx',
    }),
    output: option(text, { doc: 'the plan', short: 'o', value: 'PLAN.hep' }),
    calibrate: option(text.optional(), {
      doc: `calibration ${samplesHelp}; with --prune the first of --data unless given`,
      value: 'X.npz',
    }),
    outputs: option(nameList().optional(), {
      doc: 'values of the graph that answers have, by name, in place of the outputs of the model',
      value: 'NAME,…',
    }),
    maxError: option(positive(1).default(0.01), { doc: 'largest error', value: 'E' }),
    batch: option(wholeNumber(1, 16384).optional(), {
      doc: 'samples that are wanted at once; 1, or with --optimize throughput as many as are fastest',
      value: 'B',
    }),
    weights: option(choice(['plain', 'encrypted']).default('plain'), {
      doc: 'whether the server may know the weights; encrypted ones have to be bound to a client',
      value: 'HOW',
    }),
    engine: option(choice(engineNames).default('simd'), {
      doc: 'engine that the plan is made for: its costs, memory and limits; every engine runs every plan',
      value: 'ENGINE',
    }),
    optimize: option(choice(objectives).default('latency'), { doc: 'what to make small', value: 'GOAL' }),
    bandwidth: option(positive(1e6).optional(), {
      doc: `line between client and server, for end-to-end; ${defaultBandwidthMbit} unless told`,
      value: 'MBIT',
    }),
    maxMemory: option(byteSize().optional(), {
      doc: 'most memory of the engine with one worker, such as 512MiB',
      value: 'SIZE',
    }),
    maxUpload: option(byteSize().optional(), { doc: 'most bytes of the encrypted inputs of a run', value: 'SIZE' }),
    maxKeys: option(wholeNumber(0, 32768).optional(), { doc: 'most Galois keys', value: 'K' }),
    tile: option(tileShape().optional(), {
      doc: 'hold the search to products of this many outputs x inputs, such as 4x8, by rotate-and-sum',
      value: 'RxC',
    }),
    costs: option(text.optional(), {
      doc: 'costs of operations on this machine, by `hepc measure-costs`',
      value: 'COSTS.json',
    }),
    prune: option(text.optional(), { doc: `prune first: ${policyHelp}`, value: 'POLICY' }),
    data: option(text.optional(), { doc: `for --prune: training ${samplesHelp}; y holds labels`, value: 'TRAIN.npz' }),
    heldOut: option(pruningOptions.heldOut, { doc: 'for --prune: samples to measure losses on', value: 'TEST.npz' }),
    sparsity: option(pruningOptions.sparsity, {
      doc: 'for --prune: share of weights, neurons or tiles that go',
      value: 'S',
    }),
    maxDegradation: option(pruningOptions.maxDegradation, { doc: 'for --prune: most that may be lost', value: 'X' }),
    epochs: option(pruningOptions.epochs, { doc: 'for --prune: passes over the samples to recover', value: 'N' }),
    recoverBy: option(pruningOptions.recoverBy, { doc: 'for --prune: what gradients make small', value: 'LOSS' }),
    learningRate: option(pruningOptions.learningRate, { doc: 'for --prune: of Adam', value: 'L' }),
    seed: option(pruningOptions.seed, { doc: 'for --prune: of everything that is random', value: 'N' }),
    dumpIr: option(text.optional(), {
      doc: 'write the IR before and after every pass there: NN-pass.before.ir and NN-pass.after.ir, large constants in an .npz beside; replaces dumps that are there',
      value: 'DIR',
    }),
    quiet: option(flag, { doc: 'no progress', short: 'q' }),
  }),
  examples: [
    'compile examples/models/mlp-784-128-128-10.onnx -o mlp.hep --calibrate examples/models/mnist-test256.npz',
    'compile examples/models/ae-784-64-784.onnx -o ae.hep --calibrate examples/models/mnist-test256.npz --max-error 0.001',
    'compile examples/models/cryptonets.onnx -o c.hep --calibrate examples/models/mnist-test256.npz --optimize upload --max-memory 1GiB',
  ],
  run: async (options, { print, remark }) => {
    const { engine, weights, maxError, batch, optimize, bandwidth, maxMemory, maxUpload, maxKeys } = options;
    if (bandwidth !== undefined && optimize !== 'end-to-end')
      throw new UsageError([
        badUsage({ reason: '--bandwidth needs --optimize end-to-end', help: 'hepc help compile' }),
      ]);
    const { prune } = options;
    if ((prune === undefined) !== (options.data === undefined))
      throw new UsageError([badUsage({ reason: '--prune and --data go together', help: 'hepc help compile' })]);
    checkPruningOptions(prune, options, 'compile');
    const output = new OutputFile(options.output);
    const dumps = options.dumpIr === undefined ? undefined : new DumpFolder(options.dumpIr);
    const costs =
      options.costs === undefined
        ? undefined
        : readCostFile(await readInputFile(options.costs, fileKinds.costs), options.costs, costOrigin(engine));
    const goal = {
      maxError,
      weights,
      optimize,
      limits: { memoryBytes: maxMemory, uploadBytes: maxUpload, galoisKeys: maxKeys },
      ...(options.tile === undefined ? {} : { tile: options.tile }),
      ...(batch === undefined ? {} : { batch }),
      ...(bandwidth === undefined ? {} : { bandwidthMbit: bandwidth }),
      engine,
      ...costs,
    };
    const progress = createProgress(options.quiet);
    try {
      progress.overall('reading the model', 0);
      const { model, samples, pruned } = await readModel(options, goal, progress, remark);
      let now = '';
      const compiled = compileModel(model, {
        ...goal,
        onStep: (step, done) => progress.overall((now = step), done),
        onProgress: (done) => progress.overall(now, done),
        ...(samples === undefined ? {} : { samples }),
        ...(dumps === undefined ? {} : { observer: dumps }),
      });
      const plan = pruned === undefined ? compiled.plan : withPruning(compiled.plan, pruned.report);
      const warnings = [...(pruned?.warnings ?? []), ...compiled.warnings];
      const bytes = await output.writeInParts((append) => writeHepInParts(plan, append, { madeBy: program }));
      progress.end();
      for (const warning of warnings) remark(formatDiagnostic(warning));
      const { statistics, client } = plan;
      print(`${options.output}: ${formatBytes(bytes)}\n`);
      print(
        renderFields([
          ['parameters', `N = ${statistics.polyModulusDegree}, ${statistics.modulusBits.join(' + ')} bits`],
          ['rotations', String(statistics.rotations)],
          ['products', `${statistics.multiplyPlain} with plaintexts, ${statistics.multiplyCipher} with ciphertexts`],
          // The costs may have been measured.
          ['evaluation', describeTime(plan, compiled.chosen.measures.milliseconds)],
          ...(pruned === undefined ? [] : [describePruned(pruned.report)]),
          ...describeSteps(client),
          ['predicted error', `${formatError(client.predictedMaxError)} of at most ${formatError(client.maxError)}`],
        ]),
      );
    } finally {
      progress.end();
    }
  },
});

interface ModelOptions extends PruningOptionValues {
  readonly model: string;
  readonly outputs?: readonly string[] | undefined;
  readonly calibrate?: string | undefined;
  readonly prune?: string | undefined;
  readonly data?: string | undefined;
}

/** What is compiled. The bytes of the file are not needed once this has returned: the imported model has the weights. */
interface ModelToCompile {
  readonly model: ImportedModel;
  readonly samples: CompileModelOptions['samples'] | undefined;
  readonly pruned: PrunedModel | undefined;
}

/** Imports the model with its samples, and prunes it where that is asked for. */
async function readModel(
  options: ModelOptions,
  goal: NonNullable<PruneOptions['compile']>,
  progress: Progress,
  remark: (text: string) => void,
): Promise<ModelToCompile> {
  const { outputs, prune = 'auto', data, heldOut, calibrate } = options;
  const source = await openModel(options.model);
  const model = importOnnx(source, { outputs });
  const samples = calibrate === undefined ? undefined : await loadSamplesFor(calibrate);
  if (data === undefined) return { model, samples, pruned: undefined };
  const training = await readLabelledSamples(data, model);
  const pruned = await pruneModel(source, {
    ...pruneOptionsOf(options, progress, remark),
    ...training,
    heldOut: heldOut === undefined ? undefined : await readLabelledSamples(heldOut, model),
    outputs,
    policy: prune,
    compile: goal,
  });
  // What pruning writes is the network alone.
  const { steps } = model;
  const network = importOnnx({ ...source, bytes: pruned.onnx });
  return { model: { ...network, steps }, samples: samples ?? training.samples.slice(0, calibrationSamples), pruned };
}

/** What is left to the client, where anything is. */
function describeSteps(client: ClientSteps): (readonly [string, string])[] {
  const { before, after } = describeClientSteps(client);
  return [
    ...before.map((line) => ['before encryption', line] as const),
    ...after.map((line) => ['after decryption', line] as const),
  ];
}
