/**
 * The entries of a matrix that the products of a kernel reach at one output ciphertext, product by product. A product
 * reaches in position u of its tile the column that stands `giant + baby` slots further in its input ciphertext. Instead
 * of asking in every position of every product for an entry, which few have where rows are short, every entry is
 * handed to the products that reach it.
 */
import { modulo } from '../maths/modular.ts';
import { type AffineMap, type RowBuffer, rowBuffer } from '../tensor/affine-map.ts';
import type { Layout } from './layout.ts';
import type { Kernel } from './ops.ts';

/** Most entries that are held at once: 16 bytes each. */
const mostHeld = 2 ** 23;

/** What handing an entry out takes, in questions for one. */
const costOfEntry = 1.5;

/** In ascending order of products, (giant · inputs + input) · babies + baby, and of positions within each. */
export interface ReachedEntries {
  readonly products: Int32Array;
  /** Entries starts[i] … starts[i + 1] are those of products[i]. */
  readonly starts: Int32Array;
  /** By entry: its position, which one of its row it is, and its weight. */
  readonly positions: Int32Array;
  readonly ordinals: Int32Array;
  readonly weights: Int32Array;
}

interface Lists {
  /** List k is items[starts[k]] … items[starts[k + 1]]. */
  readonly starts: Int32Array;
  readonly items: Int32Array;
}

export class EntriesOfProducts {
  private readonly matrix: AffineMap;
  private readonly period: number;
  private readonly inputs: number;
  private readonly babies: number;
  /** Of a column all slots of a period in which it stands, over all ciphertexts: ciphertext · period + slot. */
  private readonly places: Lists;
  /** Of a shift the products of the first input ciphertext, giant · inputs · babies + baby. */
  private readonly shifted: Lists;
  private readonly buffer: RowBuffer;
  /** By product, all zero between calls. */
  private readonly counts: Int32Array;

  /** Slots are modulo `period`. */
  constructor(matrix: AffineMap, input: Layout, { giants, babies }: Kernel, period: number) {
    this.matrix = matrix;
    this.period = period;
    this.inputs = input.ciphertexts;
    this.babies = babies.length;
    this.places = listsBy(elementsOfPeriod(input, period), matrix.columns);
    const shifts = giants.flatMap((giant) => babies.map((baby) => modulo(giant + baby, period)));
    const { starts, items } = listsBy(Int32Array.from(shifts), period);
    const firstOf = (pair: number): number =>
      pair + Math.floor(pair / babies.length) * (this.inputs - 1) * babies.length;
    this.shifted = { starts, items: items.map(firstOf) };
    this.buffer = rowBuffer(matrix);
    this.counts = new Int32Array(giants.length * babies.length * input.ciphertexts);
  }

  /**
   * The entries of the row that each position serves, −1 for none. Undefined where asking takes less: `asked` positions are
   * asked otherwise.
   */
  of(rowOfPosition: Int32Array, asked: number): ReachedEntries | undefined {
    const { matrix, places } = this;
    let entries = 0;
    for (const row of rowOfPosition) if (row >= 0) entries += matrix.count(row);
    const most = entries * Math.max(1, places.items.length / matrix.columns);
    if (most > mostHeld || most * costOfEntry > asked) return undefined;
    const { counts } = this;
    const touched: number[] = [];
    let total = 0;
    this.visit(rowOfPosition, (product) => {
      if (counts[product] === 0) touched.push(product);
      counts[product] = (counts[product] ?? 0) + 1;
      total++;
    });
    const products = Int32Array.from(touched).sort();
    const starts = new Int32Array(products.length + 1);
    for (const [i, product] of products.entries()) {
      starts[i + 1] = (starts[i] ?? 0) + (counts[product] ?? 0);
      counts[product] = starts[i] ?? 0;
    }
    const [positions, ordinals, weights] = [new Int32Array(total), new Int32Array(total), new Int32Array(total)];
    this.visit(rowOfPosition, (product, position, ordinal) => {
      const at = counts[product] ?? 0;
      counts[product] = at + 1;
      positions[at] = position;
      ordinals[at] = ordinal;
      weights[at] = this.buffer.weights[ordinal] ?? 0;
    });
    for (const product of products) counts[product] = 0;
    return { products, starts, positions, ordinals, weights };
  }

  /** The weights of a row by ordinal; only valid until the next call. */
  weightsOf(row: number): Int32Array {
    return this.buffer.weights.subarray(0, this.matrix.readRow(row, this.buffer));
  }

  private visit(rowOfPosition: Int32Array, see: (product: number, position: number, ordinal: number) => void): void {
    const { matrix, buffer, places, shifted, babies, period } = this;
    const wrap = period - 1;
    const ciphertextBits = Math.log2(period);
    for (let position = 0; position < rowOfPosition.length; position++) {
      const row = rowOfPosition[position] ?? -1;
      if (row < 0) continue;
      const count = matrix.readRow(row, buffer);
      for (let k = 0; k < count; k++) {
        const column = buffer.columns[k] ?? 0;
        const lastPlace = places.starts[column + 1] ?? 0;
        for (let p = places.starts[column] ?? 0; p < lastPlace; p++) {
          const place = places.items[p] ?? 0;
          const shift = (place - position) & wrap;
          const ofCiphertext = (place >> ciphertextBits) * babies;
          const last = shifted.starts[shift + 1] ?? 0;
          for (let i = shifted.starts[shift] ?? 0; i < last; i++)
            see((shifted.items[i] ?? 0) + ofCiphertext, position, k);
        }
      }
    }
  }
}

function elementsOfPeriod(input: Layout, period: number): Int32Array {
  const elements = input.elementMap();
  const slots = input.virtualSlots;
  if (period === slots) return elements;
  const first = new Int32Array(input.ciphertexts * period);
  for (let c = 0; c < input.ciphertexts; c++) first.set(elements.subarray(c * slots, c * slots + period), c * period);
  return first;
}

/** The indices of `keys` that have each key below `count`, ascending; what is −1 is left out. */
function listsBy(keys: Int32Array, count: number): Lists {
  const starts = new Int32Array(count + 1);
  for (const key of keys) if (key >= 0) starts[key + 1] = (starts[key + 1] ?? 0) + 1;
  for (let key = 0; key < count; key++) starts[key + 1] = (starts[key + 1] ?? 0) + (starts[key] ?? 0);
  const next = starts.slice();
  const items = new Int32Array(starts[count] ?? 0);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] ?? -1;
    if (key < 0) continue;
    const at = next[key] ?? 0;
    items[at] = i;
    next[key] = at + 1;
  }
  return { starts, items };
}
