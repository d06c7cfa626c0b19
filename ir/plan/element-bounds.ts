/**
 * Which values the elements of an input may have, where one bound for all of them would say nothing of the small ones: a
 * feature in [0, 0.1] beside one in [0, 4000] may grow to the bound of the large one and be thousands of times out of the
 * range that a network was calibrated on.
 *
 * Elements of equal scale are a group, with three intervals, each within the next:
 * - `calibrated`: what calibration has shown, rounded outwards.
 * - `together`: what all elements may have at once.
 * - `alone`: what the elements of this group may have while those of all others keep what calibration has shown.
 *
 * A sample is accepted where all of its elements keep `together`, or where the excesses of its groups add up to at most one.
 * The excess of a group is how far its farthest element is on the way from the end of `calibrated` to that of `alone`. What is
 * linear in the inputs lies, for excesses e_g that add up to at most one, between what it is for samples in range and what it
 * is where a single group stands at its end, x + Σ e_g d_g = (1 − Σ e_g) x + Σ e_g (x + d_g): what holds an interval there
 * holds it here.
 *
 * Of elements that only comparisons with thresholds read, none of which lies beyond `alone`, the client encrypts the end of
 * `alone` for what is beyond it: every comparison says the same of both. These groups have one interval, and are never refused.
 *
 * A client learns from the groups how large its features are, and how far they may go: of no element more than the group.
 */
import { InternalError } from '../diagnostics/diagnostic.ts';
import type { Range } from './calibration.ts';

/** Of one input. */
export const maxGroups = 4096;

export interface ElementGroup {
  readonly calibrated: Range;
  readonly together: Range;
  readonly alone: Range;
  /** Whether the client takes what is beyond `alone` for the end of it; refused otherwise. All intervals are one then. */
  readonly clips?: true | undefined;
}

export interface ElementGroups {
  readonly groups: readonly ElementGroup[];
  /** The group of each element of the input. */
  readonly groupOf: Int32Array;
}

/** Of an input the largest absolute value of any element, and where they differ in scale a group for each. */
export interface InputBounds {
  /** What no element may exceed, whatever its group says. */
  readonly maxAbs: number;
  /** Left out where all elements may have values up to `maxAbs`. */
  readonly groups?: ElementGroups | undefined;
}

/** The element of a sample that is farthest beyond what it may be. */
export interface Violation {
  readonly element: number;
  readonly value: number;
  /** What it may be. */
  readonly bounds: Range;
  /** Whether it may be less than it could alone, since other elements are beyond what calibration has shown. */
  readonly isShared: boolean;
  /** Elements beyond what they may be alone, or else together: this one and others. */
  readonly count: number;
}

/** What is wrong with a sample, if anything. Elements for which `isRead` is zero may be anything. */
export function boundsViolation(
  { maxAbs, groups }: InputBounds,
  values: Float64Array,
  isRead: Uint8Array,
): Violation | undefined {
  const everywhere: Range = [-maxAbs, maxAbs];
  const groupOf = (element: number): Pick<ElementGroup, 'alone' | 'clips'> =>
    groups === undefined ? { alone: everywhere } : groupAt(groups, element);
  let [count, worst, most] = [0, -1, 0];
  for (let element = 0; element < values.length; element++) {
    if (isRead[element] === 0) continue;
    const { alone: bounds, clips } = groupOf(element);
    const value = values[element] ?? 0;
    if (clips === true ? Number.isFinite(value) : isWithin(value, bounds)) continue;
    count++;
    const distance = Math.max(bounds[0] - value, value - bounds[1]);
    const beyond = Number.isNaN(value) ? Infinity : distance / (groups === undefined ? 1 : widthOf(bounds));
    if (worst >= 0 && beyond <= most) continue;
    worst = element;
    most = beyond;
  }
  if (count > 0)
    return { element: worst, value: values[worst] ?? 0, bounds: groupOf(worst).alone, isShared: false, count };
  return groups && sharedViolation(groups, values, isRead);
}

/** What is encrypted of a sample that is accepted. */
export function clipped({ groups }: InputBounds, values: Float64Array): Float64Array {
  if (groups?.groups.some(({ clips }) => clips) !== true) return values;
  return values.map((value, element) => {
    const { clips, alone } = groupAt(groups, element);
    return clips === true ? Math.min(Math.max(value, alone[0]), alone[1]) : value;
  });
}

/** Of a sample whose elements all keep what they may be alone. */
function sharedViolation(elements: ElementGroups, values: Float64Array, isRead: Uint8Array): Violation | undefined {
  const excesses = new Float64Array(elements.groups.length);
  const isBeyond = new Uint8Array(elements.groups.length);
  let [count, worst, most] = [0, 0, -1];
  for (let element = 0; element < values.length; element++) {
    if (isRead[element] === 0) continue;
    const value = values[element] ?? 0;
    const group = groupAt(elements, element);
    if (group.clips === true) continue;
    const g = elements.groupOf[element] ?? 0;
    const excess = excessOf(value, group);
    excesses[g] = Math.max(excesses[g] ?? 0, excess);
    if (isWithin(value, group.together)) continue;
    isBeyond[g] = 1;
    count++;
    if (excess <= most) continue;
    worst = element;
    most = excess;
  }
  const others = excesses.reduce((sum, excess) => sum + excess, 0) - most;
  if (count === 0 || most + others <= 1) return undefined;
  const group = groupAt(elements, worst);
  const { calibrated, alone, together } = group;
  const left = Math.max(0, 1 - others);
  const isLastBeyond = isBeyond.reduce((sum, is) => sum + is, 0) === 1;
  const bounds = ([0, 1] as const).map((end) => {
    const own = calibrated[end] + left * (alone[end] - calibrated[end]);
    return isLastBeyond && Math.abs(own - calibrated[end]) < Math.abs(together[end] - calibrated[end])
      ? together[end]
      : own;
  });
  return { element: worst, value: values[worst] ?? 0, bounds: [bounds[0] ?? 0, bounds[1] ?? 0], isShared: true, count };
}

/** How far a value is on the way from the end of what calibration has shown, 0, to the end of what it may be alone, 1. */
function excessOf(value: number, { calibrated, alone }: ElementGroup): number {
  if (isWithin(value, calibrated)) return 0;
  const end = value > calibrated[1] ? 1 : 0;
  return (value - calibrated[end]) / (alone[end] - calibrated[end]);
}

function groupAt({ groups, groupOf }: ElementGroups, element: number): ElementGroup {
  const group = groups[groupOf[element] ?? -1];
  if (group === undefined) throw new InternalError(`element ${element} has no group`);
  return group;
}

function isWithin(value: number, [least, most]: Range): boolean {
  return value >= least && value <= most;
}

function widthOf([least, most]: Range): number {
  return Math.max(Number.MIN_VALUE, most - least);
}
