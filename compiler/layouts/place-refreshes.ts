/**
 * Where a network is refreshed that no modulus chain has enough levels for: between ops, in front of those that would go below
 * the level that a refresh reads at.
 *
 * The order of the ops is cut into stages; what is alive at a cut is refreshed there, in one round trip, unless it comes through
 * with the levels that it has: a shortcut waits at its level, and the client packs inputs at any. Of all cuts that leave each
 * stage within its levels those are taken whose round trips and ciphertexts cost the least: a shortest path over the places of
 * cuts, exact on chains and wherever all that is alive has to be refreshed.
 */
import { elementCount } from '../../ir/constant.ts';
import { refreshedLevel } from '../../ir/he/ops.ts';
import { nodeAt, usersOf } from '../../ir/module.ts';
import type { ValueId } from '../../ir/op.ts';
import type { TensorModule, TensorNode } from '../../ir/tensor/ops.ts';
import { isClientView } from './client-views.ts';
import { depthOf, networkDepth, type Users } from './network-depth.ts';
import { type Cut, refreshedAt } from './refreshed-at.ts';

/** What refreshing costs, in one unit. */
export interface RefreshPrices {
  readonly roundTrip: number;
  readonly ciphertext: number;
}

export interface RefreshPlacement {
  /** Levels of the longest chain that it may take: the top level. */
  readonly levels: number;
  /** Elements that a ciphertext holds. */
  readonly slots: number;
  readonly prices: RefreshPrices;
}

export interface PlacedRefreshes {
  readonly module: TensorModule;
  /** Round trips. */
  readonly rounds: number;
}

/** Undefined where an op alone takes more levels. */
export function placeRefreshes(module: TensorModule, placement: RefreshPlacement): PlacedRefreshes | undefined {
  const cuts = new Stages(module, placement).cheapest();
  if (cuts === undefined) return undefined;
  let chosen = cuts;
  let placed = refreshedAt(module, chosen);
  // What comes through by itself is not refreshed: the largest values first.
  const candidates = cuts
    .flatMap((cut, k) => (cut.values.length < 2 ? [] : cut.values.map((value) => ({ k, value }))))
    .sort((a, b) => sizeOf(module, b.value) - sizeOf(module, a.value));
  for (const { k, value } of candidates) {
    const without = chosen.map((cut, i) =>
      i === k ? { ...cut, values: cut.values.filter((id) => id !== value) } : cut,
    );
    if ((without[k]?.values.length ?? 0) === 0) continue;
    const fewer = refreshedAt(module, without);
    if (networkDepth(fewer).depth > placement.levels) continue;
    chosen = without;
    placed = fewer;
  }
  return networkDepth(placed).depth > placement.levels ? undefined : { module: placed, rounds: cuts.length };
}

class Stages {
  private readonly module: TensorModule;
  private readonly users: Users;
  private readonly lastUse: readonly number[];
  private readonly placement: RefreshPlacement;

  constructor(module: TensorModule, placement: RefreshPlacement) {
    this.module = module;
    this.placement = placement;
    this.users = usersOf(module);
    this.lastUse = this.users.map((readers) => Math.max(-1, ...readers.map(({ id }) => id)));
  }

  /** The cheapest cuts that leave every stage within its levels, in order. */
  cheapest(): readonly Cut[] | undefined {
    const { nodes } = this.module;
    const { prices, slots } = this.placement;
    const end = nodes.length - 1;
    const alive = nodes.map(({ id }) => this.aliveAfter(id));
    /** By the node that a stage begins after, −1 for the first: the cheapest way there. */
    const best = new Map<number, { readonly cost: number; readonly from: number }>([[-1, { cost: 0, from: -1 }]]);
    for (let from = -1; from < end; from++) {
      const here = best.get(from);
      if (here === undefined) continue;
      for (let to = from + 1; to <= end; to++) {
        const needed = this.levelsOfStage(from, to, alive[from] ?? []);
        // With more of the network in the stage a product may wait, and nothing has to be left for a refresh.
        if (needed > this.placement.levels + 1 + refreshedLevel) break;
        if (needed > this.placement.levels) continue;
        const values = to === end ? [] : (alive[to] ?? []);
        if (to !== end && values.length === 0) continue;
        const ciphertexts = values.reduce((sum, id) => sum + Math.ceil(sizeOf(this.module, id) / slots), 0);
        const cost = here.cost + (to === end ? 0 : prices.roundTrip + ciphertexts * prices.ciphertext);
        if (cost < (best.get(to)?.cost ?? Infinity)) best.set(to, { cost, from });
      }
    }
    if (!best.has(end)) return undefined;
    const cuts: Cut[] = [];
    for (let at = best.get(end)?.from ?? -1; at >= 0; at = best.get(at)?.from ?? -1)
      cuts.push({ after: at, values: alive[at] ?? [] });
    return cuts.reverse();
  }

  /** Values that ops after a node read, but for what the client packs at any level, and what only outputs read. */
  private aliveAfter(node: ValueId): ValueId[] {
    return this.module.nodes.slice(0, node + 1).flatMap((each) => {
      if (isClientView(this.module, each) || (this.lastUse[each.id] ?? -1) <= node) return [];
      const later = (this.users[each.id] ?? []).filter(({ id }) => id > node);
      return later.every(({ op }) => op === 'output') ? [] : [each.id];
    });
  }

  /** The highest level that a stage needs a value at: of the nodes after `from` up to `to`, and of what is alive before it. */
  private levelsOfStage(from: ValueId, to: ValueId, given: readonly ValueId[]): number {
    const { module, users, lastUse } = this;
    // What is read later is refreshed first, and waits for no rescale then.
    const within: Users = users.map((readers, id) => {
      const own = readers.filter((reader) => reader.id <= to);
      return (lastUse[id] ?? -1) > to && !isClientView(module, nodeAt(module, id)) ? [...own, refreshOf(id)] : own;
    });
    const levels = new Map<ValueId, number>();
    let highest = 0;
    const need = (id: ValueId): void => {
      let level = 0;
      for (const reader of within[id] ?? []) {
        const own =
          reader.op === 'refresh' ? refreshedLevel : (levels.get(reader.id) ?? 0) + depthOf(module, reader, within);
        if (reader.op === 'refresh' ? id <= to : reader.id > from) level = Math.max(level, own);
      }
      levels.set(id, level);
      highest = Math.max(highest, level);
    };
    for (let id = to; id > from; id--) need(id);
    for (const id of given) need(id);
    // The client packs what it has for each stage anew.
    for (const { id } of module.nodes.slice(0, from + 1).filter((node) => isClientView(module, node))) need(id);
    return highest;
  }
}

/** Stands for a reader of a value that is refreshed. */
function refreshOf(id: ValueId): TensorNode {
  return { id: -1, op: 'refresh', operands: [id], attrs: {}, type: [], origins: [] };
}

function sizeOf(module: TensorModule, id: ValueId): number {
  return elementCount(nodeAt(module, id).type);
}
