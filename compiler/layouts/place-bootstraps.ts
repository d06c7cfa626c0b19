/**
 * Where a network's values are refreshed: brought back to the highest level from which layers go on. The cheapest places, exactly, by
 * a dynamic program from the outputs backwards over what is alive: a state is the level that each value is needed at which a later
 * node reads and none has given yet. On a chain there is one such value, in residual graphs there are a few.
 */
import { elementCount } from '../../ir/constant.ts';
import { usersOf } from '../../ir/module.ts';
import type { ValueId } from '../../ir/op.ts';
import { isLinear } from '../../ir/tensor/linear-map.ts';
import { TensorBuilder, type TensorModule, type TensorNode } from '../../ir/tensor/ops.ts';
import { polynomialDepth } from '../../ir/tensor/polynomial-evaluation.ts';
import { isReshape } from '../../ir/tensor/reshape.ts';
import { isClientView } from './client-views.ts';

export interface PlacementOptions {
  /** Levels that a refreshed value has above those that it is refreshed from. */
  readonly levels: number;
  /** Slots of a ciphertext, which a refresh is of. */
  readonly slots: number;
}

/** What a node costs for each level that it is computed at, where a refresh of a ciphertext is 1: breaks ties towards low levels. */
const levelCost = 1e-4;

/**
 * What it costs that a refreshed value is multiplied with another one. It comes at a scale beyond those of the network, which plaintexts
 * of the next layer bring down; where none does, a product has too many bits for the primes that follow.
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
  const isMultiplied = (id: ValueId): boolean =>
    (users[id] ?? []).some(({ op }) => op === 'multiply' || op === 'polynomial');
  let states: State[] = [{ cost: 0, needs: new Map(), refreshed: undefined }];
  for (const node of module.nodes.toReversed()) {
    const best = new Map<string, State>();
    for (const state of states)
      for (const next of before(module, node, state, { ...options, extra: isMultiplied(node.id) ? productCost : 0 })) {
        const key = [...next.needs].sort(([x], [y]) => x - y).join(';');
        const known = best.get(key);
        if (known === undefined || next.cost < known.cost) best.set(key, next);
      }
    states = [...best.values()].sort((x, y) => x.cost - y.cost).slice(0, mostStates);
  }
  const [cheapest] = states;
  if (cheapest === undefined) return undefined;
  const refreshed = new Set<ValueId>();
  for (let list = cheapest.refreshed; list !== undefined; list = list.others) refreshed.add(list.value);
  return withRefreshes(module, refreshed);
}

/** States before a node was computed, with its result as it is needed, or refreshed to that. */
function before(
  module: TensorModule,
  node: TensorNode,
  state: State,
  { levels, slots, extra }: PlacementOptions & { readonly extra: number },
): State[] {
  const need = state.needs.get(node.id) ?? 0;
  const depth = settledDepth(module, node);
  const reach = (level: number, cost: number, refreshed: State['refreshed']): State[] => {
    const needs = new Map(state.needs);
    needs.delete(node.id);
    for (const operand of node.operands) needs.set(operand, Math.max(needs.get(operand) ?? 0, level + depth));
    if (level + depth > levels) return [];
    return [{ cost: state.cost + cost + levelCost * (level + depth), needs, refreshed }];
  };
  const plain = reach(need, 0, state.refreshed);
  if (need === 0 || !isComputed(module, node)) return plain;
  const ciphertexts = Math.ceil(elementCount(node.type) / slots);
  return [...plain, ...reach(0, ciphertexts * (1 + extra), { value: node.id, others: state.refreshed })];
}

/** Whether the server computes it: what comes from the client needs no refresh. */
function isComputed(module: TensorModule, node: TensorNode): boolean {
  return node.op !== 'input' && node.op !== 'output' && !isClientView(module, node) && !isReshape(module, node);
}

/** Levels of a node whose products are each rescaled by themselves. */
function settledDepth(module: TensorModule, node: TensorNode): number {
  if (node.op === 'multiply') return 1;
  if (node.op === 'polynomial') return polynomialDepth(node.attrs.coefficients, node.attrs.basis);
  return isLinear(node) && !isReshape(module, node) && !isClientView(module, node) ? 1 : 0;
}

function withRefreshes(module: TensorModule, refreshed: ReadonlySet<ValueId>): TensorModule {
  const builder = new TensorBuilder();
  const values = new Map<ValueId, ValueId>();
  for (const node of module.nodes) {
    const value = builder.copy(node, (id) => values.get(id) ?? -1);
    const isRefreshed = refreshed.has(node.id);
    values.set(node.id, isRefreshed ? builder.add('refresh', [value], {}, node.origins) : value);
  }
  return builder.build(module.name);
}
