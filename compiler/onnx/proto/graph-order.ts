/** The graph before its nodes are looked at: names defined once, no cycles, and the order to walk it in. */
import type { Diagnostic, Place } from '../../../ir/diagnostics/diagnostic.ts';
import { malformedGraph, modelTooLarge } from '../../../ir/diagnostics/import.ts';
import { type Edge, ValueGraph } from '../../../ir/graph.ts';
import { maxNodes } from './limits.ts';
import type { OnnxGraph, OnnxNode } from './model.ts';

/** The node that defines each value that a node defines. */
export function producersOf(nodes: readonly OnnxNode[]): ReadonlyMap<string, OnnxNode> {
  return new Map(nodes.flatMap((node) => node.outputs.filter(isName).map((output) => [output, node] as const)));
}

/** What is wrong with the names of `graph` and with its size. */
export function checkGraph(graph: OnnxGraph, file: string): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const report = (reason: string, at: Place = {}) => diagnostics.push(malformedGraph({ reason }, { file, ...at }));
  if (graph.nodes.length > maxNodes) {
    diagnostics.push(modelTooLarge({ what: 'nodes', size: graph.nodes.length, limit: maxNodes }, { file }));
  }
  const defined = new Set<string>();
  const define = (name: string, at: Place = {}) => {
    if (defined.has(name)) report(`"${name}" is defined twice`, at);
    defined.add(name);
  };
  for (const { name } of graph.inputs) define(name);
  // Before IR version 4 every initializer was an input too.
  const inputs = new Set(defined);
  const initializers = new Set<string>();
  for (const { name } of graph.initializers) {
    if (initializers.has(name)) report(`initializer "${name}" stands twice`);
    initializers.add(name);
    if (!inputs.has(name)) define(name);
  }
  for (const name of graph.sparseInitializers) report(`initializer "${name}" is sparse; store it as a dense tensor`);
  for (const node of graph.nodes)
    for (const output of node.outputs.filter(isName)) define(output, { nodes: node.refs });
  for (const node of graph.nodes) {
    for (const input of new Set(node.inputs.filter(isName))) {
      if (!defined.has(input)) report(`the operand "${input}" is not defined anywhere`, { nodes: node.refs });
    }
  }
  if (graph.outputs.length === 0) report('the graph has no outputs');
  for (const output of new Set(graph.outputs)) {
    if (!defined.has(output)) report(`output "${output}" is not defined anywhere`);
  }
  if (new Set(graph.outputs).size !== graph.outputs.length) report('an output stands twice');
  if ([...graph.inputs.map(({ name }) => name), ...graph.outputs].includes(''))
    report('an input or output has no name');
  return diagnostics;
}

/**
 * The nodes that `outputs` depend on, operands first. A cycle among all the nodes is one diagnostic. The names have
 * been checked.
 */
export function orderNodes(
  nodes: readonly OnnxNode[],
  outputs: readonly string[],
  file: string,
): readonly OnnxNode[] | Diagnostic {
  const ids = new Map<string, string>();
  for (const [i, node] of nodes.entries()) for (const output of node.outputs) ids.set(output, String(i));
  const edges: Edge[] = nodes.flatMap((node, i) =>
    [...new Set(node.inputs)].flatMap((input) => {
      const from = isName(input) ? ids.get(input) : undefined;
      return from === undefined ? [] : [{ from, to: String(i) }];
    }),
  );
  const graph = new ValueGraph(
    nodes.map((_, i) => String(i)),
    edges,
  );
  const cycle = graph.cycle();
  const nodeOf = (id: string) => nodes[Number(id)];
  if (cycle.length > 0) {
    const refs = cycle.slice(0, 8).flatMap((id) => nodeOf(id)?.refs ?? []);
    return malformedGraph({ reason: `${cycle.length} nodes form a cycle` }, { file, nodes: refs });
  }
  const live = graph.ancestors(outputs.flatMap((name) => ids.get(name) ?? []));
  return graph.order().flatMap((id) => (live.has(id) ? (nodeOf(id) ?? []) : []));
}

function isName(name: string): boolean {
  return name !== '';
}
