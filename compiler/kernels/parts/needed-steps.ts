/**
 * The rotations that a matrix needs between two layouts. Only the first copy of every row is looked at: further copies
 * have the same steps where they stand at multiples of the operand's period, or where folds or copies of the operand
 * cover the bits in which they differ.
 */
import { rowBuffer } from '../../../ir/tensor/affine-map.ts';
import { WindowMap } from '../../../ir/tensor/window-map.ts';
import type { Layout } from '../../../ir/tile/layout.ts';
import type { LinearProblem } from './kernel-option.ts';
import { addRest, wordsFor } from './rest-set.ts';
import { StepTable } from './steps.ts';
import { noteWindowSteps } from './window-steps.ts';

export function neededSteps({ map, slots }: LinearProblem, input: Layout, output: Layout): StepTable {
  const V = output.virtualSlots;
  const rowPlaces = output.firstPlaces();
  const stride = regularStride(input);
  const table = new StepTable(input.ciphertexts, V, input.period, stride ?? 1, slots.hoists);
  const columnPlaces = input.firstPlaces();
  const perTile = V / (stride ?? 1);
  const own = ownBits(input);
  if (map instanceof WindowMap && noteWindowSteps(table, map, input, output, own)) return table;
  const buffer = rowBuffer(map);
  /** By input ciphertext all slots with elements; of rows that read all of them, what they start from. */
  let allColumns: Map<number, Int32Array> | undefined;
  const whole = new Set<number>();
  for (let row = 0; row < map.rows; row++) {
    const place = rowPlaces[row] ?? 0;
    const s = place & (V - 1);
    const o = (place - s) / V;
    const from = -(s & ~own);
    const start = stride === undefined ? -1 : map.runStart(row);
    if (stride !== undefined && start >= 0) {
      const last = start + map.count(row);
      for (let column = start; column < last;) {
        const c = Math.floor(column / perTile);
        const stop = Math.min(last, (c + 1) * perTile);
        table.noteRun(o, c, (column - c * perTile) * stride + from, stop - column);
        column = stop;
      }
      continue;
    }
    if (map.runStart(row) === 0 && map.count(row) === map.columns) {
      // Rows that read all elements differ in where they stand alone.
      const key = o * input.period + (from & (input.period - 1));
      if (whole.has(key)) continue;
      whole.add(key);
      allColumns ??= slotsOfElements(input);
      for (const [c, slots] of allColumns) table.noteMoved(o, c, slots, from);
      continue;
    }
    const count = map.readRow(row, buffer);
    for (let k = 0; k < count; k++) {
      const q = columnPlaces[buffer.columns[k] ?? 0] ?? 0;
      const slot = q & (V - 1);
      table.note(o, (q - slot) / V, slot + from);
    }
  }
  return table;
}

/** By ciphertext the slots of first places, modulo the period. */
function slotsOfElements(layout: Layout): Map<number, Int32Array> {
  const { period, virtualSlots } = layout;
  const sets = new Map<number, Int32Array>();
  for (const place of layout.firstPlaces()) {
    const slot = place & (virtualSlots - 1);
    const ciphertext = (place - slot) / virtualSlots;
    let set = sets.get(ciphertext);
    if (set === undefined) sets.set(ciphertext, (set = new Int32Array(wordsFor(period))));
    addRest(set, slot & (period - 1));
  }
  return sets;
}

/**
 * Bits of a step in which operands hold copies and above which everything is folded: rotating by them changes nothing
 * but where a sum comes from.
 */
export function freeBits(input: Layout, folded: number): number {
  let free = 0;
  let stride = input.virtualSlots;
  for (const dim of input.dims) {
    const bits = stride - stride / dim.t;
    stride /= dim.t;
    if (dim.duplicated) free |= bits;
    else if ((bits & ~folded) !== 0) break;
  }
  return free & (input.period - 1);
}

/**
 * Bits of a slot inside of the period in which a layout holds copies. Slot s reads the copy in its own part of the tile, as
 * if it stood at s without these bits.
 */
export function ownBits(layout: Layout): number {
  return copyBits(layout) & (layout.period - 1);
}

/** Bits of a slot in which a layout holds copies. */
export function copyBits(layout: Layout): number {
  let bits = 0;
  let stride = layout.virtualSlots;
  for (const dim of layout.dims) {
    if (dim.duplicated) bits |= stride - stride / dim.t;
    stride /= dim.t;
  }
  return bits;
}

/** The distance between neighbouring elements of a layout where they stand evenly; undefined for any other. */
export function regularStride(layout: Layout): number | undefined {
  const last = layout.dims.at(-1);
  const stride = last !== undefined && last.n === 1 ? last.t : 1;
  const perTile = layout.virtualSlots / stride;
  const regular = layout.firstPlaces().every((place, element) => {
    const position = element % perTile;
    return place === (element - position) * stride + position * stride;
  });
  return regular ? stride : undefined;
}
