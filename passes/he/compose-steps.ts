/**
 * Which rotation steps get a key of their own, and which are made of several rotations. Finding the best set is a
 * covering problem; here steps are given up one after another, each time the one whose rotations cost the fewest more.
 */

/** For each step its parts in order, each a step that has a key: the step itself, or several whose sum it is. */
export type Composition = ReadonlyMap<number, readonly number[]>;

/** Beyond this many steps keys are powers of two: giving up steps one by one takes the cube of their number. */
const mostSteps = 96;

/**
 * `uses` says how often each step occurs. With at most `most` keys, where that is possible: the powers of two that the
 * steps are made of are always enough, and are taken where nothing better is found.
 */
export function composeSteps(uses: ReadonlyMap<number, number>, slots: number, most: number): Composition {
  const binary = ofPowersOfTwo(uses, slots, most);
  const sparse = uses.size > mostSteps ? undefined : giveUp(uses, slots, most);
  if (sparse === undefined) return binary;
  const isTooMany = keysOf(binary).size > most;
  return isTooMany || rotationsOf(sparse, uses) <= rotationsOf(binary, uses) ? sparse : binary;
}

/** The steps that have a key. */
export function keysOf(composition: Composition): Set<number> {
  return new Set([...composition.values()].flat());
}

function rotationsOf(composition: Composition, uses: ReadonlyMap<number, number>): number {
  let sum = 0;
  for (const [step, parts] of composition) sum += (uses.get(step) ?? 0) * parts.length;
  return sum;
}

/** Powers of two for all; what is left of `most` goes to the steps of which they would make the most rotations. */
function ofPowersOfTwo(uses: ReadonlyMap<number, number>, slots: number, most: number): Composition {
  const keys = new Set<number>();
  for (const step of uses.keys()) for (const part of binaryParts(step)) keys.add(part);
  const saved = (step: number): number => (uses.get(step) ?? 0) * (binaryParts(step).length - 1);
  const others = [...uses.keys()].filter((step) => !keys.has(step)).sort((x, y) => saved(y) - saved(x) || x - y);
  for (const step of others.slice(0, Math.max(0, Math.min(most, slots) - keys.size))) keys.add(step);
  return new Map([...uses.keys()].map((step) => [step, keys.has(step) ? [step] : binaryParts(step)]));
}

/** Undefined where some step that has to go is no sum of up to three others. */
function giveUp(uses: ReadonlyMap<number, number>, slots: number, most: number): Composition | undefined {
  const made = new Map<number, readonly number[]>([...uses.keys()].sort((x, y) => x - y).map((step) => [step, [step]]));
  const keys = new Set(made.keys());
  while (keys.size > most) {
    let best: { step: number; more: number; changed: Composition } | undefined;
    for (const step of keys) {
      const without = [...keys].filter((key) => key !== step);
      const changed = new Map<number, readonly number[]>();
      let more = 0;
      for (const [user, parts] of made) {
        if (!parts.includes(step)) continue;
        const others = partsOf(user, without, slots);
        more += others === undefined ? Infinity : (uses.get(user) ?? 0) * (others.length - parts.length);
        if (others === undefined || more >= (best?.more ?? Infinity)) break;
        changed.set(user, others);
      }
      if (more < (best?.more ?? Infinity)) best = { step, more, changed };
    }
    if (best === undefined) return undefined;
    keys.delete(best.step);
    for (const [user, parts] of best.changed) made.set(user, parts);
  }
  return made;
}

/** Up to three of `keys` whose sum is `step`, as few as possible. */
function partsOf(step: number, keys: readonly number[], slots: number): number[] | undefined {
  const known = new Set(keys);
  const left = (sum: number): number => (((step - sum) % slots) + slots) % slots;
  const second = keys.find((key) => known.has(left(key)));
  if (second !== undefined) return [second, left(second)];
  for (const first of keys) {
    const third = keys.find((key) => known.has(left(first + key)));
    if (third !== undefined) return [first, third, left(first + third)];
  }
  return undefined;
}

/** The powers of two that make up a step. */
function binaryParts(step: number): number[] {
  const parts: number[] = [];
  for (let bit = 1; bit <= step; bit *= 2) if (Math.floor(step / bit) % 2 === 1) parts.push(bit);
  return parts;
}
