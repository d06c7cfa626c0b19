/**
 * Sums while they are gathered: products wait until one sweep takes them, ciphertexts are added as they come.
 *
 * A sweep needs all its operands at once. Those that are read later anyway cost nothing; the others are held for the
 * sweep alone, where the rows would have let them die one by one. The rule: at most `mostHeld` values are held. When
 * there is one more, the sums that wait for the one held longest are swept as far as they have come. So the ciphertexts
 * alive at once are at most those of the rows, `mostHeld`, and a few.
 */
import type { Term } from './steps.ts';

/** Values that are alive for sweeps alone. */
export const mostHeld = 16;

/** Writes the steps of a sum, each of which gives a new value. Sums have numbers, of the owner's choice. */
export interface SumWriter {
  sweep(sum: number, terms: readonly Term[]): number;
  add(sum: number, a: number, b: number): number;
}

interface OpenSum {
  terms: Term[];
  /** All else so far. */
  rest: number | undefined;
}

export class OpenSums {
  private readonly writer: SumWriter;
  private readonly most: number;
  private readonly sums = new Map<number, OpenSum>();
  /** By value: the sums with terms that wait for it. */
  private readonly waiting = new Map<number, Set<number>>();
  /** Of the values that are waited for: those that nothing else reads any more, in the order in which that came. */
  private readonly held = new Set<number>();

  constructor(writer: SumWriter, most: number = mostHeld) {
    this.writer = writer;
    this.most = most;
  }

  addTerm(sum: number, term: Term): void {
    this.open(sum).terms.push(term);
    const sums = this.waiting.get(term.value);
    if (sums === undefined) this.waiting.set(term.value, new Set([sum]));
    else sums.add(sum);
  }

  addValue(sum: number, value: number): void {
    const open = this.open(sum);
    open.rest = open.rest === undefined ? value : this.writer.add(sum, open.rest, value);
  }

  /** Says that only terms that are there already still read the value. */
  release(value: number): void {
    if (!this.waiting.has(value)) return;
    this.held.add(value);
    while (this.held.size > this.most) {
      const [oldest = -1] = this.held;
      for (const sum of this.waiting.get(oldest) ?? []) this.sweep(sum);
    }
  }

  /** The value of a sum to which all has been added; none where nothing was. */
  close(sum: number): number | undefined {
    this.sweep(sum);
    const rest = this.sums.get(sum)?.rest;
    this.sums.delete(sum);
    return rest;
  }

  private open(sum: number): OpenSum {
    const known = this.sums.get(sum);
    if (known !== undefined) return known;
    const open: OpenSum = { terms: [], rest: undefined };
    this.sums.set(sum, open);
    return open;
  }

  private sweep(sum: number): void {
    const open = this.sums.get(sum);
    if (open === undefined || open.terms.length === 0) return;
    const { terms } = open;
    open.terms = [];
    this.addValue(sum, this.writer.sweep(sum, terms));
    for (const { value } of terms) {
      const sums = this.waiting.get(value);
      sums?.delete(sum);
      if (sums?.size !== 0) continue;
      this.waiting.delete(value);
      this.held.delete(value);
    }
  }
}
