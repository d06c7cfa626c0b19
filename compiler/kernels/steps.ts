/**
 * From the rotations that the matrix needs to baby steps and giant steps.
 *
 * `rests` are the total steps that remain after the folds took their part, by pair of output and input ciphertext. A
 * split with unit n writes each rest as giant + baby with |baby| < n; rotating each input by its babies and each
 * output's partial sums by its giants costs Σ_inputs |babies \ 0| + Σ_outputs |giants \ 0| key switches
 * (baby-step/giant-step; Halevi and Shoup, Crypto 2014, section 4.1, here over any set of steps).
 */
import { modulo } from './place-weights.ts';

export class StepTable {
  /** For each pair a bitmap over the steps. */
  private readonly steps = new Map<number, Uint8Array>();
  private readonly inputs: number;
  private readonly slots: number;

  constructor(inputs: number, slots: number) {
    this.inputs = inputs;
    this.slots = slots;
  }

  /** Notes that output ciphertext o needs input ciphertext c rotated by `rest` in total. */
  note(o: number, c: number, rest: number): void {
    const pair = o * this.inputs + c;
    let bitmap = this.steps.get(pair);
    if (bitmap === undefined) this.steps.set(pair, (bitmap = new Uint8Array(this.slots)));
    bitmap[rest & (this.slots - 1)] = 1;
  }

  /** One for each (output, input, rest): a plaintext product. */
  get products(): number {
    let sum = 0;
    for (const bitmap of this.steps.values()) for (const bit of bitmap) sum += bit;
    return sum;
  }

  /** The split with the fewest rotations; `unit` divides every rest. */
  split(unit: number): Split {
    const rests = this.restsByPair();
    let best = this.splitBy(rests, 1, 1);
    for (const width of this.widths(unit, rests)) {
      for (const sign of [1, -1] as const) {
        const candidate = this.splitBy(rests, width, sign);
        if (candidate.rotations < best.rotations) best = candidate;
      }
    }
    return best;
  }

  /** Steps near zero from both sides stay near zero, so that a window of neighbours shares its babies. */
  private restsByPair(): Map<number, number[]> {
    const lists = new Map<number, number[]>();
    for (const [pair, bitmap] of this.steps) {
      const list: number[] = [];
      for (const [step, bit] of bitmap.entries())
        if (bit === 1) list.push(2 * step > this.slots ? step - this.slots : step);
      lists.set(pair, list);
    }
    return lists;
  }

  /** Widths within a factor of 8 of the one that splits evenly spread rests best. */
  private widths(unit: number, rests: ReadonlyMap<number, readonly number[]>): number[] {
    let most = 1;
    for (const list of rests.values()) most = Math.max(most, list.length);
    const even = unit * Math.sqrt(most);
    const widths: number[] = [];
    for (let width = 2 * unit; width <= Math.min(2 * this.slots, 8 * even); width *= 2) {
      if (width < even / 8) continue;
      widths.push(width);
      if (width % (2 * unit) === 0) widths.push(1.5 * width);
    }
    return widths;
  }

  /** Babies in [0, width) for sign 1, in (−width, 0] for sign −1. */
  private splitBy(restsByPair: ReadonlyMap<number, readonly number[]>, width: number, sign: 1 | -1): Split {
    const babiesOf = new Map<number, Set<number>>();
    const giantsOf = new Map<number, Set<number>>();
    for (const [pair, rests] of restsByPair) {
      const babies = setAt(babiesOf, pair % this.inputs);
      const giants = setAt(giantsOf, Math.floor(pair / this.inputs));
      for (const rest of rests) {
        const baby = sign * modulo(sign * rest, width);
        babies.add(modulo(baby, this.slots));
        giants.add(modulo(rest - baby, this.slots));
      }
    }
    const babyRotations = rotationsOf(babiesOf);
    const giantRotations = rotationsOf(giantsOf);
    return {
      babies: ascending(babiesOf),
      giants: ascending(giantsOf),
      babyRotations,
      giantRotations,
      rotations: babyRotations + giantRotations,
    };
  }
}

export interface Split {
  readonly babies: readonly number[];
  readonly giants: readonly number[];
  readonly babyRotations: number;
  readonly giantRotations: number;
  readonly rotations: number;
}

function setAt(map: Map<number, Set<number>>, key: number): Set<number> {
  let set = map.get(key);
  if (set === undefined) map.set(key, (set = new Set()));
  return set;
}

function rotationsOf(sets: Map<number, Set<number>>): number {
  let sum = 0;
  for (const set of sets.values()) sum += set.has(0) ? set.size - 1 : set.size;
  return sum;
}

function ascending(sets: Map<number, Set<number>>): number[] {
  return [...new Set([...sets.values()].flatMap((set) => [...set]))].sort((a, b) => a - b);
}
