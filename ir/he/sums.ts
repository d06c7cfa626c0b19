/**
 * Sums of more than two ciphertexts: trees of `add`. Ciphertexts are added modulo the primes, so that neither the order
 * of the terms nor the shape of the tree changes a bit of the result.
 */
import type { HeColumns } from './module.ts';
import { useCounts } from './operands.ts';
import { isSum } from './traits.ts';

export interface Sums {
  /** By the `add` that ends a sum: its terms from left to right, at least two; one may occur twice. */
  readonly terms: ReadonlyMap<number, readonly number[]>;
  /** 1 for every `add` within a sum that does not end it. */
  readonly inner: Uint8Array;
}

/** The largest sums of the adds that are `part` of one, of which all but the last are read by the next alone. */
export function findSums(columns: HeColumns, part: (row: number) => boolean = () => true): Sums {
  const { op, a, b } = columns;
  const rows = op.length;
  const uses = useCounts(columns);
  const adds: number[] = [];
  for (let row = 0; row < rows; row++) if (isSum(op[row] ?? -1) && part(row)) adds.push(row);
  const isPart = new Uint8Array(rows);
  for (const row of adds) isPart[row] = 1;
  const inner = new Uint8Array(rows);
  for (const row of adds) {
    for (const x of [a[row] ?? -1, b[row] ?? -1]) if (isPart[x] === 1 && uses[x] === 1) inner[x] = 1;
  }
  const terms = new Map<number, readonly number[]>();
  for (const root of adds) {
    if (inner[root] === 1) continue;
    const list: number[] = [];
    const stack = [root];
    for (let row = stack.pop(); row !== undefined; row = stack.pop()) {
      if (row === root || inner[row] === 1) stack.push(b[row] ?? -1, a[row] ?? -1);
      else list.push(row);
    }
    terms.set(root, list);
  }
  return { terms, inner };
}
