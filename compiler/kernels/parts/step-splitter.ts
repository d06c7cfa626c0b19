/** Ways to cut steps into babies and giants, and what each of them costs. */
import { modulo } from '../../../ir/maths/modular.ts';

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

  /** `steps` by pair: output · inputs + input. */
  constructor(steps: ReadonlyMap<number, readonly number[]>, inputs: number, slots: number, weights: SplitWeights) {
    this.weights = weights;
    const byInput = new Map<number, (readonly number[])[]>();
    const byOutput = new Map<number, (readonly number[])[]>();
    for (const [pair, list] of steps) {
      listAt(byInput, pair % inputs).push(list);
      listAt(byOutput, Math.floor(pair / inputs)).push(list);
    }
    this.slots = slots;
    this.marks = new Int32Array(slots);
    this.inputs = this.unionsOf(byInput);
    this.outputs = this.unionsOf(byOutput);
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

  /** Of each key's lists every step once; keys with the same steps are one. */
  private unionsOf(lists: ReadonlyMap<number, readonly (readonly number[])[]>): Alike[] {
    const found = new Map<string, Alike>();
    const wrap = this.slots - 1;
    for (const each of lists.values()) {
      const generation = ++this.generation;
      const union: number[] = [];
      for (const list of each) {
        for (const step of list) {
          if (this.marks[step & wrap] === generation) continue;
          this.marks[step & wrap] = generation;
          union.push(step);
        }
      }
      const steps = Int32Array.from(union).sort();
      const key = lists.size === 1 ? '' : steps.join();
      found.set(key, { steps, count: (found.get(key)?.count ?? 0) + 1 });
    }
    return [...found.values()];
  }
}

/** ⌊difference / width⌋ of a multiple of a half, by the inverse of the width, which is off by far less than what is added. */
function giantsBelow(difference: number, inverse: number): number {
  return Math.floor((difference + 0.25) * inverse);
}

function listAt<T>(lists: Map<number, T[]>, key: number): T[] {
  let list = lists.get(key);
  if (list === undefined) lists.set(key, (list = []));
  return list;
}

export function ascending(steps: ReadonlySet<number>): number[] {
  return [...steps].sort((a, b) => a - b);
}
