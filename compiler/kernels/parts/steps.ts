/**
 * From the rotations that a matrix needs to baby steps and giant steps.
 *
 * A row in slot s that uses an element in slot q needs it moved by q − s, its rest, modulo the period of the operand. A
 * fold by f adds what stands f slots further on, so that of a rest only the bits that no fold covers are left to the
 * products. Writing each such step as giant + baby and rotating every input by its babies and every output's partial
 * sums by its giants costs Σ_inputs |babies \ 0| + Σ_outputs |giants \ 0| key switches (baby-step/giant-step; Halevi
 * and Shoup, Crypto 2014, section 4.1, here over any set of steps).
 */
import { addMoved, addRest, bitsOf, countRests, foldRests, restsIn, wordsFor } from './rest-set.ts';
import { StepSplitter, type SplitWeights, splitWidths } from './step-splitter.ts';

/** Fewer rotations always win; among equally many the sides tell. */
const oneByOne: SplitWeights = { baby: 1 + 1.4e-6, giant: 1 + 1.25e-6 };

/** Babies share decompositions and divisions: an inner product each, against all of a rotation and a rescale. */
const hoisted: SplitWeights = { baby: 0.25, giant: 1 };

export interface Split {
  readonly babies: readonly number[];
  readonly giants: readonly number[];
  readonly babyRotations: number;
  readonly giantRotations: number;
  readonly products: number;
}

/** The rests of every pair of an output and an input ciphertext. */
export class StepTable {
  readonly period: number;
  private readonly inputs: number;
  private readonly slots: number;
  /** For each pair a set of rests. */
  private readonly rests = new Map<number, Int32Array<ArrayBuffer>>();
  /** For each pair where runs of rests begin (+1) and end (−1), each in steps of `stride`. */
  private readonly runs = new Map<number, Int32Array>();
  private readonly stride: number;
  private readonly weights: SplitWeights;
  private lastPair = -1;
  private lastSet = new Int32Array(0);
  /** Sets are cut from here: a million pairs have one slot each where samples fill the slots. */
  private slab = new Int32Array(0);
  private slabUsed = 0;

  /** Rests are modulo `period`; runs go in steps of `stride`. */
  constructor(inputs: number, slots: number, period = slots, stride = 1, hoists = false) {
    this.inputs = inputs;
    this.slots = slots;
    this.period = period;
    this.stride = stride;
    this.weights = hoists ? hoisted : oneByOne;
  }

  /** Output ciphertext o needs input ciphertext c moved by `rest`. */
  note(o: number, c: number, rest: number): void {
    addRest(this.setOf(o, c), rest & (this.period - 1));
  }

  /** Output ciphertext o needs input ciphertext c moved by every rest of a set modulo the period, plus `shift`. */
  noteMoved(o: number, c: number, rests: Int32Array, shift: number): void {
    addMoved(this.setOf(o, c), rests, shift, this.period);
  }

  /** Notes rest, rest + stride, …: `count` of them. */
  noteRun(o: number, c: number, rest: number, count: number): void {
    if (count === 0) return;
    const { period, stride } = this;
    const pair = o * this.inputs + c;
    let edges = this.runs.get(pair);
    if (edges === undefined) this.runs.set(pair, (edges = new Int32Array(period)));
    const from = rest & (period - 1);
    const first = from % stride;
    const end = from + count * stride;
    const begin = count * stride >= period ? first : from;
    edges[begin] = (edges[begin] ?? 0) + 1;
    if (begin !== from || end === period) return;
    if (end < period) edges[end] = (edges[end] ?? 0) - 1;
    else {
      edges[first] = (edges[first] ?? 0) + 1;
      edges[end - period] = (edges[end - period] ?? 0) - 1;
    }
  }

  /** Output ciphertexts that are not zero. */
  get outputs(): number {
    const pairs = [...this.rests.keys(), ...this.runs.keys()];
    return new Set(pairs.map((pair) => Math.floor(pair / this.inputs))).size;
  }

  /** All bits that are set in any rest. */
  get bits(): number {
    this.flushRuns();
    let bits = 0;
    for (const set of this.rests.values()) bits |= bitsOf(set);
    return bits;
  }

  /** With every rest also those that have any of the bits `less` taken off, modulo the period. */
  spread(less: number): StepTable {
    this.flushRuns();
    const { inputs, slots, period, stride, weights } = this;
    const table = new StepTable(inputs, slots, period, stride, weights === hoisted);
    for (const [pair, set] of this.rests) {
      let all = set;
      for (let bit = 1; bit < period; bit *= 2) {
        if ((less & bit) === 0) continue;
        const more = all.slice();
        addMoved(more, all, -bit, period);
        all = more;
      }
      table.rests.set(pair, all);
    }
    return table;
  }

  /**
   * The cheapest split when folds cover the bits `folded` of rest + `origin`. With an origin no rest is negative, so that
   * folds need not go around the whole period.
   */
  split(folded = 0, origin = 0): Split {
    const { period, inputs, slots, weights } = this;
    const sets = this.folded(folded, origin);
    const folds = new Folds(period, folded, origin);
    const splitter = new StepSplitter({ sets, inputs, slots, weights }, (rest) => folds.step(rest));
    let products = 0;
    let most = 0;
    for (const set of sets.values()) {
      const steps = countRests(set);
      products += steps;
      most = Math.max(most, steps);
    }
    let best = { width: 1, from: 0 };
    let least = splitter.cost(1, 0);
    const { bits } = splitter;
    const unit = bits === 0 ? period : bits & -bits;
    const even = unit * Math.sqrt(most);
    for (const width of splitWidths(unit, period).sort((a, b) => Math.abs(a - even) - Math.abs(b - even))) {
      if (splitter.leastCost(width, unit, period) > least) continue;
      for (const from of [0, 1 - width, -width / 2]) {
        const cost = splitter.cost(width, from, least);
        if (cost < least) [best, least] = [{ width, from }, cost];
      }
    }
    const { babies, giants } = splitter.steps(best.width, best.from);
    return { ...this.countPlaced(sets, babies, giants, folds), products };
  }

  /** The rests plus `origin` that the folds leave of every pair. */
  private folded(folded: number, origin: number): ReadonlyMap<number, Int32Array> {
    this.flushRuns();
    if (folded === 0 && origin === 0) return this.rests;
    const sets = new Map<number, Int32Array>();
    for (const [pair, rests] of this.rests) {
      const left = new Int32Array(rests.length);
      addMoved(left, rests, origin, this.period);
      foldRests(left, folded);
      sets.set(pair, left);
    }
    return sets;
  }

  /**
   * What is left of a split when every step is taken by the first product that can: sums of a giant and a baby of other
   * steps may be the same step around the folds. This is the order in which weights are placed.
   */
  private countPlaced(
    sets: ReadonlyMap<number, Int32Array>,
    babies: readonly number[],
    giants: readonly number[],
    folds: Folds,
  ): Omit<Split, 'products'> {
    const { inputs } = this;
    /** By what folds leave of a rest: giant · babies + baby of the first product. */
    const firsts = new Int32Array(this.period).fill(-1);
    for (const [g, giant] of giants.entries()) {
      for (const [b, baby] of babies.entries()) {
        const rest = folds.restOf(giant + baby);
        if (firsts[rest] === -1) firsts[rest] = g * babies.length + b;
      }
    }
    const usedBabies = new Uint8Array(inputs * babies.length);
    const usedGiants = new Map<number, Uint8Array>();
    for (const [pair, set] of sets) {
      const c = pair % inputs;
      const o = (pair - c) / inputs;
      let ofOutput = usedGiants.get(o);
      if (ofOutput === undefined) usedGiants.set(o, (ofOutput = new Uint8Array(giants.length)));
      for (const rest of restsIn(set)) {
        const first = firsts[rest] ?? -1;
        if (first < 0) continue;
        const baby = first % babies.length;
        usedBabies[c * babies.length + baby] = 1;
        ofOutput[(first - baby) / babies.length] = 1;
      }
    }
    const ofInputs = Array.from({ length: inputs }, (_, c) =>
      usedBabies.subarray(c * babies.length, (c + 1) * babies.length),
    );
    const [usedB, usedG] = [usedOf(babies, ofInputs), usedOf(giants, [...usedGiants.values()])];
    return {
      babies: usedB.steps,
      giants: usedG.steps,
      babyRotations: usedB.rotations,
      giantRotations: usedG.rotations,
    };
  }

  private setOf(o: number, c: number): Int32Array<ArrayBuffer> {
    const pair = o * this.inputs + c;
    if (pair !== this.lastPair) {
      this.lastPair = pair;
      this.lastSet = this.setAt(pair);
    }
    return this.lastSet;
  }

  private setAt(pair: number): Int32Array<ArrayBuffer> {
    let set = this.rests.get(pair);
    if (set !== undefined) return set;
    const words = wordsFor(this.period);
    if (this.slabUsed + words > this.slab.length) {
      this.slab = new Int32Array(Math.max(slabWords, words));
      this.slabUsed = 0;
    }
    set = this.slab.subarray(this.slabUsed, (this.slabUsed += words));
    this.rests.set(pair, set);
    return set;
  }

  private flushRuns(): void {
    const { period, stride } = this;
    for (const [pair, edges] of this.runs) {
      const set = this.setAt(pair);
      for (let x = 0; x < period; x++) {
        const open = (edges[x] ?? 0) + (x < stride ? 0 : (edges[x - stride] ?? 0));
        edges[x] = open;
        if (open > 0) addRest(set, x);
      }
    }
    this.runs.clear();
  }
}

const slabWords = 2 ** 14;

/** Of `steps` those that anything uses, and how often any uses one that is a rotation. */
function usedOf(
  steps: readonly number[],
  uses: readonly Uint8Array[],
): { readonly steps: readonly number[]; readonly rotations: number } {
  const counts = steps.map((_, i) => uses.reduce((sum, used) => sum + (used[i] ?? 0), 0));
  return {
    steps: steps.filter((_, i) => counts[i] !== 0),
    rotations: counts.reduce((sum, count, i) => (steps[i] === 0 ? sum : sum + count), 0),
  };
}

/** Rests plus `origin` without the bits of folds, and the steps that these are. */
class Folds {
  private readonly kept: number;
  private readonly origin: number;
  /** Bits at the top that are folded go around: steps are modulo what is below them. */
  private readonly around: number;

  constructor(period: number, folded: number, origin: number) {
    this.kept = (period - 1) & ~folded;
    this.origin = origin;
    let around = period;
    while (around > 1 && (folded & (around / 2)) !== 0) around /= 2;
    this.around = around;
  }

  /** What the folds leave of the rest that a rotation by `step` is for. */
  restOf(step: number): number {
    return (step + this.origin) & this.kept;
  }

  /** Steps near zero from both sides stay near zero, so that a window of neighbours shares its babies. */
  step(rest: number): number {
    const near = (rest - this.origin) & (this.around - 1);
    return 2 * near >= this.around && near > 0 ? near - this.around : near;
  }
}
