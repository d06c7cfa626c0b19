/**
 * From the rows of a plan to steps. What becomes of rows:
 *
 * - a sum (`costs/row-readers.ts`) is one sweep over its products with plaintexts, and one over all else that it adds, or
 *   several (`open-sums.ts` has the rule). Sums are exact modulo the primes, so the order changes no bit;
 * - a `relinearize` that only a `rescale` reads is one step with it;
 * - rotations of one value share its decomposition (`hoisting.ts`);
 * - rotations that only sums read stay in the extended basis where that pays (`costs/extended-rotations.ts`). Such a sum has two
 *   parts, one in each basis, and its division adds them; a `rescale` that alone reads it is one step with the division;
 * - rows that no output needs are left out, inputs among them.
 *
 * Steps stand in the order of the rows that they come from, so that a plan's order, which keeps few values alive, stays.
 */
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { findExtended } from '../../../../costs/extended-rotations.ts';
import type { HeColumns } from '../../../../ir/he/module.ts';
import { operandsOf } from '../../../../ir/he/operands.ts';
import type { HeOpName } from '../../../../ir/he/ops.ts';
import { isAutomorphism, nameOf } from '../../../../ir/he/traits.ts';
import { findReaders, type RowReaders } from '../../../../costs/row-readers.ts';
import { Hoisting, keptDecompositions } from './hoisting.ts';
import { mostHeld, OpenSums, type SumWriter } from './open-sums.ts';
import type { FusedProgram, Step, Term, ValueType } from './steps.ts';

export interface FuseOptions {
  /** See `open-sums.ts`. */
  readonly heldValues?: number;
  /** See `hoisting.ts`. */
  readonly decompositions?: number;
  /** Whether rotations may stay in the extended basis. */
  readonly doubleHoisting?: boolean;
  /** The first row of each stage; the whole program is one unless given. No row reads one of another stage. */
  readonly stages?: readonly number[];
}

/** Fuses a managed program, which has been verified. */
export function fuseProgram(columns: HeColumns, options: FuseOptions = {}): FusedProgram {
  const fuser = new Fuser(columns, options);
  const begins = new Set(options.stages ?? [0]);
  const stages: number[] = [];
  for (let row = 0; row < columns.op.length; row++) {
    if (begins.has(row)) stages.push(fuser.steps.length);
    fuser.take(row);
  }
  const { steps, values, extendedRows } = fuser;
  return { steps, stages, values, extendedRows };
}

/** Numbers of the parts of the sum that ends at a row, for `OpenSums`. */
const plainPart = (root: number): number => 2 * root;
const extendedPart = (root: number): number => 2 * root + 1;

class Fuser implements Omit<FusedProgram, 'stages'>, SumWriter {
  readonly steps: Step[] = [];
  readonly values: ValueType[] = [];
  readonly extendedRows: Uint8Array;
  private readonly columns: HeColumns;
  private readonly readers: RowReaders;
  /** By row: 1 for a rotation that stays in the extended basis. */
  private readonly extended: Uint8Array;
  /** By row: the value that it gives, −1 where there is none or not yet. */
  private readonly valueOfRow: Int32Array;
  private readonly sums: OpenSums;
  private readonly hoisting: Hoisting;
  /** What writes the steps of a row: its values x and y, or x and a plaintext, and what is in `imm`. */
  private readonly writers: { readonly [K in HeOpName]: (row: number, x: number, y: number, imm: number) => void } = {
    input: (row, _x, _y, index) => this.steps.push({ kind: 'input', index, target: this.defineRow(row) }),
    weight: (row) => this.steps.push({ kind: 'weight', row, target: this.defineRow(row) }),
    add: (row, x, y) => this.writeAdd(row, [x, y]),
    'add-plain': (row, x) => this.steps.push({ kind: 'add-plain', a: this.value(x), row, target: this.defineRow(row) }),
    multiply: (row, x, y) =>
      this.steps.push({ kind: 'multiply', a: this.value(x), b: this.value(y), target: this.defineRow(row) }),
    'multiply-plain': (row, x) => this.writeProduct(row, x),
    relinearize: (row, x) => this.writeRelinearization(row, x),
    rescale: (row, x) => {
      // Whatever gave the operand may have rescaled it already.
      if (this.valueOfRow[row] !== -1) return;
      this.steps.push({ kind: 'rescale', a: this.value(x), target: this.defineRow(row) });
    },
    'mod-switch': (row, x) => this.steps.push({ kind: 'mod-switch', a: this.value(x), target: this.defineRow(row) }),
    rotate: (row, x, _y, step) => this.writeAutomorphism(row, x, step),
    'to-sparse': (row, x) => this.steps.push({ kind: 'to-sparse', a: this.value(x), target: this.defineRow(row) }),
    'mod-raise': (row, x) => this.steps.push({ kind: 'mod-raise', a: this.value(x), target: this.defineRow(row) }),
    'to-dense': (row, x) => {
      const factor = this.columns.plainScale[row] ?? 1;
      this.steps.push({ kind: 'to-dense', a: this.value(x), factor, target: this.defineRow(row) });
    },
    'set-scale': (row, x) => this.steps.push({ kind: 'copy', a: this.value(x), target: this.defineRow(row) }),
    // Step 0 names its key (`ir/he/keys.ts`).
    conjugate: (row, x) => this.writeAutomorphism(row, x, 0),
    bootstrap: (row) => {
      throw new InternalError(`row ${row} is a bootstrap: programs are made without before they are scheduled`);
    },
    refresh: (row) => {
      throw new InternalError(`row ${row} is a refresh: programs are cut there before they are fused`);
    },
    output: (_row, x, _y, index) => this.steps.push({ kind: 'output', a: this.value(x), index }),
  };

  constructor(columns: HeColumns, options: FuseOptions) {
    const { heldValues = mostHeld, decompositions = keptDecompositions, doubleHoisting = true } = options;
    const rows = columns.op.length;
    this.columns = columns;
    this.readers = findReaders(columns);
    this.extended = doubleHoisting ? findExtended(columns, this.readers) : new Uint8Array(rows);
    this.extendedRows = new Uint8Array(rows);
    this.valueOfRow = new Int32Array(rows).fill(-1);
    this.sums = new OpenSums(this, heldValues);
    this.hoisting = new Hoisting(decompositions);
    const { needed } = this.readers;
    for (const [row, code] of columns.op.entries())
      if (isAutomorphism(code) && needed[row] === 1) this.hoisting.announce(columns.a[row] ?? -1, row);
  }

  sweep(sum: number, terms: readonly Term[]): number {
    const root = sum >>> 1;
    const isPlain = sum === plainPart(root);
    const target = this.define(isPlain ? 'ciphertext' : 'extended', this.levelOf(root), 2);
    this.steps.push({ kind: isPlain ? 'multiply-accumulate' : 'multiply-accumulate-extended', terms, target });
    return target;
  }

  add(sum: number, summands: readonly number[]): number {
    const root = sum >>> 1;
    const isPlain = sum === plainPart(root);
    const size = summands.reduce((most, value) => Math.max(most, this.values[value]?.size ?? 2), 2);
    const target = this.define(isPlain ? 'ciphertext' : 'extended', this.levelOf(root), size);
    this.steps.push({ kind: isPlain ? 'add' : 'add-extended', summands, target });
    return target;
  }

  /** Rows are taken in order, all of them. */
  take(row: number): void {
    const { needed, lastRead } = this.readers;
    if (needed[row] !== 1) return;
    this.write(row);
    for (const operand of operandsOf(this.columns, row))
      if (lastRead[operand] === row) this.sums.release(this.valueOfRow[operand] ?? -1);
  }

  private write(row: number): void {
    const { op, a, b, imm } = this.columns;
    const name = nameOf(op[row]);
    this.writers[name](row, a[row] ?? -1, b[row] ?? -1, imm[row] ?? -1);
  }

  private writeAdd(row: number, operands: readonly number[]): void {
    const { sumOf } = this.readers;
    const root = sumOf[row] ?? -1;
    for (const operand of operands) {
      if (sumOf[operand] === root) continue;
      const part = this.extended[operand] === 1 ? extendedPart(root) : plainPart(root);
      this.sums.addValue(part, this.value(operand));
    }
    if (root === row) this.closeSum(row);
  }

  private writeProduct(row: number, x: number): void {
    const root = this.readers.sumOf[row] ?? -1;
    const term = { value: this.value(x), row };
    if (root === -1) {
      this.steps.push({ kind: 'multiply-accumulate', terms: [term], target: this.defineRow(row) });
      return;
    }
    const isExtended = this.extended[x] === 1;
    if (isExtended) this.extendedRows[row] = 1;
    this.sums.addTerm(isExtended ? extendedPart(root) : plainPart(root), term);
    if (root === row) this.closeSum(row);
  }

  private closeSum(row: number): void {
    const plain = this.sums.close(plainPart(row));
    const extended = this.sums.close(extendedPart(row));
    if (extended === undefined) {
      if (plain === undefined) throw new InternalError(`the sum of row ${row} is empty`);
      this.valueOfRow[row] = plain;
      return;
    }
    const rescale = this.readers.rescaleOf[row] ?? -1;
    const kind = rescale === -1 ? 'divide-extended' : 'divide-extended-rescale';
    this.steps.push({ kind, a: extended, addend: plain, target: this.defineRow(rescale === -1 ? row : rescale) });
  }

  private writeRelinearization(row: number, x: number): void {
    const rescale = this.readers.rescaleOf[row] ?? -1;
    const kind = rescale === -1 ? 'relinearize' : 'relinearize-rescale';
    this.steps.push({ kind, a: this.value(x), target: this.defineRow(rescale === -1 ? row : rescale) });
  }

  /** @param step names the Galois key */
  private writeAutomorphism(row: number, x: number, step: number): void {
    const a = this.value(x);
    const digits = this.hoisting.take(x, () => {
      const target = this.define('digits', this.levelOf(row), 1);
      this.steps.push({ kind: 'decompose', a, target });
      return target;
    });
    const isExtended = this.extended[row] === 1;
    const target = this.defineRow(row, isExtended ? 'extended' : 'ciphertext');
    if (digits === undefined) this.steps.push({ kind: isExtended ? 'rotate-extended' : 'rotate', a, step, target });
    else
      this.steps.push({
        kind: isExtended ? 'rotate-decomposed-extended' : 'rotate-decomposed',
        a,
        digits,
        step,
        target,
      });
  }

  private defineRow(row: number, form: ValueType['form'] = 'ciphertext'): number {
    const value = this.define(form, this.levelOf(row), this.columns.size[row] ?? 2);
    this.valueOfRow[row] = value;
    return value;
  }

  private define(form: ValueType['form'], level: number, size: number): number {
    return this.values.push({ form, level, size }) - 1;
  }

  private levelOf(row: number): number {
    return this.columns.level[row] ?? 0;
  }

  private value(row: number): number {
    const value = this.valueOfRow[row] ?? -1;
    if (value === -1) throw new InternalError(`%${row} is read before it is computed`);
    return value;
  }
}
