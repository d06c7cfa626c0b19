/**
 * Which rotation steps get a key, and up to which level. A key takes bytes by the highest level at which it is used, about
 * with the square of it, so that a step may be worth a key at low levels and be composed above. Keys are lowered or given
 * up one after another, each time the one whose absence costs the least work for the bytes that it frees: first from the
 * steps that are used, and where these do not do, from the powers of two in both directions.
 */
import type { Composition } from './compose-steps.ts';

/** Rotations that stand for one at most: beyond that a program is longer than anybody waits for. */
const mostParts = 64;

/** By level how often each step occurs. */
export type StepUses = ReadonlyMap<number, ReadonlyMap<number, number>>;

export interface KeyRoom {
  readonly slots: number;
  /** Of all keys together. */
  readonly bytes: number;
  /** Keys at most. */
  readonly most: number;
  /** Of a key that is used at `level` and below. */
  readonly keyBytes: (level: number) => number;
}

/** By level, for each step its parts. Takes the fewest bytes that were found where nothing fits the room. */
export function composeByLevel(uses: StepUses, room: KeyRoom): ReadonlyMap<number, Composition> {
  const levels = [...uses.keys()].sort((a, b) => a - b);
  const used = new KeySelection(uses, levels, room, highestUses(uses, levels));
  if (used.shrink()) return used.compositions();
  const powers = new KeySelection(uses, levels, room, signedPowers(room.slots, levels.length - 1));
  return powers.shrink() || powers.bytes() < used.bytes() ? powers.compositions() : used.compositions();
}

/** For each step the index of the highest level at which it has a key. */
type Caps = Map<number, number>;

function highestUses(uses: StepUses, levels: readonly number[]): Caps {
  const caps: Caps = new Map();
  for (const [index, level] of levels.entries())
    for (const step of uses.get(level)?.keys() ?? []) caps.set(step, index);
  return caps;
}

function signedPowers(slots: number, top: number): Caps {
  const caps: Caps = new Map();
  for (let power = 1; power < slots; power *= 2) caps.set(power, top).set(slots - power, top);
  return caps;
}

class KeySelection {
  private readonly uses: StepUses;
  private readonly levels: readonly number[];
  private readonly room: KeyRoom;
  private readonly caps: Caps;
  /** By index of the level: the work of its rotations. */
  private readonly work: number[];

  constructor(uses: StepUses, levels: readonly number[], room: KeyRoom, caps: Caps) {
    this.uses = uses;
    this.levels = levels;
    this.room = room;
    this.caps = caps;
    this.work = levels.map((_, index) => this.workAt(index));
  }

  bytes(): number {
    return [...this.caps.values()].reduce((sum, cap) => sum + this.bytesAt(cap), 0);
  }

  /** Until the keys fit the room; false where no more of them can go. */
  shrink(): boolean {
    // What a key is worth only grows as others of its level go: what was found before is a bound.
    const prices = new Map([...this.caps.keys()].map((step) => [step, 0]));
    const exact = new Map<number, { readonly cap: number; readonly work: number }>();
    let bytes = this.bytes();
    while (bytes > this.room.bytes || this.caps.size > this.room.most) {
      const step = cheapest(prices);
      const cap = step === undefined ? undefined : this.caps.get(step);
      if (step === undefined || cap === undefined) return false;
      const freed = this.bytesAt(cap) - this.bytesAt(cap - 1);
      const known = exact.get(step);
      if (known === undefined) {
        const work = this.workAt(cap, step);
        exact.set(step, { cap, work });
        prices.set(step, (work - (this.work[cap] ?? 0)) / Math.max(1, freed));
        continue;
      }
      this.work[cap] = known.work;
      bytes -= freed;
      for (const [other, { cap: own }] of exact) if (own === cap) exact.delete(other);
      prices.delete(step);
      this.caps.delete(step);
      if (cap === 0) continue;
      this.caps.set(step, cap - 1);
      prices.set(step, 0);
    }
    return true;
  }

  compositions(): ReadonlyMap<number, Composition> {
    return new Map(this.levels.map((level, index) => [level, this.compose(index) ?? new Map<number, number[]>()]));
  }

  /** Of the rotations at a level, in bytes of keys that they go through; Infinity where they cannot be composed. */
  private workAt(index: number, without?: number): number {
    const composition = this.compose(index, without);
    if (composition === undefined) return Infinity;
    let parts = 0;
    for (const [step, count] of this.usesAt(index)) parts += count * (composition.get(step)?.length ?? 0);
    return parts * this.bytesAt(index);
  }

  private compose(index: number, without?: number): Composition | undefined {
    const keys = [...this.caps].flatMap(([step, cap]) => (cap >= index && step !== without ? [step] : []));
    return shortestSums(
      [...this.usesAt(index).keys()],
      keys.sort((a, b) => a - b),
      this.room.slots,
    );
  }

  private usesAt(index: number): ReadonlyMap<number, number> {
    return this.uses.get(this.levels[index] ?? -1) ?? new Map();
  }

  /** Below the first level there is no key. */
  private bytesAt(index: number): number {
    const level = this.levels[index];
    return level === undefined ? 0 : this.room.keyBytes(level);
  }
}

function cheapest(prices: ReadonlyMap<number, number>): number | undefined {
  let best: number | undefined;
  let least = Infinity;
  for (const [step, price] of prices) {
    if (price >= least) continue;
    least = price;
    best = step;
  }
  return best;
}

/**
 * For each target the fewest keys whose sum it is modulo `slots`, the largest first so that sums share their beginnings;
 * undefined where some target is no such sum of at most `mostParts`. Breadth first, by the number of parts.
 */
function shortestSums(targets: readonly number[], keys: readonly number[], slots: number): Composition | undefined {
  const last = new Int32Array(slots).fill(-1);
  const left = new Set(targets);
  left.delete(0);
  let frontier = [0];
  for (let parts = 0; left.size > 0 && frontier.length > 0; parts++) {
    if (parts === mostParts) return undefined;
    const next: number[] = [];
    for (const sum of frontier) {
      for (const key of keys) {
        const reached = sum + key < slots ? sum + key : sum + key - slots;
        if (reached === 0 || last[reached] !== -1) continue;
        last[reached] = key;
        left.delete(reached);
        next.push(reached);
      }
    }
    frontier = next;
  }
  if (left.size > 0) return undefined;
  return new Map(targets.map((target) => [target, partsOf(target, last, slots)]));
}

function partsOf(target: number, last: Int32Array, slots: number): number[] {
  const parts: number[] = [];
  for (let at = target; at !== 0;) {
    const key = last[at] ?? 0;
    parts.push(key);
    at = at >= key ? at - key : at - key + slots;
  }
  return parts.sort((a, b) => b - a);
}
