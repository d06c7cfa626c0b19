/** Sums of many values, limb by limb: each operand is read once. */
import { addressBytes, putAddress } from '../../../rns/memory/addresses.ts';
import { range } from '../../../rns/team.ts';
import { copyLimb, type Site } from './workspace.ts';

/** Limbs of a sweep: memory is read ahead of a dozen streams, and of forty side by side each takes three times as long. */
const sweptLimbs = 12;

/**
 * This member's range of the sum of limbs modulo one prime. No phase of its own. The target may be one of them.
 * @param limbs at least one
 */
export function sumLimbs(site: Site, limbs: readonly number[], target: number, prime: number): void {
  const { context, team, desk } = site;
  const { kernels } = context;
  const { from, to } = range(team, context.n);
  const [x = 0, y = 0] = limbs;
  if (limbs.length === 1) {
    copyLimb(site, x, target);
    return;
  }
  if (limbs.length === 2) {
    kernels.add(x, y, target, prime, from, to);
    return;
  }
  const words = new Uint32Array(context.memory.buffer, desk.terms, (sweptLimbs * addressBytes) / 4);
  const sum = (summands: readonly number[], result: number): void => {
    for (const [k, limb] of summands.entries()) putAddress(words, k, limb);
    kernels.sum(desk.terms, summands.length, result, prime, from, to);
  };
  let left = limbs;
  while (left.length > sweptLimbs) {
    sum(left.slice(0, sweptLimbs), desk.scratch);
    left = [desk.scratch, ...left.slice(sweptLimbs)];
  }
  sum(left, target);
}
