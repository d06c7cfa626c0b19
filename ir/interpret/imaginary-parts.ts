/**
 * The imaginary parts of slots. Those of a network hold nothing but noise, and are not decrypted; within a bootstrap they are as large as
 * the real ones, for it multiplies by complex plaintexts.
 *
 * Noise of a slot is complex. What is linear leaves its imaginary part apart, and a product has it in the second order: (x + i u)(y + i v)
 * = x y − u v + i (x v + y u). But a polynomial of degree d that is at most one on [−1, 1] is as large as cosh(d u) at x + i u, so
 * that one of a high degree, or a composition, is spoiled by noise of 1 / d, which its real part alone would not show.
 */
import { InternalError } from '../diagnostics/diagnostic.ts';
import type { HeModule, HeOp } from '../he/module.ts';
import { type HeOpName, heOps } from '../he/ops.ts';
import { isComplex } from '../he/plaintexts.ts';
import { isCipherProduct, isPlainProduct, usesPlaintextB, usesValueA, usesValueB } from '../he/traits.ts';
import { copy, linear, type Operands, type Run } from './he-ops.ts';

/** Products one after another up to which imaginary parts change nothing: polynomials up to degree eight. */
const shallow = 3;

/** Whether imaginary parts are more than noise: there are complex plaintexts. */
export function hasComplexPlaintexts({ packed }: Pick<HeModule, 'packed'>): boolean {
  return packed.some(isComplex);
}

/** Whether there are so many products of ciphertexts one after another that imaginary parts of noise may matter. */
export function needsImaginaryParts({ op, a, b }: HeModule['columns']): boolean {
  const depth = new Int32Array(op.length);
  let deepest = 0;
  for (let id = 0; id < op.length; id++) {
    const code = op[id] ?? -1;
    const [x, y] = [usesValueA(code) ? (depth[a[id] ?? -1] ?? 0) : 0, usesValueB(code) ? (depth[b[id] ?? -1] ?? 0) : 0];
    depth[id] = Math.max(x, y) + (isCipherProduct(code) ? 1 : 0);
    deepest = Math.max(deepest, depth[id] ?? 0);
  }
  return deepest > shallow;
}

/** Writes the imaginary part of an op's result. `operands` are imaginary parts, `real` the real ones. */
type ComputeImaginary = (operands: Operands, op: HeOp, target: Float64Array, real: Operands) => void;

const zero: ComputeImaginary = (_, __, target) => {
  target.fill(0);
};

const computeImaginary: { readonly [K in HeOpName]: ComputeImaginary } = {
  ...linear,
  input: zero,
  weight: zero,
  'add-plain': copy,
  multiply: (operands, { a, b }, target, real) => {
    const [x, y, u, v] = [real.value(a), real.value(b), operands.value(a), operands.value(b)];
    for (let s = 0; s < target.length; s++) target[s] = (x[s] ?? 0) * (v[s] ?? 0) + (y[s] ?? 0) * (u[s] ?? 0);
  },
  conjugate: (operands, { a }, target) => {
    const x = operands.value(a);
    for (let s = 0; s < target.length; s++) target[s] = -(x[s] ?? 0);
  },
  output: copy,
  // All of the plaintext is encrypted anew, whatever it holds.
  refresh: copy,
  // It takes the real part.
  bootstrap: zero,
};

type RealParts = Operands & Partial<Pick<Run, 'imaginaryPlaintext'>>;

/** The imaginary parts of the values that are alive. */
export class ImaginaryParts {
  private readonly slots: number;
  private readonly values: (Float64Array | undefined)[] = [];
  private readonly free: Float64Array[] = [];

  constructor(slots: number) {
    this.slots = slots;
  }

  value(id: number): Float64Array {
    const value = this.values[id];
    if (value === undefined) throw new InternalError(`the imaginary part of %${id} is read before it is computed`);
    return value;
  }

  /** Computes that of row `id`, without noise, and takes from `result`, its real part, what imaginary parts take from a product. */
  step(id: number, op: HeOp, real: RealParts, result: Float64Array): Float64Array {
    const own = this.free.pop() ?? new Float64Array(this.slots);
    const operands: Operands = { ...real, value: (operand) => this.value(operand) };
    computeImaginary[op.op](operands, op, own, real);
    this.values[id] = own;
    if (op.op === 'multiply') {
      const [u, v] = [this.value(op.a), this.value(op.b)];
      for (let s = 0; s < result.length; s++) result[s] = (result[s] ?? 0) - (u[s] ?? 0) * (v[s] ?? 0);
    }
    const plaintext = usesPlaintextB(heOps[op.op].code) ? real.imaginaryPlaintext?.(op.b) : undefined;
    if (plaintext !== undefined) {
      const isProduct = isPlainProduct(heOps[op.op].code);
      const [x, u] = [real.value(op.a), this.value(op.a)];
      for (let s = 0; s < result.length; s++) {
        const v = plaintext[s] ?? 0;
        own[s] = (own[s] ?? 0) + (isProduct ? (x[s] ?? 0) * v : v);
        if (isProduct) result[s] = (result[s] ?? 0) - (u[s] ?? 0) * v;
      }
    }
    return own;
  }

  /** Row `id` is read no more. */
  release(id: number): void {
    const value = this.values[id];
    if (value === undefined) return;
    this.free.push(value);
    this.values[id] = undefined;
  }
}
