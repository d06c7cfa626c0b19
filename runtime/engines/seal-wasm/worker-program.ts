/** The part of a divided program that one worker runs: its rows in order, and where it reads each value last. */
import { collectEncodings, type Encodings } from '../../../costs/encodings.ts';
import type { HeColumns } from '../../../ir/he/module.ts';
import { isOutput, usesValueA, usesValueB } from '../../../ir/he/traits.ts';
import { ciphertextBytes, type Parameters, plaintextBytes } from '../../../ir/parameters.ts';
import { rowCost } from './tasks/op-costs.ts';

export interface WorkerProgram {
  readonly rows: Int32Array;
  /** By value: the last of `rows` that reads it, −1 where none does. */
  readonly lastUse: Int32Array;
  readonly cost: number;
}

export function workerProgram(columns: HeColumns, workerOf: Uint8Array, worker: number): WorkerProgram {
  const { op, a, b } = columns;
  const lastUse = new Int32Array(op.length).fill(-1);
  const rows: number[] = [];
  let cost = 0;
  for (let row = 0; row < op.length; row++) {
    if (workerOf[row] !== worker) continue;
    rows.push(row);
    cost += rowCost(columns, row);
    const code = op[row] ?? 0;
    if (usesValueA(code)) lastUse[a[row] ?? 0] = row;
    if (usesValueB(code)) lastUse[b[row] ?? 0] = row;
  }
  return { rows: Int32Array.from(rows), lastUse, cost };
}

/** What the ciphertexts of a worker take at most at one time, those that it reads from others included. */
export function peakCiphertextBytes(columns: HeColumns, parameters: Parameters, program: WorkerProgram): number {
  const { op, a, b, level, size } = columns;
  const bytesOf = (value: number): number => ciphertextBytes(parameters, level[value] ?? 0, size[value] ?? 0);
  const present = new Uint8Array(op.length);
  let living = 0;
  let peak = 0;
  for (const row of program.rows) {
    const code = op[row] ?? 0;
    const operands = new Set<number>();
    if (usesValueA(code)) operands.add(a[row] ?? 0);
    if (usesValueB(code)) operands.add(b[row] ?? 0);
    for (const value of operands) {
      if (present[value] === 1) continue;
      present[value] = 1;
      living += bytesOf(value);
    }
    if (!isOutput(code)) {
      present[row] = 1;
      living += bytesOf(row);
    }
    peak = Math.max(peak, living);
    for (const value of operands) if (program.lastUse[value] === row) living -= bytesOf(value);
    if (!isOutput(code) && program.lastUse[row] === -1) living -= bytesOf(row);
  }
  return peak;
}

/** Which plaintexts a worker needs, each once for each level and scale; by position in its rows. */
export function workerEncodings(columns: HeColumns, { rows }: WorkerProgram): Encodings {
  return collectEncodings(columns, { rows, sharesLevels: false });
}

export function encodingsBytes(parameters: Parameters, { list }: Encodings): number {
  return list.reduce((sum, { level }) => sum + plaintextBytes(parameters, level), 0);
}
