/** Which keys a program uses, and up to which level: no more of them is loaded. */
import type { Parameters } from '../../../../ir/parameters.ts';
import { encapsulationKeyBytes, keyBytes } from '../../../rns/memory/layout.ts';
import type { FusedProgram } from './steps.ts';

export interface KeyPlan {
  /** The highest level of a relinearisation, if there is any. */
  readonly relinearization: number | undefined;
  /** By Galois step: the highest level of its rotations. */
  readonly rotations: ReadonlyMap<number, number>;
  /** Whether there are the keys of an encapsulation. */
  readonly encapsulation: boolean;
  /** Of all keys together. */
  readonly bytes: number;
}

export function planKeys({ steps, values }: FusedProgram, parameters: Parameters): KeyPlan {
  const rotations = new Map<number, number>();
  let relinearization: number | undefined;
  let encapsulation = false;
  for (const step of steps) {
    if ('step' in step) {
      const level = values[step.a]?.level ?? 0;
      rotations.set(step.step, Math.max(level, rotations.get(step.step) ?? 0));
    } else if (step.kind === 'relinearize' || step.kind === 'relinearize-rescale') {
      relinearization = Math.max(values[step.a]?.level ?? 0, relinearization ?? 0);
    } else if (step.kind === 'to-sparse') encapsulation = true;
  }
  const levels = [...rotations.values(), ...(relinearization === undefined ? [] : [relinearization])];
  const ofLevels = levels.reduce((sum, level) => sum + keyBytes(parameters, level), 0);
  const bytes = ofLevels + (encapsulation ? encapsulationKeyBytes(parameters) : 0);
  return { relinearization, rotations, encapsulation, bytes };
}
