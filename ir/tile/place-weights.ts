/**
 * Which weight stands in which slot of which plaintext of a kernel, computed from the two layouts and the steps.
 *
 * With the fold span Φ = { sums of subsets of the folds }, output slot s' of ciphertext o receives
 *   Σ_{φ ∈ Φ} Σ_{g, c, b}  P[o, g, c, b][s' + φ + g] · x_c[s' + φ + g + b].
 * Position u = s' + φ serves every output slot u − φ that holds an element; all of them must hold the same row, else
 * u serves none. Walking all u and all (c, b, g), entry (row, column) of the matrix is placed the first time that a
 * product reaches the column while none of the row's output slots behind u has it yet. The kernel is sound when at
 * the end every output slot has every non-zero of its row exactly once; that count is checked, so an unsound kernel is
 * refused here and never miscompiled.
 */
import { InternalError } from '../diagnostics/diagnostic.ts';
import { modulo } from '../maths/modular.ts';
import type { Layout } from './layout.ts';
import type { Kernel } from './ops.ts';

/** Where a matrix has non-zeros: those of row r are entries starts[r] … starts[r + 1]. Columns ascend. */
export interface Rows {
  readonly starts: Int32Array;
  readonly indices: Int32Array;
}

/** One product of a kernel: which rotated input meets which tile of weights, and where the result is added. */
export interface Product {
  readonly output: number;
  /** Index into the kernel's giants and babies. */
  readonly giant: number;
  readonly baby: number;
  readonly input: number;
  readonly tile: number;
}

/** The shape of the weights of one product, of which a matrix is cut: results by operands. */
export interface TileShape {
  readonly rows: number;
  readonly columns: number;
}

export interface Placement {
  /** By output, then giant, then input, then baby. */
  readonly products: readonly Product[];
  /**
   * [products, period]: slot s of the plaintext of tile t holds the weight that is entry
   * entries[t · period + s mod period] of the matrix; zero at −1. This is the partition that pruning works on.
   */
  readonly entries: Int32Array;
  readonly period: number;
}

/** Sums of all subsets of `folds`, modulo `slots`. Throws where two subsets give the same sum. */
function foldSpan(folds: readonly number[], slots: number): number[] {
  let span = [0];
  for (const fold of folds) span = [...span, ...span.map((offset) => (offset + fold) % slots)];
  if (new Set(span).size !== span.length) throw new InternalError('two subsets of the folds have the same sum');
  return span;
}

/** Throws `InternalError` where the kernel cannot compute the matrix between these layouts. */
export function placeWeights(matrix: Rows, input: Layout, output: Layout, kernel: Kernel): Placement {
  const { placement, leftOut } = placeWhatFits(matrix, input, output, kernel);
  if (leftOut.size > 0) {
    throw new InternalError(
      `kernel ${kernel.family} leaves ${leftOut.size} weights out between ${input.toString()} and ${output.toString()}`,
    );
  }
  return placement;
}

/**
 * As `placeWeights`, for a kernel that may have been made for some of the entries alone: `leftOut` are those that an
 * output slot lacks, wherever else they stand. Every entry is placed as if it were the only one.
 */
export function placeWhatFits(
  matrix: Rows,
  input: Layout,
  output: Layout,
  kernel: Kernel,
): { readonly placement: Placement; readonly leftOut: ReadonlySet<number> } {
  const slots = output.virtualSlots;
  const columnAt = input.elementMap();
  const period = repetition(input, output, kernel);
  const span = foldSpan(kernel.folds, slots);
  const active = activePairs(matrix, input, output);
  const products: Product[] = [];
  const rows: Int32Array[] = [];
  const find = finder(matrix);
  const rowAt = output.elementMap();
  const leftOut = new Set<number>();

  for (let o = 0; o < output.ciphertexts; o++) {
    const served = servedRows(rowAt.subarray(o * slots, (o + 1) * slots), span);
    const coverage = new Coverage(matrix, served.rowOfSlot, period);
    for (const [gi, giant] of kernel.giants.entries()) {
      for (let c = 0; c < input.ciphertexts; c++) {
        if (active[o * input.ciphertexts + c] === 0) continue;
        for (const [bi, baby] of kernel.babies.entries()) {
          const shift = modulo(giant + baby, slots);
          const giantShift = modulo(giant, slots);
          let tile: Int32Array | undefined;
          for (let u = 0; u < period; u++) {
            const row = served.rowOfPosition[u] ?? -1;
            if (row < 0) continue;
            const column = columnAt[c * slots + ((u + shift) & (slots - 1))] ?? -1;
            if (column < 0) continue;
            const entry = find(row, column);
            if (entry < 0 || !coverage.claim(u, span, row, entry)) continue;
            tile ??= new Int32Array(period).fill(-1);
            tile[((u + giantShift) & (slots - 1)) % period] = entry;
          }
          if (tile !== undefined) {
            products.push({ output: o, giant: gi, baby: bi, input: c, tile: rows.length });
            rows.push(tile);
          }
        }
      }
    }
    coverage.addMissing(leftOut);
  }
  const entries = new Int32Array(rows.length * period);
  for (const [i, row] of rows.entries()) entries.set(row, i * period);
  return { placement: { products, entries, period }, leftOut };
}

/** Slots after which all plaintexts of the kernel repeat. */
function repetition(input: Layout, output: Layout, { folds }: Kernel): number {
  return folds.length > 0 ? output.virtualSlots : Math.max(input.period, output.period);
}

/** For each pair (output, input ciphertext) whether any non-zero lies between them. */
function activePairs({ starts, indices }: Rows, input: Layout, output: Layout): Uint8Array {
  const active = new Uint8Array(output.ciphertexts * input.ciphertexts);
  if (active.length === 1) return active.fill(1);
  const placeOfColumn = input.firstPlaces();
  const placeOfRow = output.firstPlaces();
  for (let row = 0; row + 1 < starts.length; row++) {
    const o = Math.floor((placeOfRow[row] ?? 0) / output.virtualSlots);
    for (let k = starts[row] ?? 0; k < (starts[row + 1] ?? 0); k++) {
      const c = Math.floor((placeOfColumn[indices[k] ?? 0] ?? 0) / input.virtualSlots);
      active[o * input.ciphertexts + c] = 1;
    }
  }
  return active;
}

interface Served {
  /** The row in each output slot of this ciphertext, −1 for none. */
  readonly rowOfSlot: Int32Array;
  /** The row that position u = s' + φ serves, −1 where it serves none or several. */
  readonly rowOfPosition: Int32Array;
}

function servedRows(rowOfSlot: Int32Array, span: readonly number[]): Served {
  const slots = rowOfSlot.length;
  if (span.length === 1) return { rowOfSlot, rowOfPosition: rowOfSlot };
  const rowOfPosition = new Int32Array(slots).fill(-1);
  const contested = new Uint8Array(slots);
  for (let s = 0; s < slots; s++) {
    const row = rowOfSlot[s] ?? -1;
    if (row < 0) continue;
    for (const offset of span) {
      const u = (s + offset) & (slots - 1);
      const other = rowOfPosition[u] ?? -1;
      if (other >= 0 && other !== row) contested[u] = 1;
      rowOfPosition[u] = row;
    }
  }
  for (let u = 0; u < slots; u++) if (contested[u] === 1) rowOfPosition[u] = -1;
  return { rowOfSlot, rowOfPosition };
}

/** Which non-zeros each output slot has already; one bit for each (slot, non-zero of its row). */
class Coverage {
  private missing: number;
  private readonly done: Uint8Array;
  private readonly base: Float64Array;
  private readonly rowOfSlot: Int32Array;
  private readonly starts: Int32Array;
  private readonly slots: number;
  private readonly period: number;

  constructor({ starts }: Rows, rowOfSlot: Int32Array, period: number) {
    this.slots = rowOfSlot.length;
    this.rowOfSlot = rowOfSlot;
    this.starts = starts;
    this.period = period;
    this.base = new Float64Array(period);
    let total = 0;
    for (let s = 0; s < period; s++) {
      this.base[s] = total;
      const row = rowOfSlot[s] ?? -1;
      if (row >= 0) total += (starts[row + 1] ?? 0) - (starts[row] ?? 0);
    }
    this.done = new Uint8Array(total);
    this.missing = total;
  }

  /** Takes `entry` of `row` for all output slots behind position u; false where one of them has it already. */
  claim(u: number, span: readonly number[], row: number, entry: number): boolean {
    const offsetInRow = entry - (this.starts[row] ?? 0);
    if (span.length === 1) {
      const index = (this.base[u] ?? 0) + offsetInRow;
      if (this.done[index] !== 0) return false;
      this.done[index] = 1;
      this.missing--;
      return true;
    }
    for (const offset of span) {
      const s = (u - offset + this.slots) & (this.slots - 1);
      if (this.rowOfSlot[s] === row && this.done[(this.base[s % this.period] ?? 0) + offsetInRow] !== 0) return false;
    }
    for (const offset of span) {
      const s = (u - offset + this.slots) & (this.slots - 1);
      if (this.rowOfSlot[s] !== row) continue;
      this.done[(this.base[s % this.period] ?? 0) + offsetInRow] = 1;
      this.missing--;
    }
    return true;
  }

  /** The entries that some output slot has not got. */
  addMissing(entries: Set<number>): void {
    if (this.missing === 0) return;
    for (let s = 0; s < this.period; s++) {
      const row = this.rowOfSlot[s] ?? -1;
      if (row < 0) continue;
      const first = this.starts[row] ?? 0;
      const base = this.base[s] ?? 0;
      for (let entry = first; entry < (this.starts[row + 1] ?? 0); entry++)
        if (this.done[base + entry - first] === 0) entries.add(entry);
    }
  }
}

/** Index of entry (row, column) among the non-zeros, −1 for a zero. */
function finder({ starts, indices: columns }: Rows): (row: number, column: number) => number {
  return (row, column) => {
    let low = starts[row] ?? 0;
    let high = (starts[row + 1] ?? 0) - 1;
    // Dense rows, the common case, need no search.
    const guess = low + column - (columns[low] ?? 0);
    if (guess >= low && guess <= high && columns[guess] === column) return guess;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = columns[middle] ?? 0;
      if (found === column) return middle;
      if (found < column) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  };
}
