/** From the bytes of an ONNX model to a plan: import and compilation in one call. */
import { printModule } from '../ir/text/print.ts';
import type { Port, Sample } from '../ir/interface.ts';
import { ordersFromJson } from '../passes/pruning/orders/orders-json.ts';
import { type Compilation, compileGraph } from './compile.ts';
import { type ImportedModel, importOnnx, type OnnxSource } from './onnx/import.ts';
import { ordersMetadataKey } from './onnx/metadata.ts';
import type { CompileOptions } from './settings.ts';
import type { ImportedGraph } from './simplify.ts';

export interface CompileOnnxOptions extends Omit<CompileOptions, 'samples'> {
  /** Calibration samples, or how to get them once the inputs of the model are known. */
  readonly samples?: readonly Sample[] | ((inputs: readonly Port[]) => readonly Sample[]);
}

export interface OnnxCompilation extends Compilation {
  readonly model: ImportedModel;
}

/**
 * The plan has the texts of its tensor and tile levels in `dumps`, where constants of more than 64 values stand by
 * their digest only. Throws `HepcError` for a model that cannot be imported or compiled.
 */
export function compileOnnx(source: OnnxSource, options: CompileOnnxOptions = {}): OnnxCompilation {
  const { samples, ...rest } = options;
  rest.onStep?.('reading the model');
  const model = importOnnx(source);
  const list = typeof samples === 'function' ? samples(model.inputs) : samples;
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

/** The orders that an earlier pruning found, for the network once its linear ops are merged. */
export function ordersOf({ metadata }: ImportedModel): ImportedGraph['orders'] {
  const text = metadata.get(ordersMetadataKey);
  return text === undefined ? undefined : (whole) => ordersFromJson(text, whole);
}
