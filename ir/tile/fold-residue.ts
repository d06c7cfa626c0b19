/** What the folds of a kernel leave beside the elements of its result. */
import { modulo } from '../maths/modular.ts';
import type { Layout } from './layout.ts';

/** Answers by layout and folds: layouts outlive the passes that ask about them again and again. */
const answers = new WeakMap<Layout, Map<string, boolean>>();

/**
 * Whether folds bring weights to a slot that the layout says holds zero. As `place-weights.ts` has it, a position that lies
 * a sum of folds behind the slots of one row alone may hold weights of that row, and every slot receives what stands a sum
 * of folds before it. Without folds nothing is left: there a position holds weights only where an element stands.
 */
export function foldsReachZeros(layout: Layout, folds: readonly number[]): boolean {
  if (folds.length === 0) return false;
  const known = answers.get(layout) ?? new Map<string, boolean>();
  answers.set(layout, known);
  const key = folds.join();
  let answer = known.get(key);
  if (answer === undefined) known.set(key, (answer = reachesZeros(layout, folds)));
  return answer;
}

const noRow = -1;
const severalRows = -2;

function reachesZeros(layout: Layout, folds: readonly number[]): boolean {
  const { virtualSlots: slots, ciphertexts } = layout;
  const elements = layout.elementMap();
  const unknown = layout.unknownSlots();
  const isZero = (place: number): boolean => elements[place] === noRow && unknown[place] === 0;
  if (!elements.some((_, place) => isZero(place))) return false;
  for (let c = 0; c < ciphertexts; c++) {
    // The row that each position serves: spread by one fold after another, it reaches all sums of folds.
    let rows = elements.slice(c * slots, (c + 1) * slots);
    for (const fold of folds) {
      const step = modulo(fold, slots);
      const spread = rows.slice();
      for (let u = 0; u < slots; u++) {
        const row = rows[(u - step + slots) % slots] ?? noRow;
        const own = rows[u] ?? noRow;
        if (row !== noRow && row !== own) spread[u] = own === noRow ? row : severalRows;
      }
      rows = spread;
    }
    let reached = Uint8Array.from(rows, (row) => (row >= 0 ? 1 : 0));
    for (const fold of folds) {
      const step = modulo(fold, slots);
      const spread = reached.slice();
      for (let s = 0; s < slots; s++) if (reached[(s + step) % slots] === 1) spread[s] = 1;
      reached = spread;
    }
    for (let s = 0; s < slots; s++) if (reached[s] === 1 && isZero(c * slots + s)) return true;
  }
  return false;
}
