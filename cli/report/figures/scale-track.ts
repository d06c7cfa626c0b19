/** The deepest way through a program: where it is rescaled, at which scales, and the bits of modulus that are left. */
import { dividesScale, isOutput, usesValueA, usesValueB } from '../../../ir/he/traits.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import type { Layers } from '../../../ir/he/layers.ts';

/** Values of the same layer, level and scale that follow one another. */
export interface TrackStop {
  /** Index of the layer. */
  readonly layer: number;
  readonly level: number;
  readonly scaleBits: number;
  /** Bits of each prime of the level, from the first. */
  readonly primeBits: readonly number[];
  /** Of the modulus above the scale: room for values, and for what is still to be multiplied. */
  readonly roomBits: number;
  /** Operations of the way. */
  readonly operations: number;
}

/** From an input on, in the order of the program. Scales are those after what is done at the level. */
export function scaleTrack({ columns, parameters }: Plan['program'], layers: Layers): TrackStop[] {
  const { level, scale } = columns;
  const bits = parameters.primes.map(Math.log2);
  const stops: TrackStop[] = [];
  for (const row of deepestWay(columns)) {
    const layer = layers.ofRow[row] ?? 0;
    const scaleBits = Math.log2(scale[row] ?? 1);
    const primeBits = bits.slice(0, (level[row] ?? 0) + 1);
    const roomBits = primeBits.reduce((sum, each) => sum + each, 0) - scaleBits;
    const last = stops.at(-1);
    const isSame = last?.layer === layer && last.level === level[row] && Math.abs(last.scaleBits - scaleBits) < 0.5;
    if (isSame) stops.pop();
    const operations = 1 + (isSame ? last.operations : 0);
    stops.push({ layer, level: level[row] ?? 0, scaleBits, primeBits, roomBits, operations });
  }
  return stops;
}

/** Rows from an input to an output with the most rescales between them, and of these ways one with many operations. */
function deepestWay({ op, a, b }: Plan['program']['columns']): number[] {
  const depth = new Int32Array(op.length);
  const length = new Int32Array(op.length);
  const before = new Int32Array(op.length).fill(-1);
  let end = -1;
  const isDeeper = (x: number, y: number): boolean =>
    y === -1 || (depth[x] ?? 0) > (depth[y] ?? 0) || (depth[x] === depth[y] && (length[x] ?? 0) > (length[y] ?? 0));
  for (const [row, code] of op.entries()) {
    const operands = [...(usesValueA(code) ? [a[row] ?? 0] : []), ...(usesValueB(code) ? [b[row] ?? 0] : [])];
    for (const operand of operands) if (isDeeper(operand, before[row] ?? -1)) before[row] = operand;
    const from = before[row] ?? -1;
    depth[row] = (from === -1 ? 0 : (depth[from] ?? 0)) + Number(dividesScale(code));
    length[row] = from === -1 ? 1 : (length[from] ?? 0) + 1;
    if (isOutput(code) && isDeeper(row, end)) end = row;
  }
  const way: number[] = [];
  for (let row = end; row !== -1; row = before[row] ?? -1) way.push(row);
  return way.reverse();
}
