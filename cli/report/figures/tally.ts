/** How many operations of each kind a program has, and what they cost, by anything that rows can be grouped by. */
import { heOpNames } from '../../../ir/he/ops.ts';
import {
  entersSparse,
  isAddition,
  isAutomorphism,
  isCipherProduct,
  isPlainProduct,
  isPort,
  leavesSparse,
  lowersLevel,
  multipliesScale,
  raisesLevel,
  relinearizes,
  restoresLevel,
} from '../../../ir/he/traits.ts';
import { rowCosts } from '../../../costs/program-cost.ts';
import { profileOf } from '../../../costs/profiles.ts';
import type { Plan } from '../../../ir/plan/plan.ts';

export interface Tally {
  /** By code of the operation. */
  readonly counts: Float64Array;
  /** On one thread, by the profile of the plan's engine. */
  readonly milliseconds: Float64Array;
}

export type TimedProgram = Pick<Plan, 'engine' | 'program'>;

/** One tally for each of `groups`; `groupOf` gives that of a row. */
export function tally(
  { engine, program }: TimedProgram,
  groups: number,
  groupOf: (row: number) => number,
): readonly Tally[] {
  const { columns } = program;
  const codes = heOpNames.length;
  const costs = rowCosts(program, profileOf(engine).costs);
  const tallies = Array.from({ length: groups }, () => ({
    counts: new Float64Array(codes),
    milliseconds: new Float64Array(codes),
  }));
  for (let row = 0; row < columns.op.length; row++) {
    const own = tallies[groupOf(row)];
    const code = columns.op[row] ?? 0;
    if (own === undefined) continue;
    own.counts[code] = (own.counts[code] ?? 0) + 1;
    own.milliseconds[code] = (own.milliseconds[code] ?? 0) + (costs[row] ?? 0);
  }
  return tallies;
}

export function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i] ?? 0;
  return total;
}

/** Kinds of operations that belong together, in the order in which bars stack them: what costs the most comes first. */
export const opFamilies = [
  { name: 'rotations', has: isAutomorphism },
  { name: 'relinearisations', has: relinearizes },
  { name: 'products with plaintexts', has: isPlainProduct },
  { name: 'products of ciphertexts', has: isCipherProduct },
  { name: 'sums', has: isAddition },
  { name: 'rescales and mod-switches', has: lowersLevel },
  { name: 'inputs, outputs and encrypted weights', has: isPort },
  {
    name: 'refreshes, and what bootstraps begin with',
    has: (code: number) =>
      restoresLevel(code) || raisesLevel(code) || entersSparse(code) || leavesSparse(code) || multipliesScale(code),
  },
] as const;

/** By code of the operation: index of its family. */
export const familyOfOp: readonly number[] = heOpNames.map((_, code) => opFamilies.findIndex(({ has }) => has(code)));

/** How many operations with a trait there are. */
export function countWith({ counts }: Tally, has: (code: number) => boolean): number {
  return sum(counts.filter((_, code) => has(code)));
}
