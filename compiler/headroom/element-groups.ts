/** The intervals of elements that may not go as far as the largest of their input, in groups of equal scale. */
import type { Range } from '../../ir/plan/calibration.ts';
import { type ElementGroup, type ElementGroups, type InputBounds, maxGroups } from '../../ir/plan/element-bounds.ts';
import type { ClippedElements } from './element-limits.ts';
import { type ElementScale, scaleOf } from './element-scales.ts';
import { type Cell, type ElementTrials, withValues } from './element-trials.ts';
import { largestFactor } from './input-headroom.ts';
import { cellsOf, type NarrowElements } from './narrow-elements.ts';
import { roomForGrowth } from './trial.ts';

/** How coarse scales are, the coarsest first: parts of an octave. */
const roundings = [1, 2, 4, 8, 16, 64];

export interface Rounding {
  readonly perOctave: number;
  /** By which all elements may be farther from their origins than their scales say. */
  readonly factor: number;
}

/**
 * The coarsest scales, and then the largest factor up to `most`, that the network bears where the elements of all inputs go
 * as far at once.
 */
export function roundTogether(inputs: readonly NarrowElements[], most: number, trials: ElementTrials): Rounding {
  const isSafe = (perOctave: number, factor: number): boolean => {
    const scales = inputs.map(
      ({ ranges: { least, most: largest }, elements }) =>
        new Map(elements.map((e) => [e, scaleOf(least[e] ?? 0, largest[e] ?? 0, perOctave)])),
    );
    return trials.areInRange((sample) =>
      inputs.reduce(
        (changed, { name }, i) =>
          withValues(changed, name, (values) => {
            for (let e = 0; e < values.length; e++) {
              const { origin, reach, unit } = scales[i]?.get(e) ?? { origin: 0, reach: 1, unit: 1 };
              values[e] = origin + (((values[e] ?? 0) - origin) * factor * unit) / reach;
            }
          }),
        sample,
      ),
    );
  };
  const perOctave = roundings.find((each) => isSafe(each, 1)) ?? roundings.at(-1) ?? 1;
  return { perOctave, factor: largestFactor(most, (factor) => isSafe(perOctave, factor)) };
}

/** The bounds of one input that has narrow elements. */
export function groupedBounds(
  { name, ranges, largest, maxAbs, elements, rare, tolerance }: NarrowElements,
  { perOctave, factor }: Rounding,
  trials: ElementTrials,
): InputBounds {
  const all: Range = [-maxAbs, maxAbs];
  const groups: ElementGroup[] = [{ calibrated: all, together: all, alone: all }];
  const groupOf = new Int32Array(ranges.isShown.length);
  const scaleAt = (e: number): ElementScale => scaleOf(ranges.least[e] ?? 0, ranges.most[e] ?? 0, perOctave);
  const cells = cellsOf(elements, (e) => {
    const { origin, side, unit } = scaleAt(e);
    return `${origin} ${side} ${unit}`;
  });
  for (const own of cells.values()) {
    for (const e of own) groupOf[e] = groups.length;
    groups.push(
      groupOfCell({ input: name, elements: own, scaleAt, tolerance }, roomForGrowth * largest, factor, trials),
    );
  }
  for (const [e, bound] of rare) {
    const range: Range = [-bound, bound];
    groupOf[e] = groups.length;
    groups.push({ calibrated: range, together: range, alone: range });
  }
  if (groups.length > maxGroups) return { maxAbs };
  const most = Math.max(...groups.flatMap(({ alone }) => alone.map(Math.abs)));
  return { maxAbs: most, groups: { groups, groupOf } };
}

/** The same within limits: what is clipped has no other interval. */
export function withinLimits(bounds: InputBounds, limits: ClippedElements | undefined): InputBounds {
  if (limits === undefined) return bounds;
  const { maxAbs, groups: { groups: before, groupOf: groupBefore } = groupOfAll(maxAbs, limits.least.length) } = bounds;
  const groups = [...before];
  const groupOf = Int32Array.from(groupBefore);
  const known = new Map<string, number>();
  for (const [e, least] of limits.least.entries()) {
    const most = limits.most[e] ?? Infinity;
    if (least === -Infinity && most === Infinity) continue;
    const clips = limits.clips[e] === 1;
    const group = before[groupBefore[e] ?? 0];
    const key = clips ? `${least} ${most}` : `${least} ${most} ${groupBefore[e]}`;
    const own = known.get(key) ?? groups.push(limitedGroup(group, [least, most], clips)) - 1;
    known.set(key, own);
    groupOf[e] = own;
  }
  if (groups.length > maxGroups) return withinLimits({ maxAbs }, limits);
  const most = Math.max(maxAbs, ...groups.flatMap(({ alone }) => alone.map(Math.abs)));
  return { maxAbs: most, groups: { groups, groupOf } };
}

function groupOfAll(maxAbs: number, elements: number): ElementGroups {
  const all: Range = [-maxAbs, maxAbs];
  return { groups: [{ calibrated: all, together: all, alone: all }], groupOf: new Int32Array(elements) };
}

function limitedGroup(group: ElementGroup | undefined, limits: Range, clips: boolean): ElementGroup {
  if (clips || group === undefined)
    return { calibrated: limits, together: limits, alone: limits, ...(clips && { clips }) };
  const within = ([least, most]: Range): Range => [Math.max(least, limits[0]), Math.min(most, limits[1])];
  return { calibrated: within(group.calibrated), together: within(group.together), alone: within(group.alone) };
}

/** The intervals of elements of one scale, within ±limit. */
function groupOfCell(cell: Cell, limit: number, factor: number, trials: ElementTrials): ElementGroup {
  const { origin, side, unit } = cell.scaleAt(cell.elements[0] ?? 0);
  const endsOf = (sign: -1 | 1): Record<'calibrated' | 'together' | 'alone', number> => {
    const calibrated = side === -sign ? origin : origin + sign * unit;
    const far = side === -sign ? origin : origin + sign * unit * factor;
    const together = trials.isBorne(cell, far) ? far : calibrated;
    return { calibrated, together, alone: farthest(cell, together, sign * limit, trials) };
  };
  const [below, above] = [endsOf(-1), endsOf(1)];
  return {
    calibrated: [below.calibrated, above.calibrated],
    together: [below.together, above.together],
    alone: [below.alone, above.alone],
  };
}

/** From `near`, how far the elements may go towards `far`: to a fourth of an octave, or a sixteenth of their scale. */
function farthest(cell: Cell, near: number, far: number, trials: ElementTrials): number {
  if (Math.sign(far) * (far - near) <= 0) return near;
  const { unit } = cell.scaleAt(cell.elements[0] ?? 0);
  const isBorne = (part: number): boolean => trials.isBorne(cell, near + part * (far - near));
  let part = 1;
  while (!isBorne(part)) {
    part /= 2;
    if (part * Math.abs(far - near) <= unit / 16) return near;
  }
  for (let k = 0; k < 3 && part < 1 && isBorne(part * 2 ** 0.25); k++) part *= 2 ** 0.25;
  return near + part * (far - near);
}
