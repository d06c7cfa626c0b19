/**
 * The one adapter to graphlib: order, cycles and reachability of value graphs, for `tensor` and `tile` modules
 * and for the ONNX graph before it is known to be one.
 */
import { Graph } from '@dagrejs/graphlib';

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

  /** The values of one cycle, each before its user; empty for a graph that can be ordered. */
  cycle(): string[] {
    const ordered = new Set(this.order());
    const left = this.graph.nodes().filter((value) => !ordered.has(value));
    const path: string[] = [];
    // What cannot be ordered always has an operand that cannot be ordered: going back must come round.
    for (let value = left[0]; value !== undefined;) {
      const seen = path.indexOf(value);
      if (seen >= 0) return path.slice(seen).reverse();
      path.push(value);
      value = this.graph.predecessors(value)?.find((operand) => !ordered.has(operand));
    }
    return [];
  }

  /**
   * The values with every edge going forward, without those that depend on a cycle. Not graphlib's own sort, which
   * recurses along edges: a chain of some thousand values, such as a hostile model may hold, exhausts the stack.
   */
  order(): string[] {
    const missing = new Map(this.graph.nodes().map((value) => [value, this.graph.predecessors(value)?.length ?? 0]));
    const ordered = this.graph.sources();
    for (const value of ordered) {
      for (const user of this.graph.successors(value) ?? []) {
        const rest = (missing.get(user) ?? 0) - 1;
        missing.set(user, rest);
        if (rest === 0) ordered.push(user);
      }
    }
    return ordered;
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
