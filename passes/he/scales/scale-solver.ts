/**
 * Exact scales of values that must agree.
 *
 * Values whose scales have a fixed ratio form a class (addition: 1; rescale: the prime; a product with a value of known
 * scale: that scale). A class is free until one of its scales is fixed; whoever encodes a plaintext in it, or encrypts
 * an input, follows. Two classes that are to be joined although both are fixed, at different scales, are in conflict.
 * A weighted union-find: scale(v) = ratio(v) · scale(root).
 */
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';

/** Scales that differ by less are the same but for the rounding of doubles. */
const sameScale = 2 ** -45;

export class ScaleSolver {
  private readonly parent: Int32Array;
  private readonly ratio: Float64Array;
  /** Scale of each root, 0 while the class is free. */
  private readonly scale: Float64Array;

  constructor(values: number) {
    this.parent = Int32Array.from({ length: values }, (_, id) => id);
    this.ratio = new Float64Array(values).fill(1);
    this.scale = new Float64Array(values);
  }

  /** The scale of a value, undefined while its class is free. */
  known(value: number): number | undefined {
    const root = this.find(value);
    const scale = this.scale[root] ?? 0;
    return scale === 0 ? undefined : scale * (this.ratio[value] ?? 1);
  }

  /** Fixes the scale of a free value; of a fixed one, says whether it has this scale. */
  fix(value: number, scale: number): boolean {
    const known = this.known(value);
    if (known !== undefined) return isSame(known, scale);
    this.scale[this.find(value)] = scale / (this.ratio[value] ?? 1);
    return true;
  }

  /** Demands scale(a) = ratio · scale(b). False where that contradicts what is known. */
  relate(a: number, b: number, ratio: number): boolean {
    const rootA = this.find(a);
    const rootB = this.find(b);
    const ratioA = this.ratio[a] ?? 1;
    const ratioB = this.ratio[b] ?? 1;
    // scale(rootA) = between · scale(rootB)
    const between = (ratio * ratioB) / ratioA;
    if (rootA === rootB) return isSame(between, 1);
    const scaleA = this.scale[rootA] ?? 0;
    const scaleB = this.scale[rootB] ?? 0;
    if (scaleA !== 0 && scaleB !== 0 && !isSame(scaleA, between * scaleB)) return false;
    this.parent[rootA] = rootB;
    this.ratio[rootA] = between;
    if (scaleB === 0 && scaleA !== 0) this.scale[rootB] = scaleA / between;
    return true;
  }

  /** The scale of a value whose class has been fixed. */
  get(value: number): number {
    const scale = this.known(value);
    if (scale === undefined) throw new InternalError(`the scale of %${value} was never fixed`);
    return scale;
  }

  private find(value: number): number {
    let root = value;
    let ratio = 1;
    for (let up = this.parent[root] ?? root; up !== root; up = this.parent[root] ?? root) {
      ratio *= this.ratio[root] ?? 1;
      root = up;
    }
    for (let at = value; at !== root;) {
      const up = this.parent[at] ?? root;
      const own = this.ratio[at] ?? 1;
      this.parent[at] = root;
      this.ratio[at] = ratio;
      ratio /= own;
      at = up;
    }
    return root;
  }
}

function isSame(a: number, b: number): boolean {
  return Math.abs(a - b) <= sameScale * Math.max(a, b);
}
