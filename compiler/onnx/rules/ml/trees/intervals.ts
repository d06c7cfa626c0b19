/** What a comparison leaves of the numbers that a feature may be: intervals for either branch. */
import { type FloatFormat, nextAbove, nextBelow } from '../../../../../ir/maths/neighbours.ts';
import type { Comparison } from './ensemble.ts';

/** All finite numbers from `least` to `most`, both included. */
export interface Interval {
  readonly least: number;
  readonly most: number;
}

/** What numbers a feature is of. */
export type Numbers = FloatFormat | 'integer';

export interface Branches {
  /** Disjoint intervals, ascending. */
  readonly whenTrue: readonly Interval[];
  readonly whenFalse: readonly Interval[];
}

export const everything: Interval = { least: -Infinity, most: Infinity };

/** The branches of a node that compares with `values`, which for EQ, NEQ and MEMBER are integers, as the feature is. */
export function branchesOf(comparison: Comparison, values: readonly number[], numbers: Numbers): Branches {
  const [t = 0] = values;
  switch (comparison) {
    case 'LEQ':
      return { whenTrue: upTo(atMost(t, numbers)), whenFalse: from(above(t, numbers)) };
    case 'LT':
      return { whenTrue: upTo(below(t, numbers)), whenFalse: from(atLeast(t, numbers)) };
    case 'GTE':
      return turned(branchesOf('LT', values, numbers));
    case 'GT':
      return turned(branchesOf('LEQ', values, numbers));
    case 'EQ':
    case 'MEMBER':
      return { whenTrue: runsOf(values), whenFalse: gapsBetween(runsOf(values)) };
    case 'NEQ':
      return turned(branchesOf('EQ', values, numbers));
  }
}

/** The finite numbers in both intervals; undefined where there are none. */
export function intersection(a: Interval, b: Interval): Interval | undefined {
  const [least, most] = [Math.max(a.least, b.least), Math.min(a.most, b.most)];
  return least <= most && least < Infinity && most > -Infinity ? { least, most } : undefined;
}

function turned({ whenTrue, whenFalse }: Branches): Branches {
  return { whenTrue: whenFalse, whenFalse: whenTrue };
}

function upTo(most: number): readonly Interval[] {
  return [{ least: -Infinity, most }];
}

function from(least: number): readonly Interval[] {
  return [{ least, most: Infinity }];
}

function atMost(t: number, numbers: Numbers): number {
  return numbers === 'integer' ? Math.floor(t) : t;
}

function atLeast(t: number, numbers: Numbers): number {
  return numbers === 'integer' ? Math.ceil(t) : t;
}

function above(t: number, numbers: Numbers): number {
  return numbers === 'integer' ? Math.floor(t) + 1 : nextAbove(t, numbers);
}

function below(t: number, numbers: Numbers): number {
  return numbers === 'integer' ? Math.ceil(t) - 1 : nextBelow(t, numbers);
}

/** The integers of a set as intervals without gaps. */
function runsOf(members: readonly number[]): readonly Interval[] {
  const runs: { least: number; most: number }[] = [];
  for (const member of [...new Set(members)].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && member === last.most + 1) last.most = member;
    else runs.push({ least: member, most: member });
  }
  return runs;
}

/** The integers in none of the intervals. */
function gapsBetween(runs: readonly Interval[]): readonly Interval[] {
  const starts = [-Infinity, ...runs.map(({ most }) => most + 1)];
  const ends = [...runs.map(({ least }) => least - 1), Infinity];
  return starts.map((least, i) => ({ least, most: ends[i] ?? Infinity }));
}
