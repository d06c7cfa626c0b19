/**
 * The library: compile ONNX models, and run the plans encrypted. `hepc/client` and `hepc/server` are a half each without
 * the compiler, for browsers and for programs that should not load it. Importing has no side effects.
 *
 *   const { hep, plan } = compile(onnx, {
 *     calibration: (inputs) => listSamples(loadSamples(images, 'images.npz', inputs)),
 *   });
 *   const client = await Client.create(plan.client); // where the data are
 *   const keys = client.generateKeys();
 *   const server = await Server.create(readPlan(hep, 'plan.hep')); // where the computing is done
 *   const session = await server.openSession(keys.evaluationKeys);
 *   const { outputs } = await session.evaluate(client.encrypt(samples));
 *   const answers = client.decrypt(outputs);
 */
import './runtime/base/supported-node.ts';
import type { CompileOptions } from './compiler/settings.ts';
import type { Advice } from './compiler/advise.ts';
import { adviseModel, compileOnnx } from './compiler/compile-onnx.ts';
import { importOnnx, type OnnxSource } from './compiler/onnx/import.ts';
import type { Diagnostic } from './ir/diagnostics/diagnostic.ts';
import type { GivenSample } from './ir/given-samples.ts';
import { modelInputs } from './ir/client/steps.ts';
import type { ModelPort, Sample } from './ir/interface.ts';
import { beforeEncryption } from './ir/interpret/client.ts';
import type { Plan, PlanStatistics } from './ir/plan/plan.ts';
import { pruneModel } from './pruning/prune-model.ts';
import type { PruneOptions } from './pruning/prune-options.ts';
import type { PrunedModel } from './pruning/session.ts';
import { plainBytes } from './runtime/base/own-bytes.ts';
import { writeHep } from './runtime/hep/write.ts';
import { listSamples, type Samples } from './runtime/samples.ts';

export { HepcError, InternalError, formatDiagnostic } from './ir/diagnostics/diagnostic.ts';
export type { Diagnostic, NodeRef, Place, Severity } from './ir/diagnostics/diagnostic.ts';
export type { ActivationPrice, AdvisedError, Advice } from './compiler/advise.ts';
export type { PlanFigures } from './compiler/plan-figures.ts';
export { clientProfile } from './costs/client-costs.ts';
export type { ClientCostTable, ClientProfile } from './costs/client-costs.ts';
export { costTables } from './costs/op-costs.ts';
export type { CostTable } from './costs/op-costs.ts';
export type { EngineMemory, MemoryUse } from './costs/engine-memory.ts';
export { engineProfiles } from './costs/profiles.ts';
export type { EngineCapabilities, EngineProfile } from './costs/profiles.ts';
export type { ClientPart, EngineName, Plan, PlanStatistics } from './ir/plan/plan.ts';
export type { GivenSample, GivenValues } from './ir/given-samples.ts';
export type { Answer, AnswerValue, ClientElements, ClientSample, ClientValue } from './ir/interface.ts';
export { modelInputs, modelOutputs } from './ir/client/steps.ts';
export type { ModelPort, Port, Sample } from './ir/interface.ts';
export type { Objective, SearchLimits, SearchReport } from './ir/plan/search-report.ts';
export type { PruningReport } from './ir/plan/pruning-report.ts';
export type { PrunedModel } from './pruning/session.ts';
export { Client } from './runtime/client.ts';
export { readCostFile, writeCostFile } from './runtime/measuring/cost-file.ts';
export type { MeasuredTables } from './runtime/measuring/cost-file.ts';
export type { EvaluateOptions, EvaluationTimings, OpenSessionOptions, PlanUsage } from './runtime/base/engine.ts';
export { readClientPart, writeClientPart } from './runtime/hep/client-part.ts';
export { fileAccess } from './runtime/format/file-access.ts';
export { openSamples } from './runtime/sample-slices.ts';
export { sampleSource } from './runtime/sample-source.ts';
export type { SampleSource } from './runtime/sample-source.ts';
export type { DecryptedFile, DecryptOptions, StreamOptions } from './runtime/client.ts';
export type { RandomAccess } from './runtime/format/random-access.ts';
export type { Append } from './runtime/format/zip-writer.ts';
export { openHep as openPlan, readHep as readPlan } from './runtime/hep/read.ts';
export { writeBoundHep as writeBoundPlan } from './runtime/hep/write-bound.ts';
export type { BindOptions, BoundFile } from './runtime/hep/write-bound.ts';
export { writeHep as writePlan } from './runtime/hep/write.ts';
export { measureCosts } from './runtime/measuring/measure-costs.ts';
export type { MeasureCostsOptions, MeasuredCosts } from './runtime/measuring/measure-costs.ts';
export { listSamples, loadSamples } from './runtime/samples.ts';
export type { Samples } from './runtime/samples.ts';
export { bindWeights } from './runtime/cipher/bind-weights.ts';
export type { KeySet } from './runtime/cipher/key-files.ts';
export { Server } from './runtime/server.ts';
export type { KeySource, ServerOptions } from './runtime/server.ts';
export type {
  EvaluatedFile,
  EvaluatedStream,
  EvaluateFileOptions,
  EvaluateStreamOptions,
  EvaluationStep,
  PausedEvaluation,
  ServerSession,
} from './runtime/server-session.ts';

/** An ONNX model: the bytes of the file, and where its external data are. */
export interface OnnxModel {
  readonly bytes: Uint8Array;
  /** For messages. */
  readonly fileName?: string;
  /**
   * The bytes of a file of external data, by its path relative to the model, without `..`; undefined where there is
   * none.
   */
  readonly readExternal?: (relativePath: string) => Uint8Array | undefined;
}

export interface CompileModelOptions extends Omit<CompileOptions, 'samples' | 'observer'> {
  /**
   * Calibration samples, a few hundred real ones: a list, or a function of the inputs of the model that gives one.
   * Without them the plan is marked as synthetic.
   */
  readonly calibration?: readonly GivenSample[] | ((inputs: readonly ModelPort[]) => readonly GivenSample[]);
  /** Names of the values that answers have, in place of the outputs of the model: any values of its graph. */
  readonly outputs?: readonly string[];
}

export interface CompiledModel {
  /** The `.hep` file of the plan: same model, samples and options, same bytes. */
  readonly hep: Uint8Array;
  readonly plan: Plan;
  readonly statistics: PlanStatistics;
  /** What the compiler noticed in model, samples and plan, for people to read (`formatDiagnostic`). */
  readonly warnings: readonly Diagnostic[];
}

/**
 * Compiles a model. Takes from a second to minutes, and does not yield: run it in a worker where that matters.
 * Throws `HepcError` with everything that is wrong with the model or the samples.
 */
export function compile(onnx: Uint8Array | OnnxModel, options: CompileModelOptions = {}): CompiledModel {
  const { calibration, ...rest } = options;
  const { plan, warnings } = compileOnnx(sourceOf(onnx), {
    ...rest,
    ...(calibration === undefined ? {} : { samples: calibration }),
  });
  return { hep: writeHep(plan), plan, statistics: plan.statistics, warnings };
}

/**
 * What plans of a model cost by how exact their answers are, and what in the model costs the most. Takes a compilation for
 * each row, up to eight of them. `maxError` and `maxDisagreement` are not used. Throws as `compile` does.
 */
export function advise(onnx: Uint8Array | OnnxModel, options: CompileModelOptions = {}): Advice {
  const { calibration, outputs, ...rest } = options;
  const model = importOnnx(sourceOf(onnx), { outputs });
  return adviseModel(model, { ...rest, ...(calibration === undefined ? {} : { samples: calibration }) });
}

export interface PruneModelOptions extends Omit<PruneOptions, 'trainer' | 'samples' | 'labels' | 'heldOut'> {
  /** Real inputs of the model, thousands of them, with labels where there are any: as `loadSamples` reads them. */
  readonly data: Samples | ((inputs: readonly ModelPort[]) => Samples);
  /** Samples to measure losses on, that the model was not trained on. Default a fifth of `data`. */
  readonly heldOut?: Samples;
}

/**
 * Prunes a model so that its plan takes fewer ciphertexts: gives an ordinary ONNX file, which `compile` reads, and a
 * report. Takes minutes. Throws `HepcError` for samples or options that do not fit, a model with nothing to prune, or a
 * loss budget that nothing keeps.
 */
export async function prune(
  onnx: Uint8Array | OnnxModel,
  { data, heldOut, ...options }: PruneModelOptions,
): Promise<PrunedModel> {
  // Training alone needs onnxruntime, which sets itself up when it is loaded.
  const { createTrainer } = await import('./training/trainer.ts');
  const source = sourceOf(onnx);
  const { steps, inputs } = importOnnx(source);
  const samples = typeof data === 'function' ? data(modelInputs(steps, inputs)) : data;
  const encrypted = (given: Samples): Sample[] =>
    listSamples(given).map((sample, k) => beforeEncryption(steps, sample, k));
  return pruneModel(source, {
    ...options,
    samples: encrypted(samples),
    labels: samples.labels,
    ...(heldOut !== undefined && { heldOut: { samples: encrypted(heldOut), labels: heldOut.labels } }),
    trainer: createTrainer(),
  });
}

function sourceOf(onnx: Uint8Array | OnnxModel): OnnxSource {
  const given: unknown = onnx;
  const isModel = typeof given === 'object' && given !== null && 'bytes' in given;
  const { bytes, fileName, readExternal } = isModel ? (onnx as OnnxModel) : { bytes: onnx as Uint8Array };
  return {
    bytes: plainBytes(bytes, 'an ONNX model'),
    fileName: fileName ?? 'the model',
    readExternal: readExternal ?? (() => undefined),
  };
}
