/** Which rotation steps get a Galois key; the others are composed. */
import { z } from 'zod';

import { keyNeeds } from '../../ir/he/keys.ts';
import { hasStep, nameOf } from '../../ir/he/traits.ts';
import type { HeModule } from '../../ir/he/module.ts';
import { evaluationKeyBytes, maxKeyBytes } from '../../ir/parameters.ts';
import { type EngineName, engineNames } from '../../ir/plan/plan.ts';
import { keyLevels } from '../../costs/key-levels.ts';
import { engineProfiles } from '../../costs/profiles.ts';
import { composeSteps, keysOf } from './compose-steps.ts';
import { HeRewriter } from './he-rewriter.ts';
import { definePass } from '../base/pass.ts';

export const selectKeys = definePass({
  name: 'select-keys',
  level: 'he',
  doc:
    'Chooses the rotation steps that get a Galois key, within a budget of bytes in the memory of the engine that the ' +
    'program is for, and no more than `maxKeys` where that is possible. Where all steps fit, each has its own key. ' +
    'Otherwise rotations are composed: steps are given up one after another that are the sum of two or three others, ' +
    'or the powers of two have a key, so that every step is a composition, and the rest of the budget goes to the steps ' +
    'whose composition would cost the most rotations; whatever takes fewer rotations. Without parameters (an unmanaged ' +
    'program) the budget is not known and nothing changes.',
  options: z.strictObject({
    engine: z.enum(engineNames).default('simd'),
    /** Default as the engine's profile has it. */
    budgetBytes: z.number().positive().optional(),
    maxKeys: z.int().positive().optional(),
  }),
  requires: [],
  ensures: [],
  statistics: { keys: 'Galois keys', composed: 'rotations that became several' },
  run: (module, { engine, budgetBytes, maxKeys = Infinity }) => {
    const { op, a, imm, level, scale, size } = module.columns;
    const uses = new Map<number, number>();
    for (let id = 0; id < op.length; id++) {
      if (hasStep(op[id] ?? -1)) uses.set(imm[id] ?? 0, (uses.get(imm[id] ?? 0) ?? 0) + 1);
    }
    // Of automorphisms without a step, which nothing else can make up.
    const others = keyNeeds(module.columns).galoisSteps.length - uses.size;
    const affordable =
      module.parameters === undefined ? Infinity : Math.min(maxKeys, keysWithin(module, engine, budgetBytes)) - others;
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

/**
 * All keys where they fit, in the memory of the engine and in a file; else as many as would if each were used as high as
 * the highest.
 */
function keysWithin(
  { columns, parameters }: HeModule,
  engine: EngineName,
  budgetBytes = engineProfiles[engine].memory.keyBudget,
): number {
  if (parameters === undefined) return Infinity;
  const { keyBytes } = engineProfiles[engine].memory;
  const { rotations, relinearization } = keyLevels(columns);
  const { saved } = evaluationKeyBytes(parameters, 1, false);
  const inFile = Math.floor(maxKeyBytes / saved) - Number(relinearization !== undefined);
  const bytes = [...rotations.values()].map((level) => keyBytes(parameters, level));
  if (bytes.reduce((sum, own) => sum + own, 0) <= budgetBytes) return inFile;
  return Math.min(inFile, Math.floor(budgetBytes / Math.max(...bytes)));
}

export type KeyOptions = z.input<typeof selectKeys.options>;
