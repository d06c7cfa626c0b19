/** Ways to cut steps into babies and giants, and what each of them costs. */
import { modulo } from '../../../ir/maths/modular.ts';
import { restsIn } from './rest-set.ts';

/** What a rotation costs on either side. */
export interface SplitWeights {
  /** At the level of the operand. */
  readonly baby: number;
  /** One level lower, and with a rescale of its own. */
  readonly giant: number;
}

/** Multiples of `unit` to cut at: all small ones, then powers of two and the middles between them. */
export function splitWidths(unit: number, period: number): number[] {
  const found: number[] = [];
  for (let n = 2; n <= 16 && n * unit <= period; n++) found.push(n * unit);
  for (let width = 32 * unit; width <= period; width *= 2) found.push(0.75 * width, width);
  return found;
}

export interface Splitting {
  /** Sets of rests by pair, output · inputs + input. */
  readonly sets: ReadonlyMap<number, Int32Array>;
  readonly inputs: number;
  readonly slots: number;
  readonly weights: SplitWeights;
}

/** Inputs, or outputs, that have the same steps. */
interface Alike {
  readonly steps: Int32Array;
  readonly count: number;
}

/**
 * Counts babies and giants of many cuts of the same steps. The babies of an input are those of its steps to any output,
 * and the giants of an output those of its steps from any input, so that pairs are looked at once; marks are
 * generations, so that nothing is cleared.
 */
export class StepSplitter {
  private readonly inputs: readonly Alike[];
  private readonly outputs: readonly Alike[];
  private readonly slots: number;
  private readonly marks: Int32Array;
  private readonly weights: SplitWeights;
  private generation = 0;

  /** `stepOf` says which step a rest is. */
  constructor({ sets, inputs, slots, weights }: Splitting, stepOf: (rest: number) => number) {
    this.weights = weights;
    this.slots = slots;
    this.marks = new Int32Array(slots);
    this.inputs = alike(
      unions(sets, (pair) => pair % inputs),
      stepOf,
    );
    this.outputs = alike(
      unions(sets, (pair) => Math.floor(pair / inputs)),
      stepOf,
    );
  }

  /** All bits that are set in any step. */
  get bits(): number {
    let bits = 0;
    for (const { steps } of this.inputs) for (const step of steps) bits |= step;
    return bits;
  }

  /** With babies in [from, from + width) and giants multiples of `width`. Once it reaches `most` counting ends. */
  cost(width: number, from: number, most = Infinity): number {
    const { marks, weights } = this;
    const wrap = this.slots - 1;
    const inverse = 1 / width;
    let babies = 0;
    for (const { steps, count } of this.inputs) {
      const generation = ++this.generation;
      for (const step of steps) {
        const baby = step - giantsBelow(step - from, inverse) * width;
        if (baby === 0 || marks[baby & wrap] === generation) continue;
        marks[baby & wrap] = generation;
        babies += count;
        if (weights.baby * babies >= most) return Infinity;
      }
    }
    let giants = 0;
    for (const { steps, count } of this.outputs) {
      const generation = ++this.generation;
      // Steps ascend, and so do giants: 0 is none.
      let last = 0;
      for (const step of steps) {
        const giant = giantsBelow(step - from, inverse) * width;
        if (giant === last) continue;
        last = giant;
        if ((giant & wrap) === 0 || marks[giant & wrap] === generation) continue;
        marks[giant & wrap] = generation;
        giants += count;
        if (weights.baby * babies + weights.giant * giants >= most) return Infinity;
      }
    }
    return weights.baby * babies + weights.giant * giants;
  }

  /** No cut at this width costs less, for steps that are multiples of `unit` in a range of `period`. */
  leastCost(width: number, unit: number, period: number): number {
    const { inputs, outputs, weights } = this;
    const atLeast = (alike: readonly Alike[], together: number): number =>
      alike.reduce((sum, { steps, count }) => sum + count * Math.max(0, Math.ceil(steps.length / together) - 1), 0);
    // A range meets a block more than it covers at either end.
    const blocks = Math.floor((period - 2 * unit) / width) + 2;
    return weights.baby * atLeast(inputs, blocks) + weights.giant * atLeast(outputs, width / unit);
  }

  steps(width: number, from: number): { babies: number[]; giants: number[] } {
    const babies = new Set<number>();
    const giants = new Set<number>();
    for (const { steps } of this.inputs) {
      for (const step of steps) {
        const baby = modulo(step - from, width) + from;
        babies.add(modulo(baby, this.slots));
        giants.add(modulo(step - baby, this.slots));
      }
    }
    return { babies: ascending(babies), giants: ascending(giants) };
  }
}

/** ⌊difference / width⌋ of a multiple of a half, by the inverse of the width, which is off by far less than what is added. */
function giantsBelow(difference: number, inverse: number): number {
  return Math.floor((difference + 0.25) * inverse);
}

/** The sets of all pairs with the same key as one. */
function unions(sets: ReadonlyMap<number, Int32Array>, keyOf: (pair: number) => number): Iterable<Int32Array> {
  const found = new Map<number, Int32Array>();
  const own = new Set<number>();
  for (const [pair, set] of sets) {
    const key = keyOf(pair);
    const known = found.get(key);
    if (known === undefined) {
      found.set(key, set);
      continue;
    }
    const union = own.has(key) ? known : known.slice();
    for (let i = 0; i < union.length; i++) union[i] = (union[i] ?? 0) | (set[i] ?? 0);
    own.add(key);
    found.set(key, union);
  }
  return found.values();
}

/** Equal sets are one. */
function alike(sets: Iterable<Int32Array>, stepOf: (rest: number) => number): Alike[] {
  const found = new Map<number, { readonly set: Int32Array; count: number }[]>();
  for (const set of sets) {
    const hash = set.reduce((sum, word) => Math.imul(sum ^ word, 0x01000193), 0);
    const others = found.get(hash) ?? [];
    const same = others.find((other) => other.set.every((word, i) => word === set[i]));
    if (same === undefined) found.set(hash, [...others, { set, count: 1 }]);
    else same.count++;
  }
  return [...found.values()].flat().map(({ set, count }) => {
    const steps = Int32Array.from(restsIn(set), stepOf).sort();
    return { steps, count };
  });
}

function ascending(steps: ReadonlySet<number>): number[] {
  return [...steps].sort((a, b) => a - b);
}
