/**
 * The schemes of HE-PEx (arXiv 2207.03384, section 4) as lists of primitives; packing follows when the plan is made. P3T,
 * which permutes and takes whole tiles, is ours.
 */

import type { Policy } from './policy.ts';

/** What `auto` chooses among. */
export type SchemePolicy = Exclude<Policy, { readonly scheme: 'auto' }>;

/**
 * `prune` takes weights or neurons, `prune-tiles` whole tiles by what they are worth, `permute` gathers what is left in
 * few tiles, `prune-almost-zero` takes the tiles in which little is left, `expand` restores what then costs nothing.
 */
export type SchemeStep = 'prune' | 'permute' | 'prune-tiles' | 'prune-almost-zero' | 'expand';

export const schemes: Readonly<Record<SchemePolicy['scheme'], readonly SchemeStep[]>> = {
  P2: ['prune'],
  P2T: ['prune-tiles'],
  P3T: ['permute', 'prune-tiles'],
  P3: ['prune', 'permute'],
  P3E: ['prune', 'permute', 'expand'],
  P4: ['prune', 'permute', 'prune-almost-zero'],
  P4E: ['prune', 'permute', 'prune-almost-zero', 'expand'],
};
