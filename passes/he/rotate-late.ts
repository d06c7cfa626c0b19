/** Rotations move below the rescale or mod-switch that follows them. */
import { z } from 'zod';

import { HE } from '../../ir/he/ops.ts';
import { lowersLevel, nameOf } from '../../ir/he/traits.ts';
import { useCounts } from '../../ir/he/operands.ts';
import { dropUnused } from './drop-unused.ts';
import { HeRewriter } from '../base/he-rewriter.ts';
import { definePass } from '../base/pass.ts';

export const rotateLate = definePass({
  name: 'rotate-late',
  level: 'he',
  doc:
    'Moves rotations below the rescale or mod-switch that follows them, where nothing else reads the rotated value: ' +
    'a key switch costs about the square of the primes that are left.',
  options: z.strictObject({}),
  requires: ['unmanaged'],
  ensures: [],
  statistics: { moved: 'rotations that run at a lower level than before' },
  run: (module) => {
    const { op, a, imm } = module.columns;
    const uses = useCounts(module.columns);
    const rewriter = new HeRewriter(module);
    let moved = 0;
    for (let id = 0; id < op.length; id++) {
      const rotation = a[id] ?? -1;
      const code = op[id] ?? 0;
      if (!lowersLevel(code) || op[rotation] !== HE.rotate || uses[rotation] !== 1) {
        rewriter.keep(id);
        continue;
      }
      moved++;
      const lower = rewriter.insert(id, nameOf(code), { a: rewriter.at(a[rotation] ?? -1) });
      rewriter.replace(id, rewriter.insert(rotation, 'rotate', { a: lower, imm: imm[rotation] ?? 0 }));
    }
    return { module: dropUnused(rewriter.finish()), statistics: { moved } };
  },
});
