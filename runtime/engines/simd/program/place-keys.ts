/** Where the keys of a program and the permutations of its rotations lie. */
import type { Parameters } from '../../../../ir/parameters.ts';
import { galoisIndexOf } from '../../../seal/bytes/galois-elements.ts';
import type { SimdContext } from '../../../rns/memory/context.ts';
import type { PlacedKeys } from './executor.ts';
import type { KeyPlan } from './key-plan.ts';
import type { RotationKey } from '../operations/key-switching.ts';
import { keyBytes, type KeyPlace, placeEncapsulation, placeKey } from '../../../rns/memory/layout.ts';
import { share, type Team } from '../../../rns/team.ts';

/** Bytes of the permutations of all rotations, see `fillPermutation` of `kernels.ts`. */
export function permutationBytes({ rotations }: KeyPlan, n: number): number {
  return rotations.size * onePermutation(n);
}

function onePermutation(n: number): number {
  return 2 * n;
}

/**
 * @param keys address of the `bytes` bytes of the plan
 * @param permutations address of `permutationBytes` bytes
 */
export function placeKeys(plan: KeyPlan, parameters: Parameters, keys: number, permutations: number): PlacedKeys {
  let end = keys;
  const take = (level: number): KeyPlace => {
    const place = placeKey(parameters, level, end);
    end += keyBytes(parameters, level);
    return place;
  };
  const relinearization = plan.relinearization === undefined ? undefined : take(plan.relinearization);
  const rotations = new Map<number, RotationKey>();
  for (const [step, level] of plan.rotations)
    rotations.set(step, {
      key: take(level),
      permutation: permutations + rotations.size * onePermutation(parameters.polyModulusDegree),
    });
  return {
    relinearization,
    rotations,
    encapsulation: plan.encapsulation ? placeEncapsulation(parameters, end) : undefined,
  };
}

/** Each member fills its share; whoever reads them waits for a barrier. */
export function fillPermutations({ kernels, n }: SimdContext, { rotations }: PlacedKeys, team: Team): void {
  const list = [...rotations];
  share(team, list.length, (k) => {
    const [step, key] = list[k] ?? [];
    if (step === undefined || key === undefined) return;
    kernels.fillPermutation(key.permutation, 2 * galoisIndexOf(step, n) + 1, n);
  });
}
