/**
 * The walk over a graph: the nodes that outputs depend on, operands first, with a term for every value: a constant that is
 * computed at once, an encrypted tensor, or what the client computes. A node that fails is reported and its results are
 * unknown; what depends on them is not reported again, except for operators that are not supported in any case.
 */
import { type Diagnostic, HepcError, type Place } from '../../ir/diagnostics/diagnostic.ts';
import { constantOutput, unsupportedOperator } from '../../ir/diagnostics/import.ts';
import type { ModelPort, Port } from '../../ir/interface.ts';
import { ClientBorder, type FinishedBorder } from './client/border.ts';
import { computeNode } from './compute-node.ts';
import { insideRuleOf, isSupported } from './domains.ts';
import { checkDynamicScales } from './dynamic-scales.ts';
import { Emitter } from './emission/emitter.ts';
import { inputTerm, type OutputTerm, type WalkedGraph } from './batch/import-samples.ts';
import { recognizeDistances } from './patterns/distances.ts';
import type { OnnxSource } from './source.ts';
import { recognizePattern } from './patterns/activations.ts';
import { ExternalData } from './proto/external-data.ts';
import { ImportFailure, invalid } from './proto/failure.ts';
import { orderNodes, producersOf } from './proto/graph-order.ts';
import type { OnnxModel, OnnxNode, OnnxTensor } from './proto/model.ts';
import { constantTexts, readTexts } from './proto/read-texts.ts';
import { readTensor } from './proto/read-tensor.ts';
import { type AnyTerm, describeConstant } from './proto/term.ts';
import { refusalOf } from './refusals.ts';

export class GraphWalk {
  private readonly model: OnnxModel;
  private readonly inputs: readonly ModelPort[];
  private readonly samples: number | undefined;
  private readonly file: string;
  private readonly external: ExternalData;
  private readonly emit = new Emitter();
  private readonly border = new ClientBorder(this.emit);
  private readonly initializers: ReadonlyMap<string, OnnxTensor>;
  private readonly terms = new Map<string, AnyTerm>();
  /** Values that a failed node should have computed. */
  private readonly unknown = new Set<string>();
  private readonly diagnostics: Diagnostic[] = [];
  /** Where the error of an operator stands among them, by domain and name. */
  private readonly refused = new Map<string, { readonly at: Place; readonly index: number; readonly count: number }>();

  /** Names of results that are computed on encrypted values although the client could. */
  private readonly inside: Set<string>;
  private producers: ReadonlyMap<string, OnnxNode> = new Map();

  /**
   * @param samples the extent of the batch axis, where that is to be an axis like any other
   * @param inside names of results that are computed on encrypted values although the client could; grows by what a layer
   *   turns out to read, and then the graph has to be walked again
   */
  constructor(
    model: OnnxModel,
    inputs: readonly ModelPort[],
    source: OnnxSource,
    { samples, inside }: { readonly samples: number | undefined; readonly inside: Set<string> },
  ) {
    this.samples = samples;
    this.inside = inside;
    this.model = model;
    this.inputs = inputs;
    this.file = source.fileName;
    this.external = new ExternalData(source.readExternal);
    this.initializers = new Map(model.graph.initializers.map((tensor) => [tensor.name, tensor]));
  }

  run(): WalkedGraph {
    for (const input of this.inputs) {
      this.attempt(undefined, [input.name], () => {
        const encrypted = input.elements === 'string' ? undefined : inputTerm(this.emit, input, this.samples);
        this.terms.set(input.name, this.border.input(input, encrypted, this.samples));
      });
    }
    const nodes = this.liveNodes();
    this.producers = producersOf(nodes);
    for (const node of nodes) this.visit(node);
    const outputs: OutputTerm[] = [];
    for (const name of this.model.graph.outputs) {
      this.attempt(undefined, [name], () => {
        const term = this.termOf(name);
        if (term !== undefined) outputs.push({ name, term });
      });
    }
    const constant = outputs.flatMap(({ name, term }) =>
      term.kind === 'constant' || term.kind === 'texts' ? [{ name, value: describeConstant(term) }] : [],
    );
    if (constant.length === outputs.length)
      this.diagnostics.push(...constant.map((output) => constantOutput(output, { file: this.file })));
    return { diagnostics: this.diagnostics, outputs, finish: (ports) => this.finish(outputs, ports) };
  }

  private finish(outputs: readonly OutputTerm[], ports: readonly Port[]): FinishedBorder {
    const { name } = this.model.graph;
    const all = outputs.flatMap(({ term }, i) => (ports[i] === undefined ? [] : [{ term, port: ports[i] }]));
    let finished: FinishedBorder | undefined;
    this.attempt(undefined, [], () => (finished = this.border.finish(name, all)));
    if (finished === undefined) throw new HepcError(this.diagnostics);
    return finished;
  }

  /** In order, with patterns put together, and without the nodes that those replace. */
  private liveNodes(): readonly OnnxNode[] {
    const { nodes, outputs } = this.model.graph;
    const producers = producersOf(nodes);
    const context = {
      producer: (name: string) => producers.get(name),
      scalar: (name: string) => this.scalarOf(name, producers.get(name)),
    };
    const joined = nodes.map((node) =>
      node.domain === '' ? (recognizeDistances(node, context) ?? recognizePattern(node, context)) : node,
    );
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

  private readonly places = {
    isInside: ({ outputs }: OnnxNode): boolean => outputs.some((name) => this.inside.has(name)),
    wantInside: (reader: OnnxNode): void => {
      const pending = [reader];
      const seen = new Set<OnnxNode>(pending);
      for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
        for (const name of node.inputs) {
          const before = this.producers.get(name);
          if (before === undefined || seen.has(before)) continue;
          seen.add(before);
          pending.push(before);
          if (insideRuleOf(before) !== undefined) this.inside.add(name);
        }
      }
    },
  };

  private visit(node: OnnxNode): void {
    this.attempt(node, node.outputs, () => {
      if (!isSupported(node)) {
        this.refuse(node);
        this.forget(node.outputs);
        return;
      }
      const operands = node.inputs.map((name) => (name === '' ? undefined : this.termOf(name)));
      if (node.inputs.some((name) => this.unknown.has(name))) {
        this.forget(node.outputs);
        return;
      }
      const { border, emit, external } = this;
      const texts = constantTexts(node);
      const results =
        texts === undefined ? computeNode(node, operands, { border, emit, external, ...this.places }) : [texts];
      for (const [i, name] of node.outputs.entries()) {
        const result = results[i];
        if (result !== undefined) this.terms.set(name, result);
      }
    });
  }

  /** One error for all nodes of an operator. */
  private refuse(node: OnnxNode): void {
    const { opType, domain } = node;
    const key = `${domain}:${opType}`;
    const { at, index, count } = this.refused.get(key) ?? {
      at: this.placeOf(node),
      index: this.diagnostics.length,
      count: 0,
    };
    this.refused.set(key, { at, index, count: count + 1 });
    this.diagnostics[index] = unsupportedOperator({ opType, ...refusalOf(node), count: count + 1 }, at);
  }

  /** The term of a value; undefined where it is unknown. Initializers are read when they are first used. */
  private termOf(name: string): AnyTerm | undefined {
    const term = this.terms.get(name);
    if (term !== undefined || this.unknown.has(name)) return term;
    const tensor = this.initializers.get(name);
    if (tensor === undefined) throw invalid(`"${name}" is an output that its operator does not have in inference`);
    const title = `initializer "${name}"`;
    this.attempt(undefined, [name], () =>
      this.terms.set(name, readTexts(tensor, title) ?? readTensor(tensor, title, this.external)),
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

  private placeOf(node: OnnxNode | undefined): Place {
    return node === undefined ? { file: this.file } : { file: this.file, nodes: node.refs };
  }
}
