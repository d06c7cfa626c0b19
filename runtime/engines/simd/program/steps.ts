/**
 * What the engine runs in place of rows: steps, each one operation of `operations.ts` on values. Values are numbered in
 * the order in which steps give them; each is given by one step, and read by later ones only. Where they lie is the
 * arena's matter. Scales are not here: an output is saved with the scale that the plan states.
 */

/** A product of a sum: a value times the plaintext operand of a row. */
export interface Term {
  readonly value: number;
  readonly row: number;
}

interface UnaryStep<Kind> {
  readonly kind: Kind;
  readonly a: number;
  readonly target: number;
}

/** The sum of two values or more, of which one may occur several times. */
interface AddStep<Kind> {
  readonly kind: Kind;
  readonly summands: readonly number[];
  readonly target: number;
}

interface RotationStep<Kind> extends UnaryStep<Kind> {
  /** The Galois step. */
  readonly step: number;
}

interface DecomposedRotationStep<Kind> extends RotationStep<Kind> {
  /** The decomposition of a. */
  readonly digits: number;
}

/** The sum of one term or more. */
interface SweepOf<Kind> {
  readonly kind: Kind;
  readonly terms: readonly Term[];
  readonly target: number;
}

export type Step =
  /** Ciphertext `index` of the inputs. */
  | { readonly kind: 'input'; readonly index: number; readonly target: number }
  /** The encrypted weight of a row. */
  | { readonly kind: 'weight'; readonly row: number; readonly target: number }
  | { readonly kind: 'output'; readonly a: number; readonly index: number }
  | AddStep<'add'>
  | (UnaryStep<'multiply'> & { readonly b: number })
  /** a plus the plaintext operand of a row. */
  | { readonly kind: 'add-plain'; readonly a: number; readonly row: number; readonly target: number }
  | SweepOf<'multiply-accumulate'>
  | UnaryStep<'relinearize' | 'relinearize-rescale' | 'rescale' | 'mod-switch' | 'copy' | 'to-sparse' | 'mod-raise'>
  | (UnaryStep<'to-dense'> & { readonly factor: number })
  | RotationStep<'rotate'>
  /** The target is the decomposition of a. */
  | UnaryStep<'decompose'>
  | DecomposedRotationStep<'rotate-decomposed'>
  // Below, a rotation's result, sums of such and products with them are extended values.
  | RotationStep<'rotate-extended'>
  | DecomposedRotationStep<'rotate-decomposed-extended'>
  | SweepOf<'multiply-accumulate-extended'>
  | AddStep<'add-extended'>
  /** The ciphertext of an extended value, plus a ciphertext where there is one, with or without a rescale after it. */
  | (UnaryStep<'divide-extended' | 'divide-extended-rescale'> & { readonly addend: number | undefined });

/**
 * A ciphertext of `size` polynomials, 2 or 3, with the primes 0 … level; a ciphertext of two polynomials times the
 * special prime, modulo that one too (`extended-layout.ts`); or the digits of a ciphertext (`key-switching.ts`).
 */
export interface ValueType {
  readonly form: 'ciphertext' | 'extended' | 'digits';
  readonly level: number;
  readonly size: number;
}

export interface FusedProgram {
  readonly steps: readonly Step[];
  /** The first step of each stage, ascending: one run is the steps of one stage. */
  readonly stages: readonly number[];
  /** By value. */
  readonly values: readonly ValueType[];
  /** By row: 1 where its plaintext operand is read modulo the special prime too. */
  readonly extendedRows: Uint8Array;
}

/** The steps of a stage, from the first to before the last. */
export function stepsOfStage({ stages, steps }: FusedProgram, stage: number): { first: number; end: number } {
  return { first: stages[stage] ?? steps.length, end: stages[stage + 1] ?? steps.length };
}

/** A step that sums products. */
export type SweepStep = Extract<Step, { readonly terms: readonly Term[] }>;

/** The values that a step reads; one may occur several times. */
export function operandsOf(step: Step): readonly number[] {
  switch (step.kind) {
    case 'input':
    case 'weight':
      return [];
    case 'add':
    case 'add-extended':
      return step.summands;
    case 'multiply':
      return [step.a, step.b];
    case 'multiply-accumulate':
    case 'multiply-accumulate-extended':
      return step.terms.map(({ value }) => value);
    case 'rotate-decomposed':
    case 'rotate-decomposed-extended':
      return [step.a, step.digits];
    case 'divide-extended':
    case 'divide-extended-rescale':
      return step.addend === undefined ? [step.a] : [step.a, step.addend];
    case 'add-plain':
    case 'relinearize':
    case 'relinearize-rescale':
    case 'rescale':
    case 'mod-switch':
    case 'copy':
    case 'to-sparse':
    case 'mod-raise':
    case 'to-dense':
    case 'rotate':
    case 'rotate-extended':
    case 'decompose':
    case 'output':
      return [step.a];
  }
}

/** The value that a step gives, −1 where it gives none. */
export function targetOf(step: Step): number {
  return step.kind === 'output' ? -1 : step.target;
}

/** By value: the last step that reads it, −1 where none does. */
export function lastReads({ steps, values }: FusedProgram): Int32Array {
  const last = new Int32Array(values.length).fill(-1);
  for (const [index, step] of steps.entries()) for (const value of operandsOf(step)) last[value] = index;
  return last;
}
