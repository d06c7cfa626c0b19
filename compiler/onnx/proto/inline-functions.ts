/**
 * Functions of the model put in the place of the nodes that call them, so that the importer sees operators only.
 *
 * A function goes before an operator of the same name. Its values get names of their own, `NUMBER/NAME` for the
 * NUMBER-th call; its operands and results those of the calling node. Bounded: functions that call each other may make a
 * graph exponentially larger than the file.
 */
import { HepcError, type NodeRef, type Place } from '../../../ir/diagnostics/diagnostic.ts';
import { malformedGraph, modelTooLarge, recursiveFunction } from '../../../ir/diagnostics/import.ts';
import { maxNodes } from './limits.ts';
import type { Attribute, OnnxFunction, OnnxGraph, OnnxModel, OnnxNode } from './model.ts';

/** Functions that call one another, each within the last. */
const maxDepth = 64;
/** Names of all operands, results and attributes of the nodes that calls become. */
const maxNames = 2 ** 20;
const maxPathLength = 200;

/**
 * The graph of `model` without calls of its functions. Throws `HepcError` for functions that call themselves, stand
 * twice or lack operands and results, and for a graph that would become too large.
 */
export function inlineFunctions(model: OnnxModel, file: string): OnnxGraph {
  if (model.functions.length === 0) return model.graph;
  return { ...model.graph, nodes: new Inliner(model, file).inlined() };
}

class Inliner {
  private readonly graph: OnnxGraph;
  /** Of the operator set of the model, for the nodes that are added. */
  private readonly version: number;
  private readonly file: string;
  private readonly functions = new Map<string, OnnxFunction>();
  private readonly taken: ReadonlySet<string>;
  private readonly nodes: OnnxNode[] = [];
  private calls = 0;
  private names = 0;

  constructor({ graph, functions, opsets }: OnnxModel, file: string) {
    this.graph = graph;
    this.version = opsets.get('') ?? 1;
    this.file = file;
    this.taken = namesOf(graph);
    for (const own of functions) {
      const key = keyOf(own.domain, own.name);
      if (this.functions.has(key)) throw this.malformed(`the function "${key}" stands twice`, []);
      this.functions.set(key, own);
    }
  }

  inlined(): readonly OnnxNode[] {
    for (const node of this.graph.nodes) this.add(node, []);
    return this.nodes;
  }

  /** Appends `node`, or what the function consists of that it calls. `callers` are the functions around it. */
  private add(node: OnnxNode, callers: readonly OnnxFunction[]): void {
    const own = this.functions.get(keyOf(node.domain, node.opType));
    if (own === undefined) {
      this.nodes.push(node);
      return;
    }
    if (callers.includes(own)) throw new HepcError([recursiveFunction({ name: own.name }, this.at(node.refs))]);
    if (callers.length === maxDepth) throw this.tooLarge('functions within one another', callers.length + 1, maxDepth);
    if (node.inputs.length > own.inputs.length || node.outputs.length > own.outputs.length)
      throw this.malformed(`the function "${node.opType}" has fewer operands or results`, node.refs);
    const rename = this.namesWithin(own, node);
    for (const inner of own.nodes) this.add(this.instance(inner, node, own, rename), [...callers, own]);
    this.forward(own, node, rename);
  }

  /** What the names of values of the function are in the graph. */
  private namesWithin(own: OnnxFunction, call: OnnxNode): (name: string) => string {
    const prefix = `${++this.calls}`;
    this.count(1, own.nodes.length);
    const known = new Map<string, string>([['', '']]);
    for (const [i, name] of own.outputs.entries()) if (call.outputs[i]) known.set(name, call.outputs[i]);
    for (const [i, name] of own.inputs.entries()) known.set(name, call.inputs[i] ?? '');
    return (name) => {
      let unique = known.get(name) ?? `${prefix}/${name}`;
      if (!known.has(name)) while (this.taken.has(unique)) unique += "'";
      known.set(name, unique);
      return unique;
    };
  }

  private instance(inner: OnnxNode, call: OnnxNode, own: OnnxFunction, rename: (name: string) => string): OnnxNode {
    this.count(inner.inputs.length + inner.outputs.length + inner.attributes.size, 0);
    const outputs = inner.outputs.map(rename);
    return {
      ...inner,
      refs: inner.refs.map((ref) => ({ ...ref, name: pathOf(call.refs, ref.name), output: outputs[0] ?? '' })),
      inputs: inner.inputs.map(rename),
      outputs,
      attributes: resolved(inner.attributes, (name) => call.attributes.get(name) ?? own.defaults.get(name)),
    };
  }

  /** Results that are operands as they are. */
  private forward(own: OnnxFunction, call: OnnxNode, rename: (name: string) => string): void {
    for (const [i, name] of own.outputs.entries()) {
      const result = call.outputs[i] ?? '';
      if (result === '' || rename(name) === result) continue;
      const shared = {
        domain: '',
        opType: 'Identity',
        version: this.version,
        attributes: new Map<string, Attribute>(),
      };
      this.nodes.push({ ...shared, refs: call.refs, inputs: [rename(name)], outputs: [result] });
    }
  }

  private count(names: number, nodes: number): void {
    this.names += names;
    const total = this.nodes.length + nodes + this.calls;
    if (total > maxNodes) throw this.tooLarge('nodes of the model with its functions inlined', total, maxNodes);
    if (this.names > maxNames) throw this.tooLarge('operands of all nodes of functions', this.names, maxNames);
  }

  private tooLarge(what: string, size: number, limit: number): HepcError {
    return new HepcError([modelTooLarge({ what, size, limit }, this.at([]))]);
  }

  private malformed(reason: string, nodes: readonly NodeRef[]): HepcError {
    return new HepcError([malformedGraph({ reason }, this.at(nodes))]);
  }

  private at(nodes: readonly NodeRef[]): Place {
    return { file: this.file, ...(nodes.length > 0 && { nodes }) };
  }
}

/** The attributes with those of the call in the place of references; one that nobody gives is left out. */
function resolved(
  attributes: ReadonlyMap<string, Attribute>,
  valueOf: (name: string) => Attribute | undefined,
): ReadonlyMap<string, Attribute> {
  return new Map(
    Array.from(attributes).flatMap(([name, attribute]) => {
      const value = attribute.type === 'reference' ? valueOf(attribute.attribute) : attribute;
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

function pathOf(calls: readonly NodeRef[], name: string): string {
  const path = `${calls[0]?.name ?? ''}/${name}`;
  return path.length > maxPathLength ? name : path;
}

function namesOf({ inputs, initializers, nodes }: OnnxGraph): ReadonlySet<string> {
  return new Set([
    ...inputs.map(({ name }) => name),
    ...initializers.map(({ name }) => name),
    ...nodes.flatMap((node) => [...node.inputs, ...node.outputs]),
  ]);
}

function keyOf(domain: string, name: string): string {
  return domain === '' ? name : `${domain}:${name}`;
}
