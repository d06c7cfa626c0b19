/**
 * The ONNX importer: from the bytes of a model to a module of the tensor level, for one sample.
 *
 * Decode; inline functions; check names; walk the nodes that outputs depend on, operands first, with a term for every value: a constant
 * that is computed at once, or an encrypted tensor. A node that fails is reported and its results are unknown; what
 * depends on them is not reported again, except for operators that are not supported in any case.
 */
import { type Diagnostic, HepcError, throwIfErrors } from '../../ir/diagnostics/diagnostic.ts';
import { constantOutput, unsupportedOperator, unusedInput } from '../../ir/diagnostics/import.ts';
import { usersOf } from '../../ir/module.ts';
import type { TensorModule, TensorNode } from '../../ir/tensor/ops.ts';
import { withoutDeadNodes } from '../../passes/tensor/dead-nodes.ts';
import { checkOpsets, ruleOf } from './domains.ts';
import { checkDynamicScales } from './dynamic-scales.ts';
import { decodeModel } from './proto/decode.ts';
import { Emitter } from './emission/emitter.ts';
import { ExternalData, type ReadExternal } from './proto/external-data.ts';
import { ImportFailure, invalid } from './proto/failure.ts';
import { checkGraph, orderNodes, producersOf } from './proto/graph-order.ts';
import { encryptedInputs, inputKinds } from './interface.ts';
import { inlineFunctions } from './proto/inline-functions.ts';
import type { ModelInterface, Port } from '../../ir/interface.ts';
import type { OnnxModel, OnnxNode, OnnxTensor } from './proto/model.ts';
import { importSamples, inputTerm, type OutputTerm, type WalkedGraph } from './import-samples.ts';
import { Operation } from './emission/operation.ts';
import { recognizePattern } from './patterns.ts';
import { readTensor } from './proto/read-tensor.ts';
import { refusalOf } from './refusals.ts';
import type { Term } from './proto/term.ts';

export interface OnnxSource {
  readonly bytes: Uint8Array;
  /** As the user wrote it, for diagnostics. */
  readonly fileName: string;
  /** Opens a file of external data; the path is relative, without `..`, to the folder of the model. */
  readonly readExternal: ReadExternal;
}

export interface ImportedModel extends ModelInterface {
  readonly module: TensorModule;
  readonly warnings: readonly Diagnostic[];
  /** Version of each operator set that the model imports, by domain; the default domain is ''. */
  readonly opsets: ReadonlyMap<string, number>;
  /** `metadata_props` of the model, unchecked. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** Throws `HepcError` with everything that is wrong with the model (H101 to H114, H120, H310). */
export function importOnnx(source: OnnxSource): ImportedModel {
  const file = source.fileName;
  const decoded = decodeModel(source.bytes, file);
  const model = { ...decoded, graph: inlineFunctions(decoded, file) };
  throwIfErrors(checkOpsets(model, file));
  const { inputs, diagnostics: badInputs, inside } = encryptedInputs(model.graph, file);
  throwIfErrors([...checkGraph(model.graph, file), ...badInputs]);
  return importSamples(inputs, inside, (samples) => new GraphWalk(model, inputs, source, samples).run());
}

class GraphWalk {
  private readonly model: OnnxModel;
  private readonly inputs: readonly Port[];
  private readonly samples: number | undefined;
  private readonly file: string;
  private readonly external: ExternalData;
  private readonly emit = new Emitter();
  private readonly initializers: ReadonlyMap<string, OnnxTensor>;
  private readonly terms = new Map<string, Term>();
  /** Values that a failed node should have computed. */
  private readonly unknown = new Set<string>();
  private readonly diagnostics: Diagnostic[] = [];

  /** @param samples the extent of the batch axis, where that is to be an axis like any other. */
  constructor(model: OnnxModel, inputs: readonly Port[], source: OnnxSource, samples: number | undefined) {
    this.model = model;
    this.inputs = inputs;
    this.samples = samples;
    this.file = source.fileName;
    this.external = new ExternalData(source.readExternal);
    this.initializers = new Map(model.graph.initializers.map((tensor) => [tensor.name, tensor]));
  }

  run(): WalkedGraph<ImportedModel> {
    const kinds = inputKinds(this.model.graph);
    for (const input of this.inputs)
      this.attempt(undefined, [input.name], () =>
        this.terms.set(input.name, { ...inputTerm(this.emit, input, this.samples), elements: kinds.get(input.name) }),
      );
    for (const node of this.liveNodes()) this.visit(node);
    const outputs: OutputTerm[] = [];
    for (const name of this.model.graph.outputs) {
      this.attempt(undefined, [name], () => {
        const term = this.termOf(name);
        if (term?.kind === 'encrypted') outputs.push({ name, term });
        if (term?.kind === 'constant') this.diagnostics.push(constantOutput({ name }, { file: this.file }));
      });
    }
    return { diagnostics: this.diagnostics, outputs, finish: (terms, ports) => this.finish(terms, ports) };
  }

  private finish(outputs: readonly OutputTerm[], ports: readonly Port[]): ImportedModel {
    for (const { name, term } of outputs) this.emit.output(name, term);
    // Patterns and outputs that nobody reads leave nodes behind.
    const module = withoutDeadNodes(this.emit.builder.build(this.model.graph.name));
    const users = usersOf<TensorNode>(module);
    const warnings = module.nodes.flatMap((node) =>
      node.op === 'input' && users[node.id]?.length === 0
        ? [unusedInput({ name: node.attrs.name }, { file: this.file })]
        : [],
    );
    return {
      module,
      inputs: this.inputs,
      outputs: ports,
      warnings,
      opsets: this.model.opsets,
      metadata: this.model.metadata,
    };
  }

  /** In order, with patterns put together, and without the nodes that those replace. */
  private liveNodes(): readonly OnnxNode[] {
    const { nodes, outputs } = this.model.graph;
    const producers = producersOf(nodes);
    const context = {
      producer: (name: string) => producers.get(name),
      scalar: (name: string) => this.scalarOf(name, producers.get(name)),
    };
    const joined = nodes.map((node) => (node.domain === '' ? recognizePattern(node, context) : node));
    const ordered = orderNodes(joined, outputs, this.file);
    if ('code' in ordered) throw new HepcError([...this.diagnostics, ordered]);
    this.diagnostics.push(...checkDynamicScales(ordered, outputs, this.file));
    return ordered;
  }

  private scalarOf(name: string, producer: OnnxNode | undefined): number | undefined {
    const value = producer?.attributes.get('value');
    const fromNode = producer?.opType === 'Constant' && value?.type === 'tensor' ? value.value : undefined;
    const tensor = this.initializers.get(name) ?? fromNode;
    if (tensor === undefined || tensor.external !== undefined || tensor.dims.some((extent) => extent !== 1))
      return undefined;
    try {
      return readTensor(tensor, name, this.external).data[0];
    } catch (error) {
      // Whoever uses the tensor for something else than a pattern reports what is wrong with it.
      if (error instanceof ImportFailure) return undefined;
      throw error;
    }
  }

  private visit(node: OnnxNode): void {
    const rule = ruleOf(node);
    if (rule === undefined) {
      const refusal = refusalOf(node);
      this.diagnostics.push(unsupportedOperator({ opType: node.opType, ...refusal }, this.placeOf(node)));
      this.forget(node.outputs);
      return;
    }
    this.attempt(node, node.outputs, () => {
      const operands = node.inputs.map((name) => (name === '' ? undefined : this.termOf(name)));
      if (node.inputs.some((name) => this.unknown.has(name))) {
        this.forget(node.outputs);
        return;
      }
      this.emit.origins = node.refs;
      const context = { emit: this.emit, external: this.external };
      const results = rule(new Operation(node, operands, context));
      for (const [i, name] of node.outputs.entries()) {
        const result = results[i];
        if (result !== undefined) this.terms.set(name, result);
      }
    });
  }

  /** The term of a value; undefined where it is unknown. Initializers are read when they are first used. */
  private termOf(name: string): Term | undefined {
    const term = this.terms.get(name);
    if (term !== undefined || this.unknown.has(name)) return term;
    const tensor = this.initializers.get(name);
    if (tensor === undefined) throw invalid(`"${name}" is an output that its operator does not have in inference`);
    this.attempt(undefined, [name], () =>
      this.terms.set(name, readTensor(tensor, `initializer "${name}"`, this.external)),
    );
    return this.terms.get(name);
  }

  /** Runs `step`; where it fails, reports that at `node` and makes `results` unknown. */
  private attempt(node: OnnxNode | undefined, results: readonly string[], step: () => void): void {
    try {
      step();
    } catch (error) {
      if (error instanceof ImportFailure) this.diagnostics.push(error.report(this.placeOf(node)));
      else if (error instanceof HepcError) this.diagnostics.push(...error.diagnostics);
      else throw error;
      this.forget(results);
    }
  }

  private forget(names: readonly string[]): void {
    for (const name of names) this.unknown.add(name);
  }

  private placeOf(node: OnnxNode | undefined) {
    return node === undefined ? { file: this.file } : { file: this.file, nodes: node.refs };
  }
}
