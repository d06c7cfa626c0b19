/**
 * Chooses a layout for every value and a kernel for every linear op: the seam between `tensor` and `tile`.
 *
 * Values are visited in topological order; a state is the layout of every value that is still to be used, and how many
 * levels are still to be spent on moving values to other layouts. Its way there does not matter for what follows, so of
 * the ways to a state the cheapest goes on: a shortest path. A first sweep keeps few states and finds a price to beat;
 * the second leaves out only states that cannot beat it by more than `keptExcess`, which loses nothing. Where more than
 * `maxStates` with as many levels to spend are left after an op, the cheapest of them go on, and the result is not
 * marked `exact`.
 */
import type { ValueId } from '../../ir/op.ts';
import type { TensorModule } from '../../ir/tensor/ops.ts';
import type { Layout } from '../../ir/tile/layout.ts';
import type { SlotShape } from '../kernels/parts/kernel-option.ts';
import type { CostModel } from './cost.ts';
import { KernelCatalogue } from './kernel-catalogue.ts';
import { type NodeChoice, NodeChooser } from './node-choices.ts';

/** States that go on after each op in the second sweep. */
export const maxStates = 256;

/** In the first sweep. */
const firstStates = 6;

/** Choices up to this much dearer than the cheapest are kept, since estimates are not exact. */
const keptExcess = 1.15;

/** What rounding leaves of sums of costs in another order, as a part of them. */
const sumRounding = 1e-12;

export interface LayoutChoice {
  readonly slots: SlotShape;
  readonly nodes: ReadonlyMap<ValueId, NodeChoice>;
  readonly cost: number;
  /** For each node by id, the levels behind it that go to moving values. */
  readonly extraLevels: readonly number[];
}

/** Another way to compute a node. */
export interface Alternative {
  readonly choice: NodeChoice;
  /** Of the node itself. */
  readonly cost: number;
  /** Of the cheapest whole network with it, or a bound below that. */
  readonly total: number;
  readonly isBound: boolean;
}

export interface LayoutSearch {
  /** The cheapest first; empty where nothing is cheaper than the limit. */
  readonly choices: readonly LayoutChoice[];
  /** States that were followed in the last sweep. */
  readonly states: number;
  /** Whether no state was left out that could have led to a cheaper choice. */
  readonly exact: boolean;
  /** For each node the ways to compute it from the layouts that its operands are in in `choice`, one of `choices`. */
  readonly alternatives: (choice: LayoutChoice) => ReadonlyMap<ValueId, readonly Alternative[]>;
}

export interface LayoutSearchOptions {
  /** How many choices are wanted. */
  readonly finalists: number;
  /** What costs more is of no interest. */
  readonly limit: number;
  /** Levels that may go to moving values. */
  readonly spareLevels: number;
  /** Told how far the search is, 0 to 1. */
  readonly onProgress?: (done: number) => void;
}

/** The cheapest choice for time on one thread alone. */
export function chooseLayouts(module: TensorModule, slots: SlotShape, model: CostModel): LayoutChoice {
  const options = { finalists: 1, limit: Infinity, spareLevels: 0 };
  const [choice] = searchLayouts(new KernelCatalogue(module, slots), model, options).choices;
  return choice ?? { slots, nodes: new Map(), cost: 0, extraLevels: [] };
}

/** What `choice` costs by another model than the one that it is the cheapest for. */
export function costOfChoice(catalogue: KernelCatalogue, choice: LayoutChoice, model: CostModel): number {
  const chooser = new NodeChooser(catalogue);
  let sum = 0;
  for (const [id, node] of choice.nodes) sum += chooser.cost(node, choice.extraLevels[id] ?? 0, model);
  return sum;
}

/** At most what any choice costs. */
export function leastCost(catalogue: KernelCatalogue, model: CostModel): number {
  const chooser = new NodeChooser(catalogue);
  return catalogue.module.nodes.reduce((sum, node) => sum + chooser.leastCost(node, model), 0);
}

export function searchLayouts(
  catalogue: KernelCatalogue,
  model: CostModel,
  options: LayoutSearchOptions,
): LayoutSearch {
  return new Search(catalogue, model, options).run();
}

interface Edge {
  readonly choice: NodeChoice;
  readonly cost: number;
  readonly next: State;
}

interface State {
  readonly layouts: ReadonlyMap<ValueId, Layout>;
  /** Levels that the rest of the network spends on moving values. */
  readonly extra: number;
  /** Of the cheapest way from the inputs. */
  cost: number;
  /** Of the cheapest way to the outputs among the ways that were followed. */
  rest: number;
  edges: Edge[];
}

type Layer = ReadonlyMap<string, State>;

class Search {
  private readonly catalogue: KernelCatalogue;
  private readonly module: TensorModule;
  private readonly model: CostModel;
  private readonly options: LayoutSearchOptions;
  private readonly chooser: NodeChooser;
  private readonly lastUse = new Map<ValueId, ValueId>();
  /** Entry i bounds the cost of node i and all after it from below. */
  private readonly least: number[];
  private exact = true;
  /** Of the cost of what the last sweep followed. */
  private bound = Infinity;
  /** Whether values may be moved where no level is left to spend on it, which then counts for less than it costs. */
  private lenient = false;

  constructor(catalogue: KernelCatalogue, model: CostModel, options: LayoutSearchOptions) {
    this.catalogue = catalogue;
    this.module = catalogue.module;
    this.model = model;
    this.options = options;
    this.chooser = new NodeChooser(catalogue);
    const { nodes } = this.module;
    for (const node of nodes) for (const operand of node.operands) this.lastUse.set(operand, node.id);
    this.least = Array.from({ length: nodes.length + 1 }, () => 0);
    for (const node of nodes.toReversed())
      this.least[node.id] = (this.least[node.id + 1] ?? 0) + this.chooser.leastCost(node, model);
  }

  run(): LayoutSearch {
    const { limit, spareLevels } = this.options;
    let price = bestOf(this.sweep(spareLevels, limit, firstStates));
    if (price === Infinity) {
      this.lenient = true;
      price = bestOf(this.sweep(spareLevels, limit, firstStates));
      this.lenient = price < Infinity;
    }
    this.exact = !this.lenient;
    // Nothing within the limit in the first sweep does not say that there is nothing.
    this.bound = Math.min(limit, price * keptExcess);
    const layers = this.sweep(spareLevels, this.bound, maxStates);
    const states = layers.reduce((sum, layer) => sum + layer.size, 0);
    const choices = this.cheapest(layers);
    return { choices, states, exact: this.exact, alternatives: (choice) => this.alternativesTo(choice, layers) };
  }

  /** The states before each node, and after the last one. */
  private sweep(spareLevels: number, limit: number, width: number): readonly Layer[] {
    const layers: Layer[] = [this.initial(spareLevels)];
    const { nodes } = this.module;
    // The first sweep follows fewer states, and makes most of the kernels.
    const from = width === firstStates ? 0 : 0.5;
    for (const [k, node] of nodes.entries()) {
      this.options.onProgress?.(from + (0.5 * k) / nodes.length);
      const next = new Map<string, State>();
      for (const state of layers.at(-1)?.values() ?? []) {
        state.edges = [];
        for (const { choice, deepens } of this.chooser.options(node, state.layouts, state.extra > 0)) {
          if (deepens && state.extra === 0 && !this.lenient) continue;
          const extra = deepens ? Math.max(0, state.extra - 1) : state.extra;
          const cost = this.chooser.cost(choice, extra, this.model);
          const total = state.cost + cost;
          if (total + (this.least[node.id + 1] ?? 0) > limit) continue;
          const key = this.advance(state.layouts, choice, extra);
          let to = next.get(key.text);
          if (to === undefined) {
            to = { layouts: key.layouts, extra, cost: total, rest: Infinity, edges: [] };
            next.set(key.text, to);
          }
          to.cost = Math.min(to.cost, total);
          state.edges.push({ choice, cost, next: to });
        }
      }
      layers.push(this.narrowed(next, width));
    }
    settle(layers);
    return layers;
  }

  private initial(spareLevels: number): Layer {
    return new Map(
      Array.from({ length: spareLevels + 1 }, (_, extra) => [
        String(extra),
        { layouts: new Map<ValueId, Layout>(), extra, cost: 0, rest: Infinity, edges: [] },
      ]),
    );
  }

  private advance(before: ReadonlyMap<ValueId, Layout>, { node, layout }: NodeChoice, extra: number) {
    const layouts = new Map(before);
    if (layout !== undefined) layouts.set(node, layout);
    for (const id of [...layouts.keys()]) if ((this.lastUse.get(id) ?? id) <= node) layouts.delete(id);
    const text = `${extra};${[...layouts].map(([id, each]) => `${id}${each.toString()}`).join(';')}`;
    return { layouts, text };
  }

  private narrowed(layer: Layer, width: number): Layer {
    const kept = new Map<string, State>();
    for (const group of Map.groupBy(layer, ([, { extra }]) => extra).values()) {
      if (group.length > width) this.exact = false;
      for (const [key, state] of group.sort(([, a], [, b]) => a.cost - b.cost).slice(0, width)) kept.set(key, state);
    }
    return kept;
  }

  /**
   * Whole choices in ascending order of cost: best first search, guided by the exact cost of every rest. Of ways that cost the same the
   * one that was found last goes on; so that rounding tells none of them apart, all of which would be followed, what one comes to is
   * that of the way before it where they differ by no more.
   */
  private cheapest(layers: readonly Layer[]): LayoutChoice[] {
    interface Way {
      readonly state: State;
      readonly spent: number;
      readonly estimate: number;
      readonly edge?: Edge;
      readonly before?: Way;
    }
    const open: Way[] = [...(layers[0]?.values() ?? [])].map((state) => ({ state, spent: 0, estimate: state.rest }));
    const found: LayoutChoice[] = [];
    const ends = new Set(layers.at(-1)?.values());
    const bound = keptExcess * bestOf(layers);
    while (found.length < this.options.finalists) {
      open.sort((a, b) => b.estimate - a.estimate);
      const way = open.pop();
      if (way === undefined || way.estimate === Infinity) break;
      if (ends.has(way.state)) {
        const nodes = new Map<ValueId, NodeChoice>();
        const extraLevels: number[] = [];
        for (let at: Way | undefined = way; at?.edge !== undefined; at = at.before) {
          nodes.set(at.edge.choice.node, at.edge.choice);
          extraLevels[at.edge.choice.node] = at.state.extra;
        }
        found.push({ slots: this.catalogue.slots, nodes, cost: way.spent, extraLevels });
        continue;
      }
      for (const edge of way.state.edges) {
        const spent = way.spent + edge.cost;
        const sum = spent + edge.next.rest;
        const estimate = Math.abs(sum - way.estimate) <= sumRounding * way.estimate ? way.estimate : sum;
        if (estimate <= bound) open.push({ state: edge.next, spent, estimate, edge, before: way });
      }
    }
    return found;
  }

  private alternativesTo(chosen: LayoutChoice, layers: readonly Layer[]): Map<ValueId, Alternative[]> {
    const found = new Map<ValueId, Alternative[]>();
    let layouts: ReadonlyMap<ValueId, Layout> = new Map();
    // The first node is an input, which moves nothing.
    let extra = chosen.extraLevels[0] ?? 0;
    let spent = 0;
    for (const node of this.module.nodes) {
      const chosenHere = chosen.nodes.get(node.id);
      if (chosenHere === undefined) break;
      const after = this.least[node.id + 1] ?? 0;
      const alternatives = this.chooser.options(node, layouts, extra > 0).map(({ choice, deepens }): Alternative => {
        const left = deepens ? Math.max(0, extra - 1) : extra;
        const cost = this.chooser.cost(choice, left, this.model);
        const rest = layers[node.id + 1]?.get(this.advance(layouts, choice, left).text)?.rest ?? Infinity;
        const isBound = rest === Infinity;
        // What was not followed to the end is at least as dear as what is left out.
        const least = Math.max(spent + cost + after, this.exact ? this.bound : 0);
        return { choice, cost, total: isBound ? least : spent + cost + rest, isBound };
      });
      found.set(node.id, alternatives);
      extra = chosen.extraLevels[node.id] ?? 0;
      spent += this.chooser.cost(chosenHere, extra, this.model);
      layouts = this.advance(layouts, chosenHere, extra).layouts;
    }
    return found;
  }
}

/** Fills in what the rest of every state costs, from the outputs backwards. */
function settle(layers: readonly Layer[]): void {
  for (const state of layers.at(-1)?.values() ?? []) state.rest = state.extra === 0 ? 0 : Infinity;
  for (const layer of layers.toReversed().slice(1)) {
    for (const state of layer.values())
      state.rest = state.edges.reduce((least, { cost, next }) => Math.min(least, cost + next.rest), Infinity);
  }
}

function bestOf(layers: readonly Layer[]): number {
  return Math.min(Infinity, ...[...(layers[0]?.values() ?? [])].map(({ rest }) => rest));
}
