/**
 * Constants: the arrays that attributes of ops refer to (weights, biases, index maps).
 *
 * A constant is immutable once made; passes make new ones. Identity is by object, equality by `sameConstant`.
 */
import { sha256Hex } from './digest.ts';
import { InternalError } from './diagnostics/diagnostic.ts';

export type ConstantData = Float64Array | Int32Array;

export class Constant {
  readonly shape: readonly number[];
  /** Row-major; `f64` for values, `i32` for indices. */
  readonly data: ConstantData;
  /** No part of what a constant is. */
  #digest: string | undefined;

  constructor(shape: readonly number[], data: ConstantData) {
    if (elementCount(shape) !== data.length) {
      throw new InternalError(`constant of shape [${shape.join(', ')}] holds ${data.length} elements`);
    }
    this.shape = shape;
    this.data = data;
  }

  get dtype(): 'f64' | 'i32' {
    return this.data instanceof Float64Array ? 'f64' : 'i32';
  }

  /** The elements as doubles; a view for `f64`, a copy for `i32`. */
  get values(): Float64Array {
    return this.data instanceof Float64Array ? this.data : Float64Array.from(this.data);
  }

  /** The elements as indices. Throws `InternalError` for `f64`. */
  get indices(): Int32Array {
    if (this.data instanceof Int32Array) return this.data;
    throw new InternalError('an index constant must be i32');
  }

  /** SHA-256 of the little-endian elements, in hexadecimal. */
  digest(): string {
    const { buffer, byteOffset, byteLength } = this.data;
    return (this.#digest ??= sha256Hex(new Uint8Array(buffer, byteOffset, byteLength)));
  }
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Whether two shapes have the same extents in the same order. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** Whether an index map takes `count` elements as they are: index i is i. */
export function isIdentity(index: Int32Array, count: number): boolean {
  return index.length === count && index.every((from, to) => from === to);
}

/** A vector of doubles as a constant. */
export function vector(values: ArrayLike<number>): Constant {
  return new Constant([values.length], new Float64Array(values));
}

/** An index map as a constant of the given shape. */
export function indexConstant(shape: readonly number[], values: ArrayLike<number>): Constant {
  return new Constant(shape, new Int32Array(values));
}
