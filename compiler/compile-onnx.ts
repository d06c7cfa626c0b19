/** From the bytes of an ONNX model to a plan: import and compilation in one call. */
import { printModule } from '../ir/text/print.ts';
import { nonFiniteValue, noSamples } from '../ir/diagnostics/data.ts';
import { HepcError } from '../ir/diagnostics/diagnostic.ts';
import { type GivenSample, readGivenSamples } from '../ir/given-samples.ts';
import { type ClientSteps, modelInputs } from '../ir/client/steps.ts';
import type { ModelPort, Sample } from '../ir/interface.ts';
import { beforeEncryption } from '../ir/interpret/client.ts';
import { ordersFromJson } from '../passes/pruning/orders/orders-json.ts';
import { type Advice, adviseOn } from './advise.ts';
import { compileGraph } from './compile.ts';
import type { Compilation } from './network-plans.ts';
import { type ImportedModel, importOnnx, type OnnxSource } from './onnx/import.ts';
import { ordersMetadataKey } from './onnx/metadata.ts';
import type { CompileOptions } from './settings.ts';
import type { ImportedGraph } from './simplify.ts';

export interface CompileModelOptions extends Omit<CompileOptions, 'samples'> {
  /** Calibration samples, or how to get them once the inputs of the model are known. */
  readonly samples?: readonly GivenSample[] | ((inputs: readonly ModelPort[]) => readonly GivenSample[]);
}

export interface CompileOnnxOptions extends CompileModelOptions {
  /** Names of the values that answers have, in place of the outputs of the model: any values of its graph. */
  readonly outputs?: readonly string[] | undefined;
  /** What the client computes around the model, where the file does not have it: what pruning writes is the network. */
  readonly steps?: ClientSteps | undefined;
}

export interface OnnxCompilation extends Compilation {
  readonly model: ImportedModel;
}

/**
 * The plan has the texts of its tensor and tile levels in `dumps`, where constants of more than 64 values stand by
 * their digest only. Throws `HepcError` for a model that cannot be imported or compiled.
 */
export function compileOnnx(source: OnnxSource, options: CompileOnnxOptions = {}): OnnxCompilation {
  const { outputs, steps, ...rest } = options;
  rest.onStep?.('reading the model', 0);
  const imported = importOnnx(source, { outputs });
  return compileModel(steps === undefined ? imported : { ...imported, steps }, rest);
}

/** As `compileOnnx`, for a model that has been imported: nothing of it is read again, so that its bytes may go. */
export function compileModel(model: ImportedModel, options: CompileModelOptions = {}): OnnxCompilation {
  const { samples, ...rest } = options;
  const inputs = modelInputs(model.steps, model.inputs);
  const given = typeof samples === 'function' ? samples(inputs) : samples;
  const list = given === undefined ? undefined : readCalibration(given, inputs, model.steps);
  const graph = { ...model, orders: ordersOf(model) };
  const compilation = compileGraph(graph, { ...rest, ...(list === undefined ? {} : { samples: list }) });
  const { tensor, tile } = compilation.modules;
  const dumps = new Map([
    ['tensor', printModule(tensor).text],
    ['tile', printModule(tile).text],
  ]);
  return {
    ...compilation,
    model,
    plan: { ...compilation.plan, dumps },
    warnings: [...model.warnings, ...compilation.warnings],
  };
}

/** What plans of the model cost by how exact they are. Throws `HepcError` as `compileModel` does. */
export function adviseModel(model: ImportedModel, { samples, ...options }: CompileModelOptions = {}): Advice {
  const inputs = modelInputs(model.steps, model.inputs);
  const given = typeof samples === 'function' ? samples(inputs) : samples;
  const list = given === undefined ? {} : { samples: readCalibration(given, inputs, model.steps) };
  return adviseOn({ ...model, orders: ordersOf(model) }, { ...options, ...list });
}

/**
 * What is encrypted of the samples. Throws `HepcError` for what is no list of samples, for none, for categories that the
 * steps do not know, and for values that are not finite.
 */
function readCalibration(given: readonly GivenSample[], inputs: readonly ModelPort[], steps: ClientSteps): Sample[] {
  const own = readGivenSamples(given, inputs, { at: { part: 'calibration' } });
  const samples = own.map((sample, k) => beforeEncryption(steps, sample, k));
  if (samples.length === 0) throw new HepcError([noSamples({ array: 'calibration', shape: [0] })]);
  for (const [k, sample] of samples.entries()) {
    for (const [name, values] of sample) {
      const element = values.findIndex((value) => !Number.isFinite(value));
      if (element === -1) continue;
      const found = { array: name, index: [k, element], value: values[element] ?? NaN };
      throw new HepcError([nonFiniteValue(found, { part: 'calibration' })]);
    }
  }
  return samples;
}

/** The orders that an earlier pruning found, for the network once its linear ops are merged. */
export function ordersOf({ metadata }: ImportedModel): ImportedGraph['orders'] {
  const text = metadata.get(ordersMetadataKey);
  return text === undefined ? undefined : (whole) => ordersFromJson(text, whole);
}
