/** Pass `select-keys`: see its declaration. */
import { z } from 'zod';

import { HE } from '../ir/he/ops.ts';
import { keyHeapExpansion, switchingKeyBytes } from '../ir/parameters.ts';
import { HeRewriter } from './he-rewriter.ts';
import { definePass } from './pass.ts';

export const selectKeys = definePass({
  name: 'select-keys',
  level: 'he',
  doc:
    'Chooses the rotation steps that get a Galois key, within a budget of bytes for their copies in a worker (2.2 ' +
    'times their size). Where all steps fit, each has its own key. Otherwise the powers of two have one, so that every ' +
    'step is a composition, and the rest of the budget goes to the steps whose composition would cost the most ' +
    'rotations. Without parameters (an unmanaged program) the budget is not known and nothing changes.',
  options: z.strictObject({
    budgetBytes: z
      .number()
      .positive()
      .default(2.5 * 2 ** 30),
  }),
  requires: [],
  ensures: ['keys-selected'],
  statistics: { keys: 'Galois keys', composed: 'rotations that became several' },
  run: (module, { budgetBytes }) => {
    const { op, a, imm, level, scale, size } = module.columns;
    const uses = new Map<number, number>();
    for (let id = 0; id < op.length; id++) {
      if (op[id] === HE.rotate) uses.set(imm[id] ?? 0, (uses.get(imm[id] ?? 0) ?? 0) + 1);
    }
    const bytes = module.parameters === undefined ? 0 : switchingKeyBytes(module.parameters) * keyHeapExpansion;
    const affordable = bytes === 0 ? Infinity : Math.floor(budgetBytes / bytes);
    if (uses.size <= affordable) return { module, statistics: { keys: uses.size, composed: 0 } };

    const keys = chosenSteps(uses, module.slots, affordable);
    const rewriter = new HeRewriter(module);
    let composed = 0;
    for (let id = 0; id < op.length; id++) {
      const step = imm[id] ?? 0;
      if (op[id] !== HE.rotate || keys.has(step)) {
        rewriter.keep(id);
        continue;
      }
      composed++;
      let value = rewriter.at(a[id] ?? -1);
      for (const part of binaryParts(step)) {
        const fields = { a: value, imm: part, level: level[id] ?? 0, scale: scale[id] ?? 0, size: size[id] ?? 2 };
        value = rewriter.insert(id, 'rotate', fields);
      }
      rewriter.replace(id, value);
    }
    return { module: rewriter.finish(), statistics: { keys: keys.size, composed } };
  },
});

function chosenSteps(uses: ReadonlyMap<number, number>, slots: number, affordable: number): Set<number> {
  const keys = new Set<number>();
  for (const step of uses.keys()) for (const part of binaryParts(step)) keys.add(part);
  const saved = (step: number): number => (uses.get(step) ?? 0) * (binaryParts(step).length - 1);
  const others = [...uses.keys()].filter((step) => !keys.has(step)).sort((x, y) => saved(y) - saved(x) || x - y);
  for (const step of others.slice(0, Math.max(0, Math.min(affordable, slots) - keys.size))) keys.add(step);
  return keys;
}

/** The powers of two that make up a step. */
function binaryParts(step: number): number[] {
  const parts: number[] = [];
  for (let bit = 1; bit <= step; bit *= 2) if (Math.floor(step / bit) % 2 === 1) parts.push(bit);
  return parts;
}
