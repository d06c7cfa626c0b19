/**
 * Plaintext operands as expressions. A row of the pool is one plaintext of all slots:
 *   slot s  =  packed[source][tile, ⌊((s + shift) mod slots) / inner⌋ mod period]
 * with `period` the row length of the packed constant, and `inner` the number of neighbouring slots that hold the
 * same value (the samples of a batch). A rotation pushed onto a plaintext changes `shift` and nothing else.
 *
 * Packed constants are real, f64 [tiles, period], or complex, f64 [tiles, period, 2] with real and imaginary parts side by side.
 */
import type { Constant } from '../constant.ts';
import { InternalError } from '../diagnostics/diagnostic.ts';

export interface PlaintextPool {
  readonly source: Int32Array;
  readonly tile: Int32Array;
  readonly shift: Int32Array;
  readonly inner: Int32Array;
}

export interface Plaintext {
  readonly source: number;
  readonly tile: number;
  readonly shift: number;
  readonly inner: number;
}

/** Collects plaintexts, each expression once; the rows of a pool that it starts from keep their ids. */
export class PlaintextBuilder {
  private readonly rows: Plaintext[] = [];
  private readonly known = new Map<string, number>();

  constructor(start?: PlaintextPool) {
    if (start === undefined) return;
    for (let id = 0; id < start.source.length; id++) {
      const row = plaintextAt(start, id);
      this.known.set(expressionOf(row), id);
      this.rows.push(row);
    }
  }

  add(plaintext: Plaintext): number {
    const key = expressionOf(plaintext);
    const known = this.known.get(key);
    if (known !== undefined) return known;
    this.known.set(key, this.rows.length);
    return this.rows.push(plaintext) - 1;
  }

  build(): PlaintextPool {
    return {
      source: Int32Array.from(this.rows, (p) => p.source),
      tile: Int32Array.from(this.rows, (p) => p.tile),
      shift: Int32Array.from(this.rows, (p) => p.shift),
      inner: Int32Array.from(this.rows, (p) => p.inner),
    };
  }
}

function expressionOf({ source, tile, shift, inner }: Plaintext): string {
  return `${source},${tile},${shift},${inner}`;
}

export function plaintextAt(pool: PlaintextPool, id: number): Plaintext {
  const source = pool.source[id];
  const tile = pool.tile[id];
  const shift = pool.shift[id];
  const inner = pool.inner[id];
  if (source === undefined || tile === undefined || shift === undefined || inner === undefined)
    throw new InternalError(`plaintext ${id} is not in the pool`);
  return { source, tile, shift, inner };
}

/** Whether the rows of a packed constant are complex. */
export function isComplex({ shape }: Constant): boolean {
  return shape.length === 3;
}

/** Whether a plaintext is one of complex slots. */
export function isComplexPlaintext(packed: readonly Constant[], { source }: Pick<Plaintext, 'source'>): boolean {
  const constant = packed[source];
  return constant !== undefined && isComplex(constant);
}

/**
 * The packed row behind a plaintext: one period, before `inner` and `shift`; of a complex one real and imaginary parts side by
 * side. A view, not a copy.
 */
export function plaintextRow(packed: readonly Constant[], { source, tile }: Plaintext): Float64Array {
  const constant = packed[source];
  if (constant === undefined) throw new InternalError(`no packed constant ${source}`);
  const width = rowWidth(constant);
  return constant.values.subarray(tile * width, (tile + 1) * width);
}

/** Numbers of a row of a packed constant. */
export function rowWidth({ shape: [, period = 1, parts = 1] }: Constant): number {
  return period * parts;
}

/** Writes the slots of a plaintext into `target`, whose length is the number of slots: of a complex one the real or the imaginary parts. */
export function materialise(
  packed: readonly Constant[],
  plaintext: Plaintext,
  target: Float64Array,
  part: 'real' | 'imaginary' = 'real',
): void {
  const row = plaintextRow(packed, plaintext);
  const parts = isComplexPlaintext(packed, plaintext) ? 2 : 1;
  if (part === 'imaginary' && parts === 1) {
    target.fill(0);
    return;
  }
  const offset = part === 'real' ? 0 : 1;
  const period = row.length / parts;
  const { shift, inner } = plaintext;
  const slots = target.length;
  const start = ((shift % slots) + slots) % slots;
  for (let s = 0; s < slots; s++) {
    const from = s + start < slots ? s + start : s + start - slots;
    target[s] = row[parts * (Math.floor(from / inner) % period) + offset] ?? 0;
  }
}

/** By plaintext: 1 for those that are zero in all slots. */
export function zeroPlaintexts({
  plaintexts,
  packed,
}: {
  readonly plaintexts: PlaintextPool;
  readonly packed: readonly Constant[];
}): Uint8Array {
  return Uint8Array.from(plaintexts.source, (_, id) =>
    plaintextRow(packed, plaintextAt(plaintexts, id)).every((x) => x === 0) ? 1 : 0,
  );
}

/** The shortest part of a power of two of `row` that it repeats: a view, not a copy. */
export function shortestPeriod(row: Float64Array): Float64Array {
  let length = row.length;
  while (length > 1 && length % 2 === 0 && repeatsAfter(row, length / 2, length)) length /= 2;
  return row.subarray(0, length);
}

function repeatsAfter(row: Float64Array, half: number, length: number): boolean {
  for (let i = half; i < length; i++) if (row[i] !== row[i - half]) return false;
  return true;
}
