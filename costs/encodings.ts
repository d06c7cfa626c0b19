/**
 * Which encodings of plaintexts a program needs: one for each plaintext, scale, level and whether it is a factor, for what
 * is added may be zero and a factor must not. Some engines hold one for all levels: its limbs are a prefix of those at a
 * higher level.
 */
import type { HeColumns } from '../ir/he/module.ts';
import { isProduct, usesPlaintextB } from '../ir/he/traits.ts';

export interface Encoding {
  readonly plaintext: number;
  /** The highest that it is used at. */
  readonly level: number;
  readonly scale: number;
  /** Whether it is a factor of a product, which must not be zero. */
  readonly factor: boolean;
}

export interface Encodings {
  /** In the order of their first use. */
  readonly list: readonly Encoding[];
  /** By position in the rows that were asked for: index in `list`, −1 for rows without a plaintext. */
  readonly ofPosition: Int32Array;
}

export interface EncodingOptions {
  /** Default all of the program. */
  readonly rows?: Int32Array;
  /** Whether one at the highest level serves all levels. */
  readonly sharesLevels: boolean;
}

export function collectEncodings(
  { op, b, level, plainScale }: Pick<HeColumns, 'op' | 'b' | 'level' | 'plainScale'>,
  { rows, sharesLevels }: EncodingOptions,
): Encodings {
  const count = rows?.length ?? op.length;
  const list: Encoding[] = [];
  /** By scale, since few differ; then by plaintext, level and kind. */
  const known = new Map<number, Map<number, number>>();
  const ofPosition = new Int32Array(count).fill(-1);
  for (let position = 0; position < count; position++) {
    const row = rows?.[position] ?? position;
    const code = op[row] ?? 0;
    if (!usesPlaintextB(code)) continue;
    const own = level[row] ?? 0;
    const scale = plainScale[row] ?? 0;
    const plaintext = b[row] ?? 0;
    const factor = isProduct(code);
    const ofScale = known.get(scale) ?? new Map<number, number>();
    known.set(scale, ofScale);
    const key = (plaintext * 256 + (sharesLevels ? 0 : own)) * 2 + Number(factor);
    const index = ofScale.get(key);
    if (index === undefined) {
      ofPosition[position] = list.length;
      ofScale.set(key, list.length);
      list.push({ plaintext, level: own, scale, factor });
      continue;
    }
    ofPosition[position] = index;
    const before = list[index];
    if (before !== undefined && before.level < own) list[index] = { ...before, level: own };
  }
  return { list, ofPosition };
}

/**
 * Which encodings to keep in so much room: those that save the most time for their sizes, as far as they fit.
 * @param saved by encoding: what all of its uses save
 * @param sizes by encoding, in the unit of the room
 * @returns 1 for those that are kept
 */
export function worthKeeping(saved: Float64Array, sizes: ArrayLike<number>, room: number): Uint8Array {
  const isKept = new Uint8Array(saved.length);
  const worth = saved.map((cost, index) => cost / (sizes[index] ?? 1));
  let left = room;
  for (const index of Array.from(saved.keys()).sort((x, y) => (worth[y] ?? 0) - (worth[x] ?? 0) || x - y)) {
    const size = sizes[index] ?? 0;
    if (size > left) continue;
    left -= size;
    isKept[index] = 1;
  }
  return isKept;
}
