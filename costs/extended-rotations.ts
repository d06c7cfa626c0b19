/**
 * Which rotations (as which any automorphism counts) stay in the extended basis (double hoisting: Bossuat, Mouchet, Troncoso-Pastoriza, Hubaux, Eurocrypt
 * 2021): those that only sums read, as factors of products with plaintexts or as they are, so that the one division by
 * the special prime at the end of a sum stands for those of all its rotations. Baby steps are of the first kind, giant
 * steps of the second.
 *
 * Rotations and sums that are connected change together, where that saves transforms: a rotation its division, 2 + 2L
 * of them for L primes; a sum costs as much, or 4 where it is rescaled at once; and a product has a limb more.
 */
import type { HeColumns } from '../ir/he/module.ts';
import { operandsOf } from '../ir/he/operands.ts';
import { isAutomorphism } from '../ir/he/traits.ts';
import { DisjointSets } from '../ir/maths/disjoint-sets.ts';
import { findReaders, type RowReaders } from './row-readers.ts';

/** What the additional limb of a summand costs, in transforms. */
const limbCost = 0.3;

/** Transforms of the second of two divisions in a row, which an engine can do at once. */
const secondDivision = 4;

/** Who reads a program's values, and which of its rotations stay in the extended basis. */
export interface Hoisting {
  readonly readers: RowReaders;
  readonly extended: Uint8Array;
}

/** Columns do not change, and what takes time and what takes memory are asked of the same ones, one after the other. */
const known = new WeakMap<HeColumns, Hoisting>();

export function hoistingOf(columns: HeColumns): Hoisting {
  const before = known.get(columns);
  if (before !== undefined) return before;
  const readers = findReaders(columns);
  const hoisting = { readers, extended: findExtended(columns, readers) };
  known.set(columns, hoisting);
  return hoisting;
}

/** By row: 1 for a rotation that is left in the extended basis. */
export function findExtended(columns: HeColumns, { needed, sumOf, rescaleOf }: RowReaders): Uint8Array {
  const { op, size, level } = columns;
  const rows = op.length;
  const extended = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) if (isAutomorphism(op[row] ?? -1) && needed[row] === 1) extended[row] = 1;
  const reads: { readonly rotation: number; readonly sum: number }[] = [];
  for (let row = 0; row < rows; row++) {
    if (needed[row] !== 1) continue;
    for (const operand of operandsOf(columns, row)) {
      if (!isAutomorphism(op[operand] ?? -1)) continue;
      const sum = sumOf[row] ?? -1;
      if (sum === -1 || size[sum] !== 2) extended[operand] = 0;
      else reads.push({ rotation: operand, sum });
    }
  }

  const division = (row: number): number => 4 + 2 * (level[row] ?? 0);
  const components = new DisjointSets(rows);
  const possible = reads.filter(({ rotation }) => extended[rotation] === 1);
  for (const { rotation, sum } of possible) components.join(rotation, sum);
  const saved = new Float64Array(rows);
  const save = (row: number, transforms: number): void => {
    const component = components.find(row);
    saved[component] = (saved[component] ?? 0) + transforms;
  };
  for (const rotation of new Set(possible.map((read) => read.rotation))) save(rotation, division(rotation));
  for (const sum of new Set(possible.map((read) => read.sum)))
    save(sum, -(rescaleOf[sum] === -1 ? division(sum) : secondDivision));
  for (const { sum } of possible) save(sum, -limbCost);
  for (let row = 0; row < rows; row++)
    if (extended[row] === 1 && (saved[components.find(row)] ?? 0) <= 0) extended[row] = 0;
  return extended;
}
