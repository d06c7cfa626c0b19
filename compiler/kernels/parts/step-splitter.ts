/** Ways to cut steps into babies and giants, and what each of them costs. */
import { modulo } from '../../../ir/maths/modular.ts';

/** Multiples of `unit` to cut at: all small ones, then powers of two and the middles between them. */
export function splitWidths(unit: number, period: number): number[] {
  const found: number[] = [];
  for (let n = 2; n <= 16 && n * unit <= period; n++) found.push(n * unit);
  for (let width = 32 * unit; width <= period; width *= 2) found.push(0.75 * width, width);
  return found;
}

export interface Rotations {
  readonly babies: number;
  readonly giants: number;
}

/** Counts babies and giants of many cuts of the same steps; marks are generations, so that nothing is cleared. */
export class StepSplitter {
  private readonly pairs: readonly (readonly [pair: number, steps: Int32Array])[];
  private readonly inputs: number;
  private readonly slots: number;
  private readonly babyMarks = new Map<number, Int32Array>();
  private readonly giantMarks = new Map<number, Int32Array>();
  private generation = 0;

  constructor(steps: ReadonlyMap<number, readonly number[]>, inputs: number, slots: number) {
    this.pairs = [...steps].map(([pair, list]) => [pair, Int32Array.from(list)]);
    this.inputs = inputs;
    this.slots = slots;
  }

  /** With babies in [from, from + width) and giants multiples of `width`; stops early at more than `most` of them. */
  count(width: number, from: number, most = Infinity): Rotations {
    const generation = ++this.generation;
    const wrap = this.slots - 1;
    let babies = 0;
    let giants = 0;
    for (const [pair, steps] of this.pairs) {
      const babyMark = marksOf(this.babyMarks, pair % this.inputs, this.slots);
      const giantMark = marksOf(this.giantMarks, Math.floor(pair / this.inputs), this.slots);
      for (const step of steps) {
        const baby = modulo(step - from, width) + from;
        const giant = (step - baby) & wrap;
        if (baby !== 0 && babyMark[baby & wrap] !== generation) {
          babyMark[baby & wrap] = generation;
          babies++;
        }
        if (giant !== 0 && giantMark[giant] !== generation) {
          giantMark[giant] = generation;
          giants++;
        }
        if (babies + giants > most) return { babies, giants };
      }
    }
    return { babies, giants };
  }

  steps(width: number, from: number): { babies: number[]; giants: number[] } {
    const babies = new Set<number>();
    const giants = new Set<number>();
    for (const [, steps] of this.pairs) {
      for (const step of steps) {
        const baby = modulo(step - from, width) + from;
        babies.add(modulo(baby, this.slots));
        giants.add(modulo(step - baby, this.slots));
      }
    }
    return { babies: ascending(babies), giants: ascending(giants) };
  }
}

function marksOf(marks: Map<number, Int32Array>, key: number, slots: number): Int32Array {
  let found = marks.get(key);
  if (found === undefined) marks.set(key, (found = new Int32Array(slots)));
  return found;
}

export function ascending(steps: ReadonlySet<number>): number[] {
  return [...steps].sort((a, b) => a - b);
}
