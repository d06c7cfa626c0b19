/**
 * The library: compile ONNX models, and run the plans encrypted. `hepc/client` is the client's half alone, for
 * browsers and for programs that should not load the compiler. Importing has no side effects.
 *
 *   const { hep, plan } = compile(onnxBytes, { calibration: loadSamples });
 *   const client = await Client.create(plan.client);     // where the data are
 *   const keys = client.generateKeys();
 *   const server = await Server.create(plan);            // where the computing is done
 *   await server.loadKeys(keys.evaluationKeys);
 *   const answers = client.decrypt(await server.evaluate(client.encrypt(samples)));
 */
import type { CompileOptions } from './compiler/compile.ts';
import { compileOnnx } from './compiler/compile-onnx.ts';
import type { Diagnostic } from './ir/diagnostics/diagnostic.ts';
import type { Plan, PlanStatistics } from './ir/plan/plan.ts';
import type { Sample } from './runtime/client.ts';
import { writeHep } from './runtime/hep/write.ts';
import type { InputSpec } from './runtime/samples.ts';

export { HepcError, InternalError, formatDiagnostic } from './ir/diagnostics/diagnostic.ts';
export type { Diagnostic, NodeRef, Place, Severity } from './ir/diagnostics/diagnostic.ts';
export type { CostTable } from './ir/he/op-costs.ts';
export type { ClientPart, Plan, PlanStatistics } from './ir/plan/plan.ts';
export type { Objective, SearchLimits, SearchReport } from './ir/plan/search-report.ts';
export { Client } from './runtime/client.ts';
export type { Sample } from './runtime/client.ts';
export { readCostFile, writeCostFile } from './runtime/cost-file.ts';
export type { EvaluateOptions } from './runtime/engine.ts';
export { readClientPart, writeClientPart } from './runtime/hep/client-part.ts';
export { readHep as readPlan } from './runtime/hep/read.ts';
export { writeHep as writePlan } from './runtime/hep/write.ts';
export { measureCosts } from './runtime/measure-costs.ts';
export type { MeasureCostsOptions, MeasuredCosts } from './runtime/measure-costs.ts';
export { listSamples, loadSamples } from './runtime/samples.ts';
export type { InputSpec, Samples } from './runtime/samples.ts';
export { bindWeights } from './runtime/seal/bind-weights.ts';
export type { KeySet } from './runtime/seal/keys.ts';
export { Server } from './runtime/server.ts';
export type { ServerOptions, ServerTimings } from './runtime/server.ts';

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
  readonly calibration?: readonly Sample[] | ((inputs: readonly InputSpec[]) => readonly Sample[]);
}

export interface CompiledModel {
  /** The `.hep` file of the plan: same model, samples and options, same bytes. */
  readonly hep: Uint8Array;
  readonly plan: Plan;
  readonly statistics: PlanStatistics;
  readonly warnings: readonly Diagnostic[];
}

/**
 * Compiles a model. Takes from a second to minutes, and does not yield: run it in a worker where that matters.
 * Throws `HepcError` with everything that is wrong with the model or the samples.
 */
export function compile(onnx: Uint8Array | OnnxModel, options: CompileModelOptions = {}): CompiledModel {
  const { calibration, ...rest } = options;
  const {
    bytes,
    fileName = 'the model',
    readExternal = () => undefined,
  } = onnx instanceof Uint8Array ? { bytes: onnx } : onnx;
  const { plan, warnings } = compileOnnx(
    { bytes, fileName, readExternal },
    { ...rest, ...(calibration === undefined ? {} : { samples: calibration }) },
  );
  return { hep: writeHep(plan), plan, statistics: plan.statistics, warnings };
}
