/** Every value is computed once. */
import { z } from 'zod';

import { isInput, isOutput, usesValueA, usesValueB } from '../../ir/he/traits.ts';
import { HeRewriter } from '../base/he-rewriter.ts';
import { definePass } from '../base/pass.ts';

export const commonSubexpressions = definePass({
  name: 'common-subexpressions',
  level: 'he',
  doc:
    'Computes every value once: an op with the same operands as an earlier one is replaced by it. Sums and products ' +
    'count as equal in either order. Inputs and outputs stay as they are.',
  options: z.strictObject({}),
  requires: [],
  ensures: [],
  statistics: { merged: 'ops replaced by an earlier one' },
  run: (module) => {
    const rewriter = new HeRewriter(module);
    const { op, a, b, imm, level, scale, plainScale } = module.columns;
    const table = new ValueTable(op.length);
    let merged = 0;
    for (let id = 0; id < op.length; id++) {
      const code = op[id] ?? 0;
      if (isInput(code) || isOutput(code)) {
        rewriter.keep(id);
        continue;
      }
      let x = usesValueA(code) ? rewriter.at(a[id] ?? -1) : (a[id] ?? -1);
      let y = usesValueB(code) ? rewriter.at(b[id] ?? -1) : (b[id] ?? -1);
      if (usesValueB(code) && x > y) [x, y] = [y, x];
      // Products may have scales that differ by a rounding, and what is added to them the scale of one of them.
      const exact = [level[id] ?? 0, scale[id] ?? 0, plainScale[id] ?? 0];
      const known = table.findOrClaim([code, x, y, imm[id] ?? 0, ...exact]);
      if (known === undefined) table.settle(rewriter.keep(id));
      else {
        rewriter.replace(id, known);
        merged++;
      }
    }
    return { module: rewriter.finish(), statistics: { merged } };
  },
});

/** Open addressing over rows of numbers: a million ops must not become a million strings. */
class ValueTable {
  private readonly width = 7;
  private readonly mask: number;
  private readonly rows: Float64Array;
  private readonly values: Int32Array;
  private claimed = 0;

  constructor(expected: number) {
    const size = 2 ** Math.ceil(Math.log2(2 * expected + 16));
    this.mask = size - 1;
    this.rows = new Float64Array(size * this.width);
    this.values = new Int32Array(size).fill(-1);
  }

  /** The value stored for `row`; otherwise undefined, and the place is kept for `settle`. */
  findOrClaim(row: readonly number[]): number | undefined {
    let hash = 0;
    for (const x of row) hash = (Math.imul(hash, 0x9e3779b1) + Math.imul(x | 0, 0x85ebca6b)) | 0;
    let slot = (hash ^ (hash >>> 15)) & this.mask;
    for (; this.values[slot] !== -1; slot = (slot + 1) & this.mask) {
      if (row.every((x, i) => this.rows[slot * this.width + i] === x)) return this.values[slot];
    }
    this.rows.set(row, slot * this.width);
    this.claimed = slot;
    return undefined;
  }

  settle(value: number): void {
    this.values[this.claimed] = value;
  }
}
