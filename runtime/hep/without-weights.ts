/** What of a bound plan may leave the model owner: everything but the weights that it holds encrypted. */
import { Constant } from '../../ir/constant.ts';
import type { HeColumns, HeModule } from '../../ir/he/module.ts';
import { type Plaintext, plaintextAt, type PlaintextPool, plaintextRow } from '../../ir/he/plaintexts.ts';
import { isWeight, usesPlaintextB } from '../../ir/he/traits.ts';

/**
 * The program with the rows of packed constants that plaintext operands use, and no others; `weight` ops refer to a
 * plaintext of zeros. Rows that a `weight` op shares with a plaintext operand stay: that operand is plain anyway.
 */
export function withoutEncryptedWeights<M extends HeModule>(module: M): M {
  const { op, a, b } = module.columns;
  const rows: Float64Array[] = [];
  const sources = new Map<string, number>();
  const pool: Plaintext[] = [];
  const moved = new Map<number, number>();
  const move = (id: number): number => {
    const known = moved.get(id);
    if (known !== undefined) return known;
    const plaintext = plaintextAt(module.plaintexts, id);
    const key = `${plaintext.source} ${plaintext.tile}`;
    const source = sources.get(key) ?? rows.push(plaintextRow(module.packed, plaintext)) - 1;
    sources.set(key, source);
    const now = pool.push({ ...plaintext, source, tile: 0 }) - 1;
    moved.set(id, now);
    return now;
  };
  const plainB = b.map((operand, id) => (usesPlaintextB(op[id] ?? 0) ? move(operand) : operand));
  const zeros = pool.push({ source: rows.length, tile: 0, shift: 0, inner: 1 }) - 1;
  const columns: HeColumns = {
    ...module.columns,
    a: a.map((operand, id) => (isWeight(op[id] ?? -1) ? zeros : operand)),
    b: plainB,
  };
  const plaintexts: PlaintextPool = {
    source: Int32Array.from(pool, ({ source }) => source),
    tile: Int32Array.from(pool, ({ tile }) => tile),
    shift: Int32Array.from(pool, ({ shift }) => shift),
    inner: Int32Array.from(pool, ({ inner }) => inner),
  };
  const packed = [...rows, new Float64Array(1)].map((row) => new Constant([1, row.length], row.slice()));
  return { ...module, columns, plaintexts, packed };
}
