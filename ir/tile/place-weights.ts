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
 *
 * Where operand and result repeat, everything does: slots are those of one period then, a ring of its own, so long as the
 * sums of the folds are as many there.
 */
import { InternalError } from '../diagnostics/diagnostic.ts';
import { modulo } from '../maths/modular.ts';
import { type AffineMap, rowBuffer } from '../tensor/affine-map.ts';
import { EntriesOfProducts } from './entries-of-products.ts';
import type { Layout } from './layout.ts';
import type { Kernel } from './ops.ts';
import { EntryTiles, mostTogether, ValueTiles, type WeightTiles } from './weight-tiles.ts';

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

interface Ring {
  /** Slots after which operand, plaintexts and result repeat: positions are modulo them. */
  readonly period: number;
  /** Sums of all subsets of the folds. */
  readonly span: readonly number[];
}

/** Throws where two subsets of the folds have the same sum among all slots. */
function ringOf(input: Layout, output: Layout, { folds }: Kernel): Ring {
  const slots = output.virtualSlots;
  const period = Math.max(input.period, output.period);
  for (const modulus of period < slots ? [period, slots] : [slots]) {
    const span = foldSpan(folds, modulus);
    if (new Set(span).size === span.length) return { period: modulus, span };
  }
  throw new InternalError('two subsets of the folds have the same sum');
}

/** Sums of all subsets of `folds`, modulo `slots`. */
function foldSpan(folds: readonly number[], slots: number): readonly number[] {
  let span = [0];
  for (const fold of folds) span = [...span, ...span.map((offset) => (offset + fold) % slots)];
  return span;
}

/**
 * Hands every product to `visit`, by output, then giant, then input, then baby, with its tile: the weight in each slot of
 * a period times `factor`, 0 where there is none. A tile is only valid during the call. Throws `InternalError` where the
 * kernel cannot compute the matrix between these layouts.
 */
export function placeWeights(
  matrix: AffineMap,
  factor: number,
  input: Layout,
  output: Layout,
  kernel: Kernel,
  visit: (product: Product, tile: Float64Array) => void,
): void {
  const values = new ValueTiles(matrix.weights, factor, ringOf(input, output, kernel).period);
  const leftOut = visitProducts(matrix, input, output, kernel, values, visit);
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
  const { period } = ringOf(input, output, kernel);
  const leftOut = visitProducts(matrix, input, output, kernel, new EntryTiles(period), (product, tile) => {
    products.push(product);
    tiles.push(tile.slice());
  });
  const entries = new Int32Array(tiles.length * period);
  for (const [i, tile] of tiles.entries()) entries.set(tile, i * period);
  return { placement: { products, entries, period }, leftOut };
}

/** Products with their tiles, one after another; a tile is only valid during the call. Returns what is left out. */
function visitProducts<T extends Int32Array | Float64Array>(
  matrix: AffineMap,
  input: Layout,
  output: Layout,
  kernel: Kernel,
  tiles: WeightTiles<T>,
  visit: (product: Product, tile: T) => void,
): ReadonlySet<number> {
  const slots = output.virtualSlots;
  const columnAt = input.elementMap();
  const { period, span } = ringOf(input, output, kernel);
  const active = activePairs(matrix, input, output);
  const rowAt = output.elementMap();
  const leftOut = new Set<number>();
  const { giants, babies } = kernel;
  const together = areApart(input, kernel) ? mostTogether : 1;
  const inputs = input.ciphertexts;
  const entries = new EntriesOfProducts(matrix, input, kernel, period);
  let finished = 0;

  for (let o = 0; o < output.ciphertexts; o++) {
    const served = servedRows(rowAt.subarray(o * slots, o * slots + period), span, kernel.folds);
    const { rowOfPosition } = served;
    const coverage = new Coverage(matrix, served);
    const readsFrom = active.subarray(o * inputs, (o + 1) * inputs);
    const pairs = readsFrom.reduce((sum, reads) => sum + reads, 0) * giants.length * babies.length;
    const finish = (giant: number, c: number, baby: number, k: number): void => {
      visit({ output: o, giant, baby, input: c, tile: finished++ }, tiles.tile(k));
      tiles.clear(k);
    };
    const reached = entries.of(rowOfPosition, pairs * period);
    if (reached !== undefined) {
      for (const [i, product] of reached.products.entries()) {
        const baby = product % babies.length;
        const c = Math.floor(product / babies.length) % inputs;
        const giant = Math.floor(product / (babies.length * inputs));
        const giantShift = modulo(giants[giant] ?? 0, period);
        let isUsed = false;
        const end = reached.starts[i + 1] ?? 0;
        for (let e = reached.starts[i] ?? 0; e < end; e++) {
          const u = reached.positions[e] ?? 0;
          if (!coverage.claim(u, reached.ordinals[e] ?? 0)) continue;
          isUsed = true;
          tiles.put(0, (u + giantShift) & (period - 1), reached.weights[e] ?? -1);
        }
        if (isUsed) finish(giant, c, baby, 0);
      }
      coverage.addMissing(leftOut, (row) => entries.weightsOf(row));
      continue;
    }
    for (const [gi, giant] of giants.entries()) {
      const giantShift = modulo(giant, period);
      for (let c = 0; c < inputs; c++) {
        if (readsFrom[c] === 0) continue;
        const columns = columnAt.subarray(c * slots, c * slots + period);
        for (let first = 0; first < babies.length; first += together) {
          const shifts = babies.slice(first, first + together).map((baby) => modulo(giant + baby, period));
          const used = fillTiles({ matrix, rowOfPosition, columns, coverage, tiles, giantShift, shifts });
          for (const [k, is] of used.entries()) if (is === 1) finish(gi, c, first + k, k);
        }
      }
    }
    coverage.addMissing(leftOut, (row) =>
      Int32Array.from({ length: matrix.places(row) }, (_, place) => matrix.weightAt(row, place)),
    );
  }
  return leftOut;
}

/** What is filled at once: the products of one giant, one input ciphertext and neighbouring babies. */
interface Together {
  readonly matrix: AffineMap;
  readonly rowOfPosition: Int32Array;
  /** The column in each slot of a period of the input ciphertext. */
  readonly columns: Int32Array;
  readonly coverage: Coverage;
  readonly tiles: WeightTiles<unknown>;
  readonly giantShift: number;
  /** Of the giant and each of the babies. */
  readonly shifts: readonly number[];
}

/** Fills tile k for the shift k, and returns 1 for each that has any weight. */
function fillTiles({ matrix, rowOfPosition, columns, coverage, tiles, giantShift, shifts }: Together): Uint8Array {
  const count = shifts.length;
  const used = new Uint8Array(count);
  const reached = new Int32Array(count);
  const places = new Int32Array(count);
  const weights = new Int32Array(count);
  const period = rowOfPosition.length;
  const mask = period - 1;
  const from = Int32Array.from(shifts);
  for (let u = 0; u < period; u++) {
    const row = rowOfPosition[u] ?? -1;
    if (row < 0) continue;
    for (let k = 0; k < count; k++) reached[k] = columns[(u + (from[k] ?? 0)) & mask] ?? -1;
    matrix.findAll(row, reached, places, weights);
    coverage.claimAll(u, places);
    tiles.putAll((u + giantShift) & mask, places, weights, used);
  }
  return used;
}

/**
 * Whether products of fewer than `mostTogether` babies in a row never reach the same entry for the same output slot from two
 * positions, so that it makes no difference whether products or positions are gone through first. Two positions serve the same
 * slot where they differ by a difference of two sums of folds; then their babies differ by it too, but for what the
 * input repeats.
 */
function areApart(input: Layout, { folds, babies }: Kernel): boolean {
  if (folds.length === 0) return true;
  const { period } = input;
  if (!isOnceInPeriod(input)) return false;
  let differences = new Uint8Array(period);
  differences[0] = 1;
  for (const fold of folds) {
    const before = differences;
    differences = before.map((is, s) =>
      Math.max(is, before[modulo(s - fold, period)] ?? 0, before[modulo(s + fold, period)] ?? 0),
    );
  }
  return babies.every((baby, i) =>
    babies.slice(i + 1, i + mostTogether).every((other) => differences[modulo(other - baby, period)] === 0),
  );
}

/** Whether no element stands twice in the period of one ciphertext. */
function isOnceInPeriod(layout: Layout): boolean {
  const { period, virtualSlots } = layout;
  const elements = layout.elementMap();
  const lastCiphertext = new Int32Array(layout.elements).fill(-1);
  for (let c = 0; c < layout.ciphertexts; c++) {
    for (let s = 0; s < period; s++) {
      const element = elements[c * virtualSlots + s] ?? -1;
      if (element < 0) continue;
      if (lastCiphertext[element] === c) return false;
      lastCiphertext[element] = c;
    }
  }
  return true;
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
  /** The row in each output slot of a period of this ciphertext that has an account of its own, −1 for the others. */
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

  constructor(matrix: AffineMap, served: Served) {
    this.served = served;
    const period = served.rowOfAccount.length;
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

  /** Claims all of `places` that are not −1, and makes −1 of those that some slot has already. */
  claimAll(u: number, places: Int32Array): void {
    const { base, done } = this;
    if (this.served.accounts !== undefined) {
      for (let k = 0; k < places.length; k++)
        if ((places[k] ?? -1) >= 0 && !this.claim(u, places[k] ?? -1)) places[k] = -1;
      return;
    }
    const first = base[u] ?? 0;
    for (let k = 0; k < places.length; k++) {
      const place = places[k] ?? -1;
      if (place < 0) continue;
      if (done[first + place] === 0) {
        done[first + place] = 1;
        this.missing--;
      } else {
        places[k] = -1;
      }
    }
  }

  /** The weights of entries that some output slot has not got; `weightsOf` has those of a row by place, −1 for none. */
  addMissing(weights: Set<number>, weightsOf: (row: number) => Int32Array): void {
    if (this.missing === 0) return;
    for (const [s, row] of this.served.rowOfAccount.entries()) {
      if (row < 0) continue;
      const base = this.base[s] ?? 0;
      for (const [place, weight] of weightsOf(row).entries())
        if (weight >= 0 && this.done[base + place] === 0) weights.add(weight);
    }
  }
}
