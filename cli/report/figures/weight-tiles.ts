/**
 * The weight tiles of a plan, as its program multiplies by them: for each layer a grid of output ciphertexts by pairs of
 * input ciphertext and step. A program holds products, not grids, so both are found by following the products: up
 * through rotations to the ciphertext that is read, and down through sums to the one that the layer ends in.
 */
import type { HeModule } from '../../../ir/he/module.ts';
import { plaintextAt, plaintextRow } from '../../../ir/he/plaintexts.ts';
import {
  isCipherProduct,
  isInput,
  isOutput,
  isPlainProduct,
  isWeight,
  keepsSlots,
  permutesSlots,
  usesValueA,
  usesValueB,
} from '../../../ir/he/traits.ts';
import { modulo } from '../../../ir/maths/modular.ts';
import type { Layers } from '../../../ir/he/layers.ts';

export interface Product {
  readonly row: number;
  readonly column: number;
  /** Root mean square of the weights of the tile, zeros included. */
  readonly magnitude: number;
}

export interface LayerTiles {
  /** Index of the layer. */
  readonly layer: number;
  /** Output ciphertexts. */
  readonly rows: number;
  /** Pairs of input ciphertext and step. */
  readonly columns: number;
  readonly inputs: number;
  readonly products: readonly Product[];
}

/** Of every layer that multiplies by weights, in the order of the network. */
export function weightTiles(program: HeModule, layers: Layers): LayerTiles[] {
  const { op, a, b, origin } = program.columns;
  const found = new Map<number, FoundProduct[]>();
  const sources = readFrom(program);
  const ends = writtenTo(program, layers);
  const magnitudeOf = magnitudes(program);
  for (let row = 0; row < op.length; row++) {
    const weight = weightOf(program, row);
    if (weight === undefined) continue;
    const layer = layers.ofOrigin[origin[row] ?? 0] ?? 0;
    const isSwapped = isCipherProduct(op[row] ?? -1) && isWeight(op[a[row] ?? 0] ?? -1);
    const operand = (isSwapped ? b[row] : a[row]) ?? 0;
    const list = found.get(layer) ?? [];
    found.set(layer, list);
    list.push({
      source: sources.value[operand] ?? 0,
      baby: sources.step[operand] ?? 0,
      giant: ends.step[row] ?? 0,
      end: ends.value[row] ?? 0,
      magnitude: magnitudeOf(weight),
    });
  }
  return Array.from(found, ([layer, products]) => ({ layer, ...gridOf(program, products) })).sort(
    (x, y) => x.layer - y.layer,
  );
}

interface FoundProduct {
  /** Value that is read, before and after all rotations. */
  readonly source: number;
  readonly end: number;
  readonly baby: number;
  readonly giant: number;
  readonly magnitude: number;
}

function gridOf({ columns, slots }: HeModule, products: readonly FoundProduct[]): Omit<LayerTiles, 'layer'> {
  const { op, imm } = columns;
  const place = (value: number): number => (isInput(op[value] ?? -1) ? (imm[value] ?? 0) - op.length : value);
  const rows = numbering(products.map(({ end }) => end));
  const inputs = numbering(products.map(({ source }) => place(source)));
  const column = ({ source, giant, baby }: FoundProduct): number =>
    ((inputs.get(place(source)) ?? 0) * slots + modulo(giant, slots)) * slots + modulo(baby, slots);
  const columnNumbers = numbering(products.map(column));
  return {
    rows: rows.size,
    columns: columnNumbers.size,
    inputs: inputs.size,
    products: products.map((product) => ({
      row: rows.get(product.end) ?? 0,
      column: columnNumbers.get(column(product)) ?? 0,
      magnitude: product.magnitude,
    })),
  };
}

/** The distinct keys in ascending order, from 0. */
function numbering(keys: readonly number[]): ReadonlyMap<number, number> {
  const ascending = Float64Array.from(new Set(keys)).sort();
  return new Map(Array.from(ascending, (key, i) => [key, i]));
}

/** The plaintext that a row multiplies by, in the clear or encrypted. */
function weightOf({ columns: { op, a, b } }: HeModule, row: number): number | undefined {
  const code = op[row] ?? -1;
  if (isPlainProduct(code)) return b[row] ?? 0;
  if (!isCipherProduct(code)) return undefined;
  const encrypted = [a[row] ?? 0, b[row] ?? 0].find((operand) => isWeight(op[operand] ?? -1));
  return encrypted === undefined ? undefined : (a[encrypted] ?? 0);
}

function magnitudes({ plaintexts, packed }: HeModule): (plaintext: number) => number {
  const known = new Map<number, number>();
  return (id) => {
    const found = known.get(id);
    if (found !== undefined) return found;
    const row = plaintextRow(packed, plaintextAt(plaintexts, id));
    let squares = 0;
    for (const weight of row) squares += weight * weight;
    const magnitude = Math.sqrt(squares / row.length);
    known.set(id, magnitude);
    return magnitude;
  };
}

interface Followed {
  /** By value: where it comes from, or goes to. */
  readonly value: Int32Array;
  /** By value: the steps of the rotations on the way. */
  readonly step: Int32Array;
}

/** What every value is a rotation of, whatever its level. */
function readFrom({ columns: { op, a, imm } }: HeModule): Followed {
  const value = Int32Array.from(op.keys());
  const step = new Int32Array(op.length);
  for (const [row, code] of op.entries()) {
    if (!permutesSlots(code) && !keepsSlots(code)) continue;
    const operand = a[row] ?? 0;
    value[row] = value[operand] ?? 0;
    step[row] = (step[operand] ?? 0) + (permutesSlots(code) ? (imm[row] ?? 0) : 0);
  }
  return { value, step };
}

/**
 * The value in which every value ends up without leaving its layer. Where a value is rotated and added to itself, that
 * is a fold: what is not rotated is followed.
 */
function writtenTo({ columns }: HeModule, layers: Layers): Followed {
  const { op, a, b, imm } = columns;
  const next = new Int32Array(op.length).fill(-1);
  const follow = (operand: number, row: number): void => {
    if (layers.ofRow[operand] !== layers.ofRow[row]) return;
    const known = next[operand] ?? -1;
    if (known === -1 || permutesSlots(op[known] ?? 0)) next[operand] = row;
  };
  for (const [row, code] of op.entries()) {
    if (isOutput(code) || isCipherProduct(code)) continue;
    if (usesValueA(code)) follow(a[row] ?? 0, row);
    if (usesValueB(code)) follow(b[row] ?? 0, row);
  }
  const value = Int32Array.from(op.keys());
  const step = new Int32Array(op.length);
  for (let row = op.length - 1; row >= 0; row--) {
    const after = next[row] ?? -1;
    if (after === -1) continue;
    value[row] = value[after] ?? 0;
    step[row] = (step[after] ?? 0) + (permutesSlots(op[after] ?? 0) ? (imm[after] ?? 0) : 0);
  }
  return { value, step };
}
