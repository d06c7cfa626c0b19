/** Pass `group-rotations`: see its declaration. */
import { z } from 'zod';

import { HE } from '../../ir/he/ops.ts';
import { HeRewriter } from './he-rewriter.ts';
import { definePass } from '../base/pass.ts';

export const groupRotations = definePass({
  name: 'group-rotations',
  level: 'he',
  doc:
    'Lets the rotations of one value by two or more different steps share one `rotate-many`, so that an engine can ' +
    'hoist: decompose the value once for all their key switches (Halevi and Shoup, CRYPTO 2018). Levels must be ' +
    'assigned and keys selected before, as neither puts anything between a value and its rotations afterwards. An ' +
    'engine that cannot hoist gains nothing and loses nothing.',
  options: z.strictObject({}),
  requires: ['managed'],
  ensures: [],
  statistics: {
    groups: 'values that are decomposed once for several rotations',
    rotations: 'rotations of such values',
  },
  run: (module) => {
    const { op, a, imm, level, scale, size } = module.columns;
    const stepsOf = new Map<number, Set<number>>();
    for (let id = 0; id < op.length; id++) {
      const source = a[id] ?? -1;
      if (op[id] !== HE.rotate || op[source] === HE['rotate-many']) continue;
      stepsOf.set(source, (stepsOf.get(source) ?? new Set()).add(imm[id] ?? 0));
    }
    const rewriter = new HeRewriter(module);
    /** By source: its `rotate-many`. */
    const grouped = new Map<number, number>();
    let rotated = 0;
    for (let id = 0; id < op.length; id++) {
      const source = a[id] ?? -1;
      if (op[id] !== HE.rotate || (stepsOf.get(source)?.size ?? 0) < 2) {
        rewriter.keep(id);
        continue;
      }
      const type = { level: level[id] ?? 0, scale: scale[id] ?? 0, size: size[id] ?? 2 };
      const many = grouped.get(source) ?? rewriter.insert(source, 'rotate-many', { a: rewriter.at(source), ...type });
      grouped.set(source, many);
      rewriter.replace(id, rewriter.insert(id, 'rotate', { a: many, imm: imm[id] ?? 0, ...type }));
      rotated++;
    }
    return { module: rewriter.finish(), statistics: { groups: grouped.size, rotations: rotated } };
  },
});
