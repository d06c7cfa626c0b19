/**
 * Where a network's values are refreshed: brought back to the highest level from which layers go on. The cheapest places, exactly, by
 * a dynamic program from the outputs backwards over what is alive: a state is the level that each value is needed at which a later
 * node reads and none has given yet. On a chain there is one such value, in residual graphs there are a few.
 */
import { elementCount } from '../../ir/constant.ts';
import { usersOf } from '../../ir/module.ts';
import type { ValueId } from '../../ir/op.ts';
import type { TensorModule, TensorNode } from '../../ir/tensor/ops.ts';
import { isReshape } from '../../ir/tensor/reshape.ts';
import { isClientView } from './client-views.ts';
import { settledDepthOf } from './network-depth.ts';
import { type Cut, refreshedAt } from './refreshed-at.ts';

export interface PlacementOptions {
  /** Levels that a refreshed value has above those that it is refreshed from. */
  readonly levels: number;
  /** Slots of a ciphertext, which a refresh is of. */
  readonly slots: number;
  /** Whether refreshed values have a scale beyond those of the network. */
  readonly isScaled: boolean;
}

/** What a node costs for each level that it is computed at, where a refresh of a ciphertext is 1: breaks ties towards low levels. */
const levelCost = 1e-4;

/**
 * What it costs that a refreshed value is multiplied with another one where it comes at a scale beyond those of the network: plaintexts
 * of the next layer bring that down; where none does, a product has too many bits for the primes that follow.
 */
const productCost = 0.5;

/** States that are gone on with; a chain has as many as levels, residual graphs a few hundred. */
const mostStates = 20_000;

interface State {
  readonly cost: number;
  /** By value that is alive: the level that it is needed at. */
  readonly needs: ReadonlyMap<ValueId, number>;
  readonly refreshed: Refreshed | undefined;
}

/** A list of values, the last first. */
interface Refreshed {
  readonly value: ValueId;
  readonly others: Refreshed | undefined;
}

/** The network with its refreshes; undefined where a layer takes more levels than there are. */
export function placeBootstraps(module: TensorModule, options: PlacementOptions): TensorModule | undefined {
  const users = usersOf(module);
  let states: State[] = [{ cost: 0, needs: new Map(), refreshed: undefined }];
  for (const node of module.nodes.toReversed()) {
    const step = stepOf(module, node, users[node.id] ?? [], options);
    const best = new Map<string, State>();
    for (const state of states)
      for (const next of before(node, state, step)) {
        const key = [...next.needs].sort(([x], [y]) => x - y).join(';');
        const known = best.get(key);
        if (known === undefined || next.cost < known.cost) best.set(key, next);
      }
    states = [...best.values()].sort((x, y) => x.cost - y.cost).slice(0, mostStates);
  }
  const [cheapest] = states;
  if (cheapest === undefined) return undefined;
  const cuts: Cut[] = [];
  for (let list = cheapest.refreshed; list !== undefined; list = list.others)
    cuts.push({ after: list.value, values: [list.value] });
  return refreshedAt(module, cuts);
}

/** What a node means for all states alike. */
interface Step {
  /** That there are. */
  readonly levels: number;
  /** That the node takes. */
  readonly depth: number;
  /** Of a refresh of its result; undefined where that needs none. */
  readonly refreshCost: number | undefined;
}

function stepOf(
  module: TensorModule,
  node: TensorNode,
  readers: readonly TensorNode[],
  { levels, slots, isScaled }: PlacementOptions,
): Step {
  const isMultiplied = isScaled && readers.some(({ op }) => op === 'multiply' || op === 'polynomial');
  const cost = Math.ceil(elementCount(node.type) / slots) * (1 + (isMultiplied ? productCost : 0));
  return {
    levels,
    depth: settledDepthOf(module, node),
    refreshCost: isComputed(module, node) ? cost : undefined,
  };
}

/** States before a node was computed, with its result as it is needed, or refreshed to that. */
function before(node: TensorNode, state: State, { levels, depth, refreshCost }: Step): State[] {
  const need = state.needs.get(node.id) ?? 0;
  const reach = (level: number, cost: number, refreshed: State['refreshed']): State[] => {
    const needs = new Map(state.needs);
    needs.delete(node.id);
    for (const operand of node.operands) needs.set(operand, Math.max(needs.get(operand) ?? 0, level + depth));
    if (level + depth > levels) return [];
    return [{ cost: state.cost + cost + levelCost * (level + depth), needs, refreshed }];
  };
  const plain = reach(need, 0, state.refreshed);
  if (need === 0 || refreshCost === undefined) return plain;
  return [...plain, ...reach(0, refreshCost, { value: node.id, others: state.refreshed })];
}

/** Whether the server computes it: what comes from the client needs no refresh. */
function isComputed(module: TensorModule, node: TensorNode): boolean {
  return node.op !== 'input' && node.op !== 'output' && !isClientView(module, node) && !isReshape(module, node);
}
