import type { PrunedModel } from '../../../pruning/session.ts';
import { pruneModel } from '../../../pruning/prune-model.ts';
import type { PruneOptions } from '../../../pruning/prune-options.ts';
import { withPruning } from '../../../pruning/report.ts';
import { type ImportedModel, importOnnx } from '../../../compiler/onnx/import.ts';
import { compileModel, type CompileModelOptions } from '../../../compiler/compile-onnx.ts';
import type { ClientSteps } from '../../../ir/client/steps.ts';
import { badUsage } from '../../../ir/diagnostics/cli.ts';
import { formatDiagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import { costOrigin, readCostFile } from '../../../runtime/measuring/cost-file.ts';
import { writeHepInParts } from '../../../runtime/hep/write.ts';
import { DumpFolder } from '../../files/dump-ir.ts';
import { UsageError } from '../../shell/failure.ts';
import { fileKinds, readInputFile } from '../../files/input-file.ts';
import { openModel } from '../../files/model-file.ts';
import { OutputFile } from '../../files/output-file.ts';
import { createProgress, type Progress } from '../../shell/progress.ts';
import { describeAccuracy } from '../../render/accuracy.ts';
import { describeClientSteps } from '../../render/client-steps.ts';
import { toJson } from '../../render/json.ts';
import { describePlan, describeRefreshes, describeTime } from '../../render/plan-summary.ts';
import { renderFields } from '../../render/table.ts';
import { formatBytes, plural } from '../../render/units.ts';
import { describePruned } from '../../render/pruning.ts';
import { loadSamplesFor, readLabelledSamples } from '../../files/sample-file.ts';
import { program } from '../../shell/version.ts';
import { checkPruningOptions, pruneOptionsOf, type PruningOptionValues } from './pruning.ts';
import { kebabCase } from '../../parsing/command.ts';
import type { Action } from '../../parsing/declaration.ts';
import type { compile } from '../../commands/making/compile.ts';

/** Of --data, as many as are enough for ranges. */
const calibrationSamples = 256;

export const runCompile: Action<typeof compile> = async (options, { print, remark }, given) => {
  const { engine, weights, refresh, batch, optimize, bandwidth, maxMemory, maxUpload, maxKeys } = options;
  const { maxError, maxDisagreement, maxDegree } = options;
  if (bandwidth !== undefined && optimize !== 'end-to-end' && refresh === 'none')
    throw new UsageError([
      badUsage({ reason: '--bandwidth needs --optimize end-to-end or --refresh client', help: 'hepc help compile' }),
    ]);
  const { prune } = options;
  if ((prune === undefined) !== (options.data === undefined))
    throw new UsageError([badUsage({ reason: '--prune and --data go together', help: 'hepc help compile' })]);
  checkPruningOptions(prune, options, 'compile');
  checkSweep(options);
  const output = options.output === undefined ? undefined : new OutputFile(options.output);
  const picture = options.picture === undefined ? undefined : new OutputFile(options.picture);
  const dumps = options.dumpIr === undefined ? undefined : new DumpFolder(options.dumpIr);
  const costs =
    options.costs === undefined
      ? undefined
      : readCostFile(await readInputFile(options.costs, fileKinds.costs), options.costs, costOrigin(engine));
  const goal = {
    ...(maxError === undefined ? {} : { maxError }),
    ...{ maxDisagreement, maxDegree, bootstrapSet: options.bootstrapSet },
    weights,
    refresh,
    optimize,
    limits: { memoryBytes: maxMemory, uploadBytes: maxUpload, galoisKeys: maxKeys },
    ...(options.tile === undefined ? {} : { tile: options.tile }),
    ...(batch === undefined ? {} : { batch }),
    ...(bandwidth === undefined ? {} : { bandwidthMbit: bandwidth }),
    engine,
    ...costs,
  };
  if (output === undefined) {
    const { sweep } = await import('./sweep.ts');
    print(await sweep(options, goal, picture, given));
    return;
  }
  const progress = createProgress(options.quiet);
  try {
    progress.overall('reading the model', 0);
    const { model, samples, pruned } = await readModel(options, goal, progress, remark);
    let now = 'reading the model';
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
    if (options.json) {
      print(toJson({ file: output.path, bytes, ...describePlan(plan), ...(pruned && { pruning: pruned.report }) }));
      return;
    }
    print(`${output.path}: ${formatBytes(bytes)}${output.inPlace}\n`);
    print(
      renderFields([
        ['parameters', `N = ${statistics.polyModulusDegree}, ${statistics.modulusBits.join(' + ')} bits`],
        ...describeBatch(client.batch, batch),
        ['rotations', String(statistics.rotations)],
        ['products', `${statistics.multiplyPlain} with plaintexts, ${statistics.multiplyCipher} with ciphertexts`],
        // The costs may have been measured.
        ['evaluation', describeTime(plan, compiled.chosen.measures.milliseconds)],
        ...(pruned === undefined ? [] : [describePruned(pruned.report)]),
        ...describeRefreshes(plan),
        ...describeSteps(client),
        ...describeAccuracy(client, plan.search, plan.accuracy),
      ]),
    );
  } finally {
    progress.end();
  }
};

/** Throws `UsageError` for an output that is missing, and for options that say nothing of a sweep, or of a plan. */
function checkSweep(options: Parameters<typeof runCompile>[0]): void {
  const { sweep, output } = options;
  const stray = sweep
    ? (['output', 'maxError', 'maxDisagreement', 'prune', 'dumpIr'] as const).find((key) => options[key] !== undefined)
    : options.picture === undefined
      ? undefined
      : 'picture';
  const reasons = [
    ...(stray === undefined
      ? []
      : [`--${kebabCase(stray)} ${sweep ? 'says nothing of a sweep, which writes no plan' : 'needs --sweep'}`]),
    ...(output === undefined && !sweep ? ['the option --output is missing'] : []),
  ];
  if (reasons.length > 0)
    throw new UsageError(reasons.map((reason) => badUsage({ reason, help: 'hepc help compile' })));
}

interface ModelOptions extends PruningOptionValues {
  readonly model: string;
  readonly outputs?: readonly string[] | undefined;
  readonly calibrate?: string | undefined;
  readonly prune?: string | undefined;
  readonly data?: string | undefined;
  readonly labels?: string | undefined;
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
  const { outputs, prune = 'auto', data, labels, heldOut, calibrate } = options;
  const source = await openModel(options.model);
  const model = importOnnx(source, { outputs });
  const samples = calibrate === undefined ? undefined : await loadSamplesFor(calibrate);
  if (data === undefined) return { model, samples, pruned: undefined };
  const training = await readLabelledSamples(data, model, labels);
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

/** Where a run takes several samples, or not as many as were asked for. */
function describeBatch(batch: number, asked: number | undefined): [name: string, value: string][] {
  if (asked === undefined || asked === batch) return batch === 1 ? [] : [['batch', `${plural(batch, 'sample')} a run`]];
  return [['batch', `${plural(batch, 'sample')} a run, where ${asked} were asked for`]];
}

/** What is left to the client, where anything is. */
function describeSteps(client: ClientSteps): (readonly [string, string])[] {
  const { before, after } = describeClientSteps(client);
  return [
    ...before.map((line) => ['before encryption', line] as const),
    ...after.map((line) => ['after decryption', line] as const),
  ];
}
