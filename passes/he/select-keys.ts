/** Which rotation steps get a Galois key; the others are composed. */
import { z } from 'zod';

import { keyNeeds } from '../../ir/he/keys.ts';
import { hasStep, nameOf } from '../../ir/he/traits.ts';
import type { HeModule } from '../../ir/he/module.ts';
import { type Parameters, topLevel } from '../../ir/parameters.ts';
import { maxKeyBytes, savedKeyBytes, switchingKeyBytes } from '../../ir/ckks/switching-keys.ts';
import { type EngineName, engineNames } from '../../ir/plan/plan.ts';
import { keyLevels } from '../../costs/key-levels.ts';
import { engineProfiles } from '../../costs/profiles.ts';
import { composeByLevel, type KeyRoom, type StepUses } from './compose-by-level.ts';
import { type Composition, composeSteps, keysOf } from './compose-steps.ts';
import { HeRewriter } from '../base/he-rewriter.ts';
import { definePass } from '../base/pass.ts';

export const selectKeys = definePass({
  name: 'select-keys',
  level: 'he',
  doc:
    'Chooses the rotation steps that get a Galois key, within a budget of bytes that all keys of the program may take in ' +
    'the memory of the engine that it is for, and no more than `maxKeys` where that is possible. Where all steps fit, each ' +
    'has its own key. Otherwise rotations are composed. Beyond the bytes keys are lowered or given up one after another, ' +
    'each time the one that costs the fewest rotations for its bytes: what an engine holds of a key depends on the highest ' +
    'level at which it is used. Beyond their number steps are given up that are the sum of two or three others, or the ' +
    'powers of two have a key and the most used of the other steps. Rotations of one value share what their compositions ' +
    'begin with. Without parameters (an unmanaged program) the budget is not known and nothing changes.',
  options: z.strictObject({
    engine: z.enum(engineNames).default('simd'),
    /** Of all keys, that of relinearisation included. Default as the engine's profile has it. */
    budgetBytes: z.number().positive().optional(),
    maxKeys: z.int().positive().optional(),
  }),
  requires: [],
  ensures: [],
  statistics: { keys: 'Galois keys', composed: 'rotations that became several' },
  run: (module, { engine, budgetBytes, maxKeys = Infinity }) => {
    const { op, a, imm, level, scale, size } = module.columns;
    const uses = stepUses(module);
    const steps = new Set([...uses.values()].flatMap((at) => [...at.keys()]));
    // Of automorphisms without a step, which nothing else can make up.
    const others = keyNeeds(module.columns).galoisSteps.length - steps.size;
    const room = module.parameters === undefined ? undefined : roomFor(module, module.parameters, engine, budgetBytes);
    const most = Math.min(maxKeys, room?.most ?? Infinity) - others;
    const isWithin = room === undefined || (room.needed <= room.bytes && steps.size <= most);
    if (isWithin) return { module, statistics: { keys: steps.size + others, composed: 0 } };

    const partsAt =
      room.needed > room.bytes
        ? composeByLevel(uses, { ...room, slots: module.slots, most })
        : sameAtAllLevels(uses, composeSteps(totalUses(uses), module.slots, most));
    const rewriter = new HeRewriter(module);
    /** By value and step: its rotation. */
    const rotated = new Map<number, Map<number, number>>();
    let composed = 0;
    for (let id = 0; id < op.length; id++) {
      const code = op[id] ?? -1;
      const parts = hasStep(code) ? partsAt.get(level[id] ?? 0)?.get(imm[id] ?? 0) : undefined;
      if (parts === undefined) {
        rewriter.keep(id);
        continue;
      }
      if (parts.length > 1) composed++;
      let value = rewriter.at(a[id] ?? -1);
      for (const part of parts) {
        const known = rotated.get(value) ?? new Map<number, number>();
        rotated.set(value, known);
        const fields = { a: value, imm: part, level: level[id] ?? 0, scale: scale[id] ?? 0, size: size[id] ?? 2 };
        value = known.get(part) ?? rewriter.insert(id, nameOf(code), fields);
        known.set(part, value);
      }
      rewriter.replace(id, value);
    }
    const keys = new Set([...partsAt.values()].flatMap((composition) => [...keysOf(composition)]));
    return { module: rewriter.finish(), statistics: { keys: keys.size + others, composed } };
  },
});

function stepUses({ columns: { op, imm, level } }: HeModule): StepUses {
  const uses = new Map<number, Map<number, number>>();
  for (let id = 0; id < op.length; id++) {
    if (!hasStep(op[id] ?? -1)) continue;
    const at = uses.get(level[id] ?? 0) ?? new Map<number, number>();
    uses.set(level[id] ?? 0, at.set(imm[id] ?? 0, (at.get(imm[id] ?? 0) ?? 0) + 1));
  }
  return uses;
}

function totalUses(uses: StepUses): ReadonlyMap<number, number> {
  const total = new Map<number, number>();
  for (const at of uses.values()) for (const [step, count] of at) total.set(step, (total.get(step) ?? 0) + count);
  return total;
}

function sameAtAllLevels(uses: StepUses, composition: Composition): ReadonlyMap<number, Composition> {
  return new Map([...uses.keys()].map((level) => [level, composition]));
}

interface Room extends Pick<KeyRoom, 'bytes' | 'most' | 'keyBytes'> {
  /** Bytes that the keys of all steps take. */
  readonly needed: number;
}

/** What the memory of the engine, and a file, have room for: of the keys of steps, beside the other keys. */
function roomFor(
  { columns }: HeModule,
  parameters: Parameters,
  engine: EngineName,
  budgetBytes = engineProfiles[engine].memory.keyBudget,
): Room {
  const { keyBytes } = engineProfiles[engine].memory;
  const at = (level: number): number => keyBytes(parameters, level);
  const { rotations, relinearization } = keyLevels(columns);
  const top = topLevel(parameters);
  const saved = savedKeyBytes(parameters, top);
  // With one special prime all keys are saved with all levels; with several they are as large in a file as in memory, but for packing.
  const isUniform = parameters.specialPrimes.length === 1;
  const most = isUniform ? Math.floor(maxKeyBytes / saved) - Number(relinearization !== undefined) : Infinity;
  const ofFile = isUniform ? Infinity : maxKeyBytes * (switchingKeyBytes(parameters, top) / saved);
  // 0 is no step, but another automorphism.
  const fixed = [relinearization, rotations.get(0)].flatMap((level) => (level === undefined ? [] : [at(level)]));
  const needed = [...rotations].reduce((sum, [step, level]) => sum + (step === 0 ? 0 : at(level)), 0);
  const bytes = Math.min(budgetBytes, ofFile);
  return { bytes: bytes - fixed.reduce((sum, own) => sum + own, 0), most, keyBytes: at, needed };
}

export type KeyOptions = z.input<typeof selectKeys.options>;
