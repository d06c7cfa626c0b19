/**
 * Where the values of a program lie: a linear scan over the steps (Poletto and Sarkar 1999) that gives each value the
 * smallest gap that it fits into. A value dies at the last step that reads it; its place is free from the next step on,
 * or serves that step's own result where the operation allows it.
 */
import type { Parameters } from '../../../../ir/parameters.ts';
import { extendedBytes } from '../../../rns/memory/extended-layout.ts';
import { decompositionBytes } from '../operations/key-switching.ts';
import { valueBytes } from '../../../rns/memory/layout.ts';
import { type FusedProgram, lastReads, operandsOf, type Step, targetOf, type ValueType } from './steps.ts';

export interface LaidOutProgram extends FusedProgram {
  /** By value: bytes from the start of the arena. */
  readonly offsets: Float64Array;
  readonly arenaBytes: number;
}

export function layOut(program: FusedProgram, parameters: Parameters): LaidOutProgram {
  const { steps, values } = program;
  const offsets = new Float64Array(values.length).fill(-1);
  const space = new FreeSpace();
  const last = lastReads(program);
  const bytes = values.map((type) => placeBytes(parameters, type));
  const bytesOf = (value: number): number => bytes[value] ?? 0;
  const offsetOf = (value: number): number => offsets[value] ?? -1;

  for (const [index, step] of steps.entries()) {
    const dying = new Set(operandsOf(step).filter((value) => last[value] === index));
    const target = targetOf(step);
    if (target !== -1) {
      const needed = bytesOf(target);
      const heir = replaceable(step).find((value) => dying.has(value) && bytesOf(value) >= needed);
      if (heir === undefined) offsets[target] = space.take(needed);
      else {
        offsets[target] = offsetOf(heir);
        space.give(offsetOf(heir) + needed, bytesOf(heir) - needed);
        dying.delete(heir);
      }
    }
    for (const value of dying) space.give(offsetOf(value), bytesOf(value));
    // A value that nothing reads.
    if (target !== -1 && last[target] === -1) space.give(offsetOf(target), bytesOf(target));
  }
  return { ...program, offsets, arenaBytes: space.most };
}

/** Bytes of a value. */
export function placeBytes(parameters: Parameters, { form, level, size }: ValueType): number {
  switch (form) {
    case 'ciphertext':
      return valueBytes(parameters.polyModulusDegree, level, size);
    case 'extended':
      return extendedBytes(parameters, level);
    case 'digits':
      return decompositionBytes(parameters, level);
  }
}

/** The operands whose place the result may take: what `operations.ts` says of targets. */
function replaceable(step: Step): readonly number[] {
  switch (step.kind) {
    case 'add':
    case 'add-extended':
      return step.summands;
    case 'copy':
    case 'to-sparse':
      return [step.a];
    case 'mod-raise':
    case 'to-dense':
      return [];
    case 'multiply-accumulate':
    case 'multiply-accumulate-extended':
      return step.terms.length === 1 ? operandsOf(step) : [];
    case 'divide-extended':
      return step.addend === undefined ? [] : [step.addend];
    // After the last rotation of a value nobody reads its digits, which are spoiled then.
    case 'rotate-decomposed':
    case 'add-plain':
    case 'relinearize':
    case 'rotate':
      return [step.a];
    case 'input':
    case 'weight':
    case 'multiply':
    case 'relinearize-rescale':
    case 'rescale':
    case 'mod-switch':
    case 'rotate-extended':
    case 'rotate-decomposed-extended':
    case 'divide-extended-rescale':
    case 'decompose':
    case 'output':
      return [];
  }
}

/** Gaps of a space that begins at 0 and ends wherever it must. */
export class FreeSpace {
  /** Ascending, none of them empty, and no two side by side. */
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  private end = 0;

  /** Where the space has ended so far. */
  get most(): number {
    return this.end;
  }

  /** The start of the smallest gap of at least `bytes`, the first of equal ones; at the end where there is none. */
  take(bytes: number): number {
    let best = -1;
    let least = Infinity;
    for (const [k, start] of this.starts.entries()) {
      const size = (this.ends[k] ?? start) - start;
      if (size < bytes || size >= least) continue;
      best = k;
      least = size;
    }
    if (best === -1) return this.extend(bytes);
    const start = this.starts[best] ?? 0;
    if (least === bytes) this.remove(best);
    else this.starts[best] = start + bytes;
    return start;
  }

  /** Frees a part of what was taken. */
  give(start: number, bytes: number): void {
    if (bytes === 0) return;
    const end = start + bytes;
    const after = this.firstFrom(start);
    const joinsBefore = after > 0 && this.ends[after - 1] === start;
    const joinsAfter = this.starts[after] === end;
    if (joinsBefore && joinsAfter) {
      this.ends[after - 1] = this.ends[after] ?? end;
      this.remove(after);
    } else if (joinsBefore) this.ends[after - 1] = end;
    else if (joinsAfter) this.starts[after] = start;
    else {
      this.starts.splice(after, 0, start);
      this.ends.splice(after, 0, end);
    }
  }

  /** A gap at the end is used with what follows it. */
  private extend(bytes: number): number {
    const last = this.starts.length - 1;
    const joins = this.ends[last] === this.end;
    const start = joins ? (this.starts[last] ?? this.end) : this.end;
    if (joins) this.remove(last);
    this.end = start + bytes;
    return start;
  }

  private remove(k: number): void {
    this.starts.splice(k, 1);
    this.ends.splice(k, 1);
  }

  /** The first gap that begins at `start` or later. */
  private firstFrom(start: number): number {
    let low = 0;
    let high = this.starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.starts[middle] ?? 0) < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
