/**
 * Whether what a managed program encodes can be encoded: packed constants are finite (H254), and every plaintext of an
 * op, and every weight that is encrypted, is within `encodingLimit` of its level at its scale (H257).
 */
import type { Constant } from '../constant.ts';
import { badPlaintext, badScale } from '../diagnostics/verify.ts';
import { encodingLimit, leastScale, type Parameters } from '../parameters.ts';
import type { Reports } from '../reports.ts';
import type { HeModule } from './module.ts';
import { heOpNames } from './ops.ts';
import { isComplex, rowWidth } from './plaintexts.ts';
import { usesPlaintextA, usesPlaintextB } from './traits.ts';

/** Adds what is wrong to `reports`. References of the program and of its pool have been verified. */
export function verifyEncodings(
  { columns, plaintexts, packed }: Pick<HeModule, 'columns' | 'plaintexts' | 'packed'>,
  parameters: Parameters,
  reports: Reports,
): void {
  for (const [k, constant] of packed.entries()) {
    const row = largestOfRows(constant).findIndex((largest) => !Number.isFinite(largest));
    if (row !== -1)
      reports.module(badPlaintext, `tile ${row} of the packed constant ${k} holds a number that is not finite`);
  }
  const { op, a, b, level, scale, plainScale } = columns;
  const limits = parameters.primes.map((_, l) => encodingLimit(parameters, l));
  for (let id = 0; id < op.length && !reports.full; id++) {
    const code = op[id] ?? -1;
    const isEncrypted = usesPlaintextA(code);
    if (!isEncrypted && !usesPlaintextB(code)) continue;
    const [plaintext, at] = isEncrypted ? [a[id] ?? -1, scale[id] ?? NaN] : [b[id] ?? -1, plainScale[id] ?? NaN];
    const constant = packed[plaintexts.source[plaintext] ?? -1];
    const largest = constant === undefined ? NaN : (largestOfRows(constant)[plaintexts.tile[plaintext] ?? -1] ?? NaN);
    const limit = limits[level[id] ?? 0] ?? 0;
    if (at >= leastScale && at <= limit && largest * at <= limit) continue;
    const name = heOpNames[code] ?? '';
    const takes = `level ${level[id] ?? 0} takes up to ${limit} of both together`;
    reports.at(id, badScale, `${name} encodes plaintext ${plaintext}, up to ${largest}, at scale ${at}; ${takes}`);
  }
}

/** Constants do not change: each is looked through once. */
const known = new WeakMap<Constant, Float64Array>();

/** The largest absolute value of each row; Infinity where one is not finite. */
function largestOfRows(constant: Constant): Float64Array {
  const before = known.get(constant);
  if (before !== undefined) return before;
  const [rows = 0] = constant.shape;
  const width = rowWidth(constant);
  const { data } = constant;
  // A complex slot is at most √2 times the larger of its parts.
  const perPart = isComplex(constant) ? Math.SQRT2 : 1;
  const largest = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    let most = 0;
    for (let i = row * width; i < (row + 1) * width; i++) {
      const value = perPart * Math.abs(data[i] ?? 0);
      if (!(value <= most)) most = value === value ? value : Infinity;
    }
    largest[row] = most;
  }
  known.set(constant, largest);
  return largest;
}
