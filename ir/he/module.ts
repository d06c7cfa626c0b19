/**
 * The `he` level: a program of 10^6 ciphertext operations as columns of typed arrays, one row an op, each row one
 * value. Rows are in SSA order: operands have smaller ids. Plaintext operands are rows of the plaintext pool, which
 * are expressions over the packed weights and materialise only where an engine encodes them.
 *
 * Without parameters a module is unmanaged: level, scale, size and plainScale mean nothing, whether relinearisations and
 * rescales have been placed or not. `assign-levels` gives it parameters, and every value its exact level, scale and size;
 * `verify.ts` says what holds then.
 */
import type { BootstrapEffect } from '../ckks/bootstrapping.ts';
import type { Constant } from '../constant.ts';
import type { NodeRef } from '../diagnostics/diagnostic.ts';
import type { Parameters } from '../parameters.ts';
import { type HeOpName, heOps } from './ops.ts';
import type { PlaintextPool } from './plaintexts.ts';
import { nameOf, usesValueA, usesValueB } from './traits.ts';

/** One row, decoded. */
export interface HeOp {
  readonly id: number;
  readonly op: HeOpName;
  readonly a: number;
  readonly b: number;
  readonly imm: number;
  readonly level: number;
  readonly scale: number;
  readonly size: number;
  readonly plainScale: number;
  readonly origin: number;
}

export interface HeColumns {
  /** Codes of `heOps`. */
  readonly op: Uint8Array;
  /** Value or plaintext ids, −1 where the op has none. */
  readonly a: Int32Array;
  readonly b: Int32Array;
  /** Rotation step, or index of the input or output ciphertext. */
  readonly imm: Int32Array;
  /** Rescales that the modulus at this value still allows: primes 0 … level are left. */
  readonly level: Uint8Array;
  readonly scale: Float64Array;
  /** Polynomials of the ciphertext: 2, or 3 before relinearisation. */
  readonly size: Uint8Array;
  /** The scale at which the plaintext operand is encoded; 0 where there is none. */
  readonly plainScale: Float64Array;
  /** Index into `origins`. */
  readonly origin: Int32Array;
}

export interface HeModule {
  readonly level: 'he';
  readonly name: string;
  /** Slots of a ciphertext: half of the polynomial modulus degree. */
  readonly slots: number;
  /** Absent before `assign-levels`. */
  readonly parameters?: Parameters;
  readonly columns: HeColumns;
  readonly plaintexts: PlaintextPool;
  /** Packed weights that the plaintexts refer to: f64 [tiles, period]. */
  readonly packed: readonly Constant[];
  /** What each value comes from: one entry for each tile node. */
  readonly origins: readonly (readonly NodeRef[])[];
  /** What its bootstraps do; absent where there are none. */
  readonly bootstrapping?: BootstrapEffect | undefined;
}

export function opCount(module: HeModule): number {
  return module.columns.op.length;
}

export function heOp({ columns: c }: Pick<HeModule, 'columns'>, id: number): HeOp {
  return {
    id,
    op: nameOf(c.op[id]),
    a: c.a[id] ?? -1,
    b: c.b[id] ?? -1,
    imm: c.imm[id] ?? 0,
    level: c.level[id] ?? 0,
    scale: c.scale[id] ?? 0,
    size: c.size[id] ?? 0,
    plainScale: c.plainScale[id] ?? 0,
    origin: c.origin[id] ?? 0,
  };
}

export function* heOpsOf(module: HeModule): Generator<HeOp> {
  for (let id = 0; id < opCount(module); id++) yield heOp(module, id);
}

/** Fields of a new op that differ from the defaults. */
export interface HeFields {
  readonly a?: number;
  readonly b?: number;
  readonly imm?: number;
  readonly level?: number;
  readonly scale?: number;
  readonly size?: number;
  readonly plainScale?: number;
}

/** Growing columns: the one way to write a program. */
export class HeBuilder {
  private capacity: number;
  private count = 0;
  private columns: HeColumns;
  /** Origin of the ops that `add` appends. */
  origin = 0;

  constructor(capacity = 1024) {
    this.capacity = Math.max(16, capacity);
    this.columns = allocate(this.capacity);
  }

  get length(): number {
    return this.count;
  }

  add(op: HeOpName, fields: HeFields = {}): number {
    return this.addCode(heOps[op].code, fields);
  }

  addCode(code: number, { a = -1, b = -1, imm = 0, level = 0, scale = 0, size = 2, plainScale = 0 }: HeFields): number {
    if (this.count === this.capacity) this.grow();
    const id = this.count++;
    const c = this.columns;
    c.op[id] = code;
    c.a[id] = a;
    c.b[id] = b;
    c.imm[id] = imm;
    c.level[id] = level;
    c.scale[id] = scale;
    c.size[id] = size;
    c.plainScale[id] = plainScale;
    c.origin[id] = this.origin;
    return id;
  }

  /** Copies op `id` of `from` with new operand values; plaintext operands, level and scale stay. */
  copy(from: HeColumns, id: number, a: number, b: number): number {
    this.origin = from.origin[id] ?? 0;
    const code = from.op[id] ?? 0;
    return this.addCode(code, {
      a: usesValueA(code) ? a : (from.a[id] ?? -1),
      b: usesValueB(code) ? b : (from.b[id] ?? -1),
      imm: from.imm[id] ?? 0,
      level: from.level[id] ?? 0,
      scale: from.scale[id] ?? 0,
      size: from.size[id] ?? 2,
      plainScale: from.plainScale[id] ?? 0,
    });
  }

  /** The columns so far, cut to length; the builder must not be used afterwards. */
  build(): HeColumns {
    const cut = allocate(this.count);
    for (const key of columnNames) cut[key].set(this.columns[key].subarray(0, this.count));
    return cut;
  }

  private grow(): void {
    this.capacity *= 2;
    const larger = allocate(this.capacity);
    for (const key of columnNames) larger[key].set(this.columns[key]);
    this.columns = larger;
  }
}

export const columnNames = ['op', 'a', 'b', 'imm', 'level', 'scale', 'size', 'plainScale', 'origin'] as const;

function allocate(n: number): HeColumns {
  return {
    op: new Uint8Array(n),
    a: new Int32Array(n),
    b: new Int32Array(n),
    imm: new Int32Array(n),
    level: new Uint8Array(n),
    scale: new Float64Array(n),
    size: new Uint8Array(n),
    plainScale: new Float64Array(n),
    origin: new Int32Array(n),
  };
}
