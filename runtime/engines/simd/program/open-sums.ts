/**
 * Sums while they are gathered: what they add waits until one sweep takes it, products with plaintexts in one and
 * ciphertexts in another.
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
  /** @param summands two or more */
  add(sum: number, summands: readonly number[]): number;
}

interface OpenSum {
  terms: Term[];
  /** All else so far, and what came of sweeps before. */
  summands: number[];
}

export class OpenSums {
  private readonly writer: SumWriter;
  private readonly most: number;
  private readonly sums = new Map<number, OpenSum>();
  /** By value: the sums with terms or summands that wait for it. */
  private readonly waiting = new Map<number, Set<number>>();
  /** Of the values that are waited for: those that nothing else reads any more, in the order in which that came. */
  private readonly held = new Set<number>();

  constructor(writer: SumWriter, most: number = mostHeld) {
    this.writer = writer;
    this.most = most;
  }

  addTerm(sum: number, term: Term): void {
    this.open(sum).terms.push(term);
    this.wait(sum, term.value);
  }

  addValue(sum: number, value: number): void {
    this.open(sum).summands.push(value);
    this.wait(sum, value);
  }

  /** Says that only what is in sums already still reads the value. */
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
    const result = this.sweep(sum);
    this.sums.delete(sum);
    return result;
  }

  private open(sum: number): OpenSum {
    const known = this.sums.get(sum);
    if (known !== undefined) return known;
    const open: OpenSum = { terms: [], summands: [] };
    this.sums.set(sum, open);
    return open;
  }

  private wait(sum: number, value: number): void {
    const sums = this.waiting.get(value);
    if (sums === undefined) this.waiting.set(value, new Set([sum]));
    else sums.add(sum);
  }

  /** Brings a sum to one value, which waits in it; none where there is nothing. */
  private sweep(sum: number): number | undefined {
    const open = this.sums.get(sum);
    if (open === undefined) return undefined;
    const { terms, summands } = open;
    const parts = terms.length === 0 ? summands : [...summands, this.writer.sweep(sum, terms)];
    const [first] = parts;
    const result = parts.length > 1 ? this.writer.add(sum, parts) : first;
    open.terms = [];
    open.summands = result === undefined ? [] : [result];
    for (const value of [...terms.map((term) => term.value), ...summands]) {
      const sums = this.waiting.get(value);
      sums?.delete(sum);
      if (sums?.size !== 0) continue;
      this.waiting.delete(value);
      this.held.delete(value);
    }
    return result;
  }
}
