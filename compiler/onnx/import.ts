/**
 * The ONNX importer: from the bytes of a model to a module of the tensor level, for one sample, and what the client computes
 * before and after it. Decode; inline functions; check names; walk the graph (`walk.ts`).
 */
import type { ClientSteps } from '../../ir/client/steps.ts';
import { unknownOutput } from '../../ir/diagnostics/client.ts';
import { type Diagnostic, HepcError, throwIfErrors } from '../../ir/diagnostics/diagnostic.ts';
import { suggestion } from '../../ir/suggestion.ts';
import { referenceDeviates, unusedInput } from '../../ir/diagnostics/import.ts';
import type { ModelInterface } from '../../ir/interface.ts';
import type { TensorModule } from '../../ir/tensor/ops.ts';
import { checkOpsets } from './domains.ts';
import { inputsOf } from './interface.ts';
import { decodeModel } from './proto/decode.ts';
import { checkGraph } from './proto/graph-order.ts';
import { inlineFunctions } from './proto/inline-functions.ts';
import type { OnnxGraph } from './proto/model.ts';
import { importSamples, type WalkedGraph } from './batch/import-samples.ts';
import type { OnnxSource } from './source.ts';
import { GraphWalk } from './walk.ts';

export type { OnnxSource } from './source.ts';

export interface ImportOptions {
  /** Names of the values that answers have, in place of the outputs of the model: any values of its graph. */
  readonly outputs?: readonly string[] | undefined;
}

/** Inputs and outputs are those of the network: what is encrypted and decrypted. `steps` has the model's where they differ. */
export interface ImportedModel extends ModelInterface {
  readonly module: TensorModule;
  readonly steps: ClientSteps;
  readonly warnings: readonly Diagnostic[];
  /** Where onnxruntime is known to compute something else than the standard, and this importer (H125). */
  readonly deviations: readonly Diagnostic[];
  /** Version of each operator set that the model imports, by domain; the default domain is ''. */
  readonly opsets: ReadonlyMap<string, number>;
  /** `metadata_props` of the model, unchecked. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** Throws `HepcError` with everything that is wrong with the model (H101 to H124, H310). */
export function importOnnx(source: OnnxSource, { outputs }: ImportOptions = {}): ImportedModel {
  const file = source.fileName;
  const decoded = decodeModel(source.bytes, file);
  const inlined = inlineFunctions(decoded, file);
  const graph = outputs === undefined ? inlined : withOutputs(inlined, outputs, file);
  const model = { ...decoded, graph };
  throwIfErrors(checkOpsets(model, file));
  const { inputs, diagnostics: badInputs, inside: mixed } = inputsOf(model.graph, file);
  throwIfErrors([...checkGraph(model.graph, file), ...badInputs]);
  // What layers read of functions is computed on encrypted values; every walk may find more of these.
  const inside = new Set<string>();
  const walk = (samples?: number): WalkedGraph => {
    for (;;) {
      const known = inside.size;
      const walked = new GraphWalk(model, inputs, source, { samples, inside }).run();
      if (inside.size === known) return walked;
    }
  };
  const { unused, deviations, ...border } = importSamples(inputs, mixed, walk);
  return {
    ...border,
    warnings: unused.map((name) => unusedInput({ name }, { file })),
    deviations: deviations.map(({ reason, nodes }) => referenceDeviates({ reason }, { file, nodes })),
    opsets: model.opsets,
    metadata: model.metadata,
  };
}

/** The graph with other outputs. Throws `HepcError` (H122) for names that it does not have. */
function withOutputs(graph: OnnxGraph, outputs: readonly string[], file: string): OnnxGraph {
  const results = graph.nodes.flatMap((node) => node.outputs).filter((name) => name !== '');
  const known = new Set([...graph.outputs, ...results, ...graph.inputs.map(({ name }) => name)]);
  const unknown = outputs.filter((name) => !known.has(name));
  if (unknown.length > 0)
    throw new HepcError(
      unknown.map((name) =>
        unknownOutput({ name, similar: suggestion(name, [...known]), found: graph.outputs }, { file }),
      ),
    );
  return { ...graph, outputs: [...new Set(outputs)] };
}
