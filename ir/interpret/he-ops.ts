/** What the ops of the `he` level compute on slots, without noise. */
import { throughSine } from '../ckks/bootstrapping.ts';
import { InternalError } from '../diagnostics/diagnostic.ts';
import type { HeOp } from '../he/module.ts';
import type { HeOpName } from '../he/ops.ts';

/** The operands of ops. */
export interface Operands {
  /** Slots of a value. */
  value(id: number): Float64Array;
  /** The product with a plaintext, encoded at a scale. */
  timesPlaintext(id: number, scale: number, x: Float64Array, target: Float64Array): void;
}

/** What an op reads and writes beside its result. */
export interface Run extends Operands {
  readonly inputs: readonly Float64Array[];
  readonly outputs: Float64Array[];
  /** Slots of a plaintext, encoded at a scale. */
  plaintext(id: number, scale: number): Float64Array;
  /** Imaginary parts of those, where they have any. */
  imaginaryPlaintext(id: number): Float64Array | undefined;
  /** Of bootstraps, see `throughSine`. */
  readonly angle: number;
}

/** Writes the slots of an op's result to `target`, without noise. */
type Compute<Read> = (read: Read, op: HeOp, target: Float64Array) => void;

export const copy: Compute<Operands> = (operands, { a }, target) => {
  target.set(operands.value(a));
};

/** The second operand: a value, or a plaintext. */
type Second<Read> = (read: Read, op: HeOp) => Float64Array;

// The loops stand in the functions of the tables themselves: V8 leaves a loop that it has inlined half optimised.
const sumWith =
  <Read extends Operands>(second: Second<Read>): Compute<Read> =>
  (read, op, target) => {
    const [x, y] = [read.value(op.a), second(read, op)];
    for (let s = 0; s < target.length; s++) target[s] = (x[s] ?? 0) + (y[s] ?? 0);
  };

/** Ops that are linear in values, and do the same to real and to imaginary parts. */
export const linear = {
  add: sumWith<Operands>((operands, { b }) => operands.value(b)),
  'multiply-plain': (operands, { a, b, plainScale }, target) => {
    operands.timesPlaintext(b, plainScale, operands.value(a), target);
  },
  relinearize: copy,
  rescale: copy,
  'mod-switch': copy,
  'to-sparse': copy,
  // What is added to coefficients is not known here (`evaluateHe`).
  'mod-raise': copy,
  'to-dense': copy,
  'set-scale': (operands, { a, plainScale }, target) => {
    const x = operands.value(a);
    for (let s = 0; s < target.length; s++) target[s] = (x[s] ?? 0) / plainScale;
  },
  rotate: (operands, { a, imm }, target) => {
    const x = operands.value(a);
    target.set(x.subarray(imm), 0);
    target.set(x.subarray(0, imm), x.length - imm);
  },
} satisfies Partial<Record<HeOpName, Compute<Operands>>>;

export const compute: { readonly [K in HeOpName]: Compute<Run> } = {
  ...linear,
  input: ({ inputs }, { imm }, target) => {
    const input = inputs[imm];
    if (input?.length !== target.length) throw new InternalError(`input ${imm} is no vector of ${target.length} slots`);
    target.set(input);
  },
  weight: (run, { a, scale }, target) => {
    target.set(run.plaintext(a, scale));
  },
  'add-plain': sumWith((run, { b, plainScale }) => run.plaintext(b, plainScale)),
  multiply: (run, { a, b }, target) => {
    const [x, y] = [run.value(a), run.value(b)];
    for (let s = 0; s < target.length; s++) target[s] = (x[s] ?? 0) * (y[s] ?? 0);
  },
  // Slots here are real.
  conjugate: copy,
  refresh: copy,
  bootstrap: (run, { a }, target) => {
    const x = run.value(a);
    for (let s = 0; s < target.length; s++) target[s] = throughSine(x[s] ?? 0, run.angle);
  },
  output: (run, { a, imm }, target) => {
    target.set(run.value(a));
    run.outputs[imm] = target.slice();
  },
};
