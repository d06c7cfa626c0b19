/**
 * The one adapter to graphlib: order, cycles and reachability of value graphs, for `tensor` and `tile` modules
 * and for the ONNX graph before it is known to be one.
 */
import { alg, Graph } from '@dagrejs/graphlib';

export interface Edge {
  readonly from: string;
  readonly to: string;
}

export class ValueGraph {
  private readonly graph = new Graph({ directed: true });

  constructor(values: Iterable<string>, edges: Iterable<Edge>) {
    for (const value of values) this.graph.setNode(value);
    for (const { from, to } of edges) this.graph.setEdge(from, to);
  }

  /** Every cycle as the list of its values; empty for a graph that can be ordered. */
  cycles(): string[][] {
    return alg.findCycles(this.graph);
  }

  /** The values with every edge going forward. Throws where there is a cycle. */
  order(): string[] {
    return alg.topsort(this.graph);
  }

  /** Everything that `to` depends on, itself included. */
  ancestors(to: Iterable<string>): Set<string> {
    return this.reach(to, (value) => this.graph.predecessors(value) ?? []);
  }

  /** Everything that depends on `from`, itself included. */
  descendants(from: Iterable<string>): Set<string> {
    return this.reach(from, (value) => this.graph.successors(value) ?? []);
  }

  private reach(start: Iterable<string>, step: (value: string) => readonly string[]): Set<string> {
    const seen = new Set(start);
    const stack = [...seen];
    for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
      for (const next of step(value)) {
        if (!seen.has(next)) {
          seen.add(next);
          stack.push(next);
        }
      }
    }
    return seen;
  }
}

/** The value graph of a module: an edge from each operand to its user. */
export function graphOf(module: {
  readonly nodes: readonly { readonly id: number; readonly operands: readonly number[] }[];
}): ValueGraph {
  const edges = module.nodes.flatMap((node) =>
    node.operands.map((operand) => ({ from: String(operand), to: String(node.id) })),
  );
  return new ValueGraph(
    module.nodes.map((node) => String(node.id)),
    edges,
  );
}
