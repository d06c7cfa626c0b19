/** Which rotation steps get a Galois key; the others are composed. */
import { z } from 'zod';

import { keyNeeds } from '../../ir/he/keys.ts';
import { hasStep, nameOf } from '../../ir/he/traits.ts';
import { keyHeapExpansion, switchingKeyBytes } from '../../ir/parameters.ts';
import { composeSteps, keysOf } from './compose-steps.ts';
import { HeRewriter } from './he-rewriter.ts';
import { definePass } from '../base/pass.ts';

export const selectKeys = definePass({
  name: 'select-keys',
  level: 'he',
  doc:
    'Chooses the rotation steps that get a Galois key, within a budget of bytes for their copies in a worker (2.2 ' +
    'times their size), and no more than `maxKeys` where that is possible. Where all steps fit, each has its own key. ' +
    'Otherwise rotations are composed: steps are given up one after another that are the sum of two or three others, ' +
    'or the powers of two have a key, so that every step is a composition, and the rest of the budget goes to the steps ' +
    'whose composition would cost the most rotations; whatever takes fewer rotations. Without parameters (an unmanaged ' +
    'program) the budget is not known and nothing changes.',
  options: z.strictObject({
    budgetBytes: z
      .number()
      .positive()
      .default(2.5 * 2 ** 30),
    maxKeys: z.int().positive().optional(),
  }),
  requires: [],
  ensures: [],
  statistics: { keys: 'Galois keys', composed: 'rotations that became several' },
  run: (module, { budgetBytes, maxKeys = Infinity }) => {
    const { op, a, imm, level, scale, size } = module.columns;
    const uses = new Map<number, number>();
    for (let id = 0; id < op.length; id++) {
      if (hasStep(op[id] ?? -1)) uses.set(imm[id] ?? 0, (uses.get(imm[id] ?? 0) ?? 0) + 1);
    }
    // Of automorphisms without a step, which nothing else can make up.
    const others = keyNeeds(module.columns).galoisSteps.length - uses.size;
    const bytes = module.parameters === undefined ? 0 : switchingKeyBytes(module.parameters) * keyHeapExpansion;
    const affordable = bytes === 0 ? Infinity : Math.min(maxKeys, Math.floor(budgetBytes / bytes)) - others;
    if (uses.size <= affordable) return { module, statistics: { keys: uses.size + others, composed: 0 } };

    const composition = composeSteps(uses, module.slots, affordable);
    const rewriter = new HeRewriter(module);
    let composed = 0;
    for (let id = 0; id < op.length; id++) {
      const code = op[id] ?? -1;
      const parts = hasStep(code) ? composition.get(imm[id] ?? 0) : undefined;
      if (parts === undefined || parts.length === 1) {
        rewriter.keep(id);
        continue;
      }
      composed++;
      let value = rewriter.at(a[id] ?? -1);
      for (const part of parts) {
        const fields = { a: value, imm: part, level: level[id] ?? 0, scale: scale[id] ?? 0, size: size[id] ?? 2 };
        value = rewriter.insert(id, nameOf(code), fields);
      }
      rewriter.replace(id, value);
    }
    return { module: rewriter.finish(), statistics: { keys: keysOf(composition).size + others, composed } };
  },
});

export type KeyOptions = z.input<typeof selectKeys.options>;
