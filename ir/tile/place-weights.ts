/**
 * Which weight stands in which slot of which plaintext of a kernel, computed from the two layouts and the steps.
 *
 * With the fold span Φ = { sums of subsets of the folds }, output slot s' of ciphertext o receives
 *   Σ_{φ ∈ Φ} Σ_{g, c, b}  P[o, g, c, b][s' + φ + g] · x_c[s' + φ + g + b].
 * Position u = s' + φ serves every output slot u − φ that holds an element; all of them must hold the same row, else
 * u serves none. Going through all u and all (c, b, g), entry (row, column) of the matrix is placed the first time that a
 * product reaches the column while none of the row's output slots behind u has it yet. The kernel is sound when at
 * the end every output slot has every non-zero of its row exactly once; that count is checked, so an unsound kernel is
 * refused here and never miscompiled.
 */
import { InternalError } from '../diagnostics/diagnostic.ts';
import { modulo } from '../maths/modular.ts';
import { type AffineMap, rowBuffer } from '../tensor/affine-map.ts';
import { EntriesOfProducts } from './entries-of-products.ts';
import type { Layout } from './layout.ts';
import type { Kernel } from './ops.ts';

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
   * [products, period]: slot s of the plaintext of tile t holds weight entries[t · period + s mod period] of the matrix;
   * zero at −1. This is the partition that pruning works on.
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

/**
 * Hands every product to `visit`, by output, then giant, then input, then baby, with its tile: the weight in each slot of
 * a period, −1 for none. A tile is only valid during the call. Throws `InternalError` where the kernel cannot compute the
 * matrix between these layouts.
 */
export function placeWeights(
  matrix: AffineMap,
  input: Layout,
  output: Layout,
  kernel: Kernel,
  visit: (product: Product, tile: Int32Array) => void,
): void {
  const leftOut = visitProducts(matrix, input, output, kernel, visit);
  if (leftOut.size > 0) {
    throw new InternalError(
      `kernel ${kernel.family} leaves ${leftOut.size} weights out between ${input.toString()} and ${output.toString()}`,
    );
  }
}

/**
 * As `placeWeights`, for a kernel that may have been made for some of the entries alone: `leftOut` are the weights of
 * those that an output slot lacks, wherever else they stand. Every entry is placed as if it were the only one.
 */
export function placeWhatFits(
  matrix: AffineMap,
  input: Layout,
  output: Layout,
  kernel: Kernel,
): { readonly placement: Placement; readonly leftOut: ReadonlySet<number> } {
  const products: Product[] = [];
  const tiles: Int32Array[] = [];
  const leftOut = visitProducts(matrix, input, output, kernel, (product, tile) => {
    products.push(product);
    tiles.push(tile.slice());
  });
  const period = repetition(input, output, kernel);
  const entries = new Int32Array(tiles.length * period);
  for (const [i, tile] of tiles.entries()) entries.set(tile, i * period);
  return { placement: { products, entries, period }, leftOut };
}

/** Products with their tiles, one after another; a tile is only valid during the call. Returns what is left out. */
function visitProducts(
  matrix: AffineMap,
  input: Layout,
  output: Layout,
  kernel: Kernel,
  visit: (product: Product, tile: Int32Array) => void,
): ReadonlySet<number> {
  const slots = output.virtualSlots;
  const columnAt = input.elementMap();
  const period = repetition(input, output, kernel);
  const span = foldSpan(kernel.folds, slots);
  const active = activePairs(matrix, input, output);
  const rowAt = output.elementMap();
  const leftOut = new Set<number>();
  const tile = new Int32Array(period).fill(-1);
  const { giants, babies } = kernel;
  const inputs = input.ciphertexts;
  const entries = new EntriesOfProducts(matrix, input, kernel);
  let tiles = 0;

  for (let o = 0; o < output.ciphertexts; o++) {
    const served = servedRows(rowAt.subarray(o * slots, (o + 1) * slots), span, kernel.folds);
    const rowOfPosition = served.rowOfPosition.subarray(0, period);
    const coverage = new Coverage(matrix, served, period);
    const readsFrom = active.subarray(o * inputs, (o + 1) * inputs);
    const pairs = readsFrom.reduce((sum, reads) => sum + reads, 0) * giants.length * babies.length;
    const finish = (giant: number, c: number, baby: number): void => {
      visit({ output: o, giant, baby, input: c, tile: tiles++ }, tile);
      tile.fill(-1);
    };
    const reached = entries.of(rowOfPosition, pairs * period);
    if (reached !== undefined) {
      for (const [i, product] of reached.products.entries()) {
        const baby = product % babies.length;
        const c = Math.floor(product / babies.length) % inputs;
        const giant = Math.floor(product / (babies.length * inputs));
        const giantShift = modulo(giants[giant] ?? 0, slots);
        let isUsed = false;
        const end = reached.starts[i + 1] ?? 0;
        for (let e = reached.starts[i] ?? 0; e < end; e++) {
          const u = reached.positions[e] ?? 0;
          if (!coverage.claim(u, reached.ordinals[e] ?? 0)) continue;
          isUsed = true;
          tile[((u + giantShift) & (slots - 1)) % period] = reached.weights[e] ?? -1;
        }
        if (isUsed) finish(giant, c, baby);
      }
      coverage.addMissing(leftOut, (row) => entries.weightsOf(row));
      continue;
    }
    for (const [gi, giant] of giants.entries()) {
      const giantShift = modulo(giant, slots);
      for (let c = 0; c < inputs; c++) {
        if (readsFrom[c] === 0) continue;
        for (const [bi, baby] of babies.entries()) {
          const shift = modulo(giant + baby, slots);
          let isUsed = false;
          for (let u = 0; u < period; u++) {
            const row = rowOfPosition[u] ?? -1;
            if (row < 0) continue;
            const column = columnAt[c * slots + ((u + shift) & (slots - 1))] ?? -1;
            if (column < 0) continue;
            const place = matrix.find(row, column);
            if (place < 0 || !coverage.claim(u, place)) continue;
            isUsed = true;
            tile[((u + giantShift) & (slots - 1)) % period] = matrix.weightAt(row, place);
          }
          if (isUsed) finish(gi, c, bi);
        }
      }
    }
    coverage.addMissing(leftOut, (row) =>
      Int32Array.from({ length: matrix.places(row) }, (_, place) => matrix.weightAt(row, place)),
    );
  }
  return leftOut;
}

/** Slots after which all plaintexts of the kernel repeat. */
function repetition(input: Layout, output: Layout, { folds }: Kernel): number {
  return folds.length > 0 ? output.virtualSlots : Math.max(input.period, output.period);
}

/** For each pair (output, input ciphertext) whether any non-zero lies between them. */
function activePairs(matrix: AffineMap, input: Layout, output: Layout): Uint8Array {
  const active = new Uint8Array(output.ciphertexts * input.ciphertexts);
  if (active.length === 1 || matrix.nonZeros === matrix.rows * matrix.columns) return active.fill(1);
  const ciphertextOfColumn = input.firstPlaces().map((place) => Math.floor(place / input.virtualSlots));
  const placeOfRow = output.firstPlaces();
  const buffer = rowBuffer(matrix);
  for (let row = 0; row < matrix.rows; row++) {
    const from = Math.floor((placeOfRow[row] ?? 0) / output.virtualSlots) * input.ciphertexts;
    const count = matrix.readRow(row, buffer);
    for (let k = 0; k < count; k++) active[from + (ciphertextOfColumn[buffer.columns[k] ?? 0] ?? 0)] = 1;
  }
  return active;
}

interface Served {
  /** The row in each output slot of this ciphertext that has an account of its own, −1 for the others. */
  readonly rowOfAccount: Int32Array;
  /** The row that position u = s' + φ serves, −1 where it serves none or several. */
  readonly rowOfPosition: Int32Array;
  /** The accounts that position u serves are accounts[starts[u]] … accounts[starts[u + 1]]; without folds slot u alone. */
  readonly accounts: { readonly starts: Int32Array; readonly slots: Int32Array } | undefined;
}

/**
 * Where the sums of the folds are closed under addition, every position that serves a slot serves the same others: of
 * these one has the account.
 */
function servedRows(rowOfSlot: Int32Array, span: readonly number[], folds: readonly number[]): Served {
  const slots = rowOfSlot.length;
  if (span.length === 1) return { rowOfAccount: rowOfSlot, rowOfPosition: rowOfSlot, accounts: undefined };
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
  const rowOfAccount = isClosed(span, folds, slots) ? oneOfEach(rowOfSlot, rowOfPosition, span) : rowOfSlot;
  return { rowOfAccount, rowOfPosition, accounts: accountsOf(rowOfAccount, rowOfPosition, span) };
}

/** Whether the sums of folds are closed under addition: sums with a fold are sums. */
function isClosed(span: readonly number[], folds: readonly number[], slots: number): boolean {
  const sums = new Set(span);
  return folds.every((fold) => span.every((sum) => sums.has(modulo(sum + fold, slots))));
}

/** The rows of slots, without those that a slot before them in the same class of served slots has. */
function oneOfEach(rowOfSlot: Int32Array, rowOfPosition: Int32Array, span: readonly number[]): Int32Array {
  const kept = rowOfSlot.slice();
  for (let s = 0; s < kept.length; s++) {
    if ((kept[s] ?? -1) < 0 || rowOfPosition[s] !== kept[s]) continue;
    for (const offset of span) if (offset !== 0) kept[(s + offset) & (kept.length - 1)] = -1;
  }
  return kept;
}

function accountsOf(
  rowOfAccount: Int32Array,
  rowOfPosition: Int32Array,
  span: readonly number[],
): Required<Served>['accounts'] {
  const slots = rowOfAccount.length;
  const starts = new Int32Array(slots + 1);
  const forEach = (visit: (u: number, s: number) => void): void => {
    for (let s = 0; s < slots; s++) {
      const row = rowOfAccount[s] ?? -1;
      if (row < 0) continue;
      for (const offset of span) {
        const u = (s + offset) & (slots - 1);
        if (rowOfPosition[u] === row) visit(u, s);
      }
    }
  };
  forEach((u) => {
    starts[u + 1] = (starts[u + 1] ?? 0) + 1;
  });
  for (let u = 0; u < slots; u++) starts[u + 1] = (starts[u + 1] ?? 0) + (starts[u] ?? 0);
  const next = starts.slice();
  const found = new Int32Array(starts[slots] ?? 0);
  forEach((u, s) => {
    const at = next[u] ?? 0;
    found[at] = s;
    next[u] = at + 1;
  });
  return { starts, slots: found };
}

/** Which non-zeros each output slot has already; one bit for each (account, place of its row). */
class Coverage {
  private missing: number;
  private readonly done: Uint8Array;
  private readonly base: Float64Array;
  private readonly served: Served;
  private readonly period: number;

  constructor(matrix: AffineMap, served: Served, period: number) {
    this.served = served;
    this.period = period;
    this.base = new Float64Array(period);
    let total = 0;
    let missing = 0;
    for (let s = 0; s < period; s++) {
      this.base[s] = total;
      const row = served.rowOfAccount[s] ?? -1;
      if (row < 0) continue;
      total += matrix.places(row);
      missing += matrix.count(row);
    }
    this.done = new Uint8Array(total);
    this.missing = missing;
  }

  /** Takes the entry at a place of the row behind position u for all its output slots; false where one has it already. */
  claim(u: number, place: number): boolean {
    const { base, done } = this;
    const { accounts } = this.served;
    if (accounts === undefined) {
      const index = (base[u] ?? 0) + place;
      if (done[index] !== 0) return false;
      done[index] = 1;
      this.missing--;
      return true;
    }
    const { starts, slots } = accounts;
    const first = starts[u] ?? 0;
    const end = starts[u + 1] ?? 0;
    for (let i = first; i < end; i++) if (done[(base[slots[i] ?? 0] ?? 0) + place] !== 0) return false;
    for (let i = first; i < end; i++) done[(base[slots[i] ?? 0] ?? 0) + place] = 1;
    this.missing -= end - first;
    return true;
  }

  /** The weights of entries that some output slot has not got; `weightsOf` has those of a row by place, −1 for none. */
  addMissing(weights: Set<number>, weightsOf: (row: number) => Int32Array): void {
    if (this.missing === 0) return;
    for (let s = 0; s < this.period; s++) {
      const row = this.served.rowOfAccount[s] ?? -1;
      if (row < 0) continue;
      const base = this.base[s] ?? 0;
      for (const [place, weight] of weightsOf(row).entries())
        if (weight >= 0 && this.done[base + place] === 0) weights.add(weight);
    }
  }
}
