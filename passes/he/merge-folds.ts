/** Two folds in a row become one sum of three rotations, which hoist. */
import { z } from 'zod';

import type { HeColumns } from '../../ir/he/module.ts';
import { useCounts } from '../../ir/he/operands.ts';
import { HE } from '../../ir/he/ops.ts';
import { HeRewriter } from '../base/he-rewriter.ts';
import { definePass } from '../base/pass.ts';

export const mergeFolds = definePass({
  name: 'merge-folds',
  level: 'he',
  doc:
    'Turns two folds in a row, y = x + rotate(x, a) and y + rotate(y, b), into x + rotate(x, a) + rotate(x, b) + ' +
    'rotate(x, a + b): three rotations of one value in place of two that wait for each other. An engine that hoists ' +
    'decomposes x once and divides the sum once, which is a third less than two rotations (Bossuat et al., Eurocrypt ' +
    '2021); any other engine loses half of a fold, so the compiler runs this for engines that hoist alone, and not ' +
    'where keys are scarce, since it takes a key more. Levels must be assigned, so that nothing comes between folds ' +
    'afterwards.',
  options: z.strictObject({}),
  requires: ['managed'],
  ensures: [],
  statistics: { merged: 'pairs of folds that became one sum' },
  run: (module) => {
    const { columns, slots } = module;
    const pairs = findPairs(columns, slots);
    if (pairs.size === 0) return { module, statistics: { merged: 0 } };
    const { level, scale, size } = columns;
    const dropped = new Set([...pairs.values()].flatMap(({ first, rotations }) => [first, ...rotations]));
    const rewriter = new HeRewriter(module);
    for (let id = 0; id < columns.op.length; id++) {
      if (dropped.has(id)) continue;
      const pair = pairs.get(id);
      if (pair === undefined) {
        rewriter.keep(id);
        continue;
      }
      const type = { level: level[id] ?? 0, scale: scale[id] ?? 0, size: size[id] ?? 2 };
      const x = rewriter.at(pair.source);
      const sum = pair.steps.reduce((partial, imm) => {
        const rotated = rewriter.insert(id, 'rotate', { a: x, imm, ...type });
        return rewriter.insert(id, 'add', { a: partial, b: rotated, ...type });
      }, x);
      rewriter.replace(id, sum);
    }
    return { module: rewriter.finish(), statistics: { merged: pairs.size } };
  },
});

/** A sum of a value and its rotation, which nothing else reads. */
interface Fold {
  readonly source: number;
  readonly rotation: number;
  readonly step: number;
}

interface Pair {
  readonly source: number;
  /** The sum of the first fold, and both rotations: they go. */
  readonly first: number;
  readonly rotations: readonly number[];
  readonly steps: readonly number[];
}

/** By the row that ends the second fold. Each fold is in one pair at most, the earlier ones first. */
function findPairs(columns: HeColumns, slots: number): Map<number, Pair> {
  const uses = useCounts(columns);
  const folds = new Map<number, Fold>();
  const pairs = new Map<number, Pair>();
  for (let id = 0; id < columns.op.length; id++) {
    const second = foldAt(columns, uses, id);
    if (second === undefined) continue;
    const first = folds.get(second.source);
    const both = ((first?.step ?? 0) + second.step) % slots;
    // Its sum and its rotation alone read the first fold.
    if (first === undefined || uses[second.source] !== 2 || both === 0) {
      folds.set(id, second);
      continue;
    }
    folds.delete(second.source);
    pairs.set(id, {
      source: first.source,
      first: second.source,
      rotations: [first.rotation, second.rotation],
      steps: [first.step, second.step, both],
    });
  }
  return pairs;
}

function foldAt({ op, a, b, imm }: HeColumns, uses: Int32Array, id: number): Fold | undefined {
  if (op[id] !== HE.add) return undefined;
  const [x, y] = [a[id] ?? -1, b[id] ?? -1];
  for (const [source, rotation] of [
    [x, y],
    [y, x],
  ] as const) {
    if (op[rotation] === HE.rotate && a[rotation] === source && uses[rotation] === 1)
      return { source, rotation, step: imm[rotation] ?? 0 };
  }
  return undefined;
}
