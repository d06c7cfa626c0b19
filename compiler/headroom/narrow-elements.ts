/** The elements of an input that may not go as far as the largest of it: those of a smaller scale, and sensitive ones of none. */
import type { Sample } from '../../ir/interface.ts';
import { largestAbsolute } from '../../ir/maths/averages.ts';
import { type ElementRanges, elementRanges, type ElementScale, scaleOf } from './element-scales.ts';
import { type Cell, type ElementTrials, evenly, triedAlone } from './element-trials.ts';

/** The way down from the bound of all elements is halved at most as often. */
const mostHalvings = 40;

/** The key of the cell of elements that reach about as far as any. */
const largestScale = 'largest';

/** Of one input. */
export interface NarrowElements {
  readonly name: string;
  readonly ranges: ElementRanges;
  /** The largest absolute value on the samples. */
  readonly largest: number;
  /** What elements may have at most that are of its scale. */
  readonly maxAbs: number;
  /** Elements of a smaller scale, which do not bear the bound of all. */
  readonly elements: readonly number[];
  /** Elements of no known scale, with bounds of their own. */
  readonly rare: ReadonlyMap<number, number>;
  /** The part of the samples that may leave their ranges where elements are moved. */
  readonly tolerance: number;
}

/**
 * Those of input `name`, whose elements of the largest scale may go up to ±maxAbs. `alone` are the evaluations for elements of no
 * known scale, which are tried alone; of more elements than that, so many are tried.
 */
export function narrowElements(
  name: string,
  samples: readonly Sample[],
  { maxAbs, alone }: { readonly maxAbs: number; readonly alone: number },
  trials: ElementTrials,
): NarrowElements {
  const ranges = elementRanges(samples, name);
  const largest = Math.max(largestAbsolute(ranges.least), largestAbsolute(ranges.most));
  const scaleAt = (e: number): ElementScale => scaleOf(ranges.least[e] ?? 0, ranges.most[e] ?? 0, 1);
  const shown = [...ranges.isShown.keys()].filter((e) => ranges.isShown[e]);
  const cells = cellsOf(shown, (e) => {
    const { origin, side, reach, unit } = scaleAt(e);
    return origin === 0 && 2 * reach >= largest ? largestScale : `${origin} ${side} ${unit}`;
  });
  // So many of the largest scale are pixels, or values in time: a few of them may stand out of what samples bear.
  const areAlike = (cells.get(largestScale)?.length ?? 0) > triedAlone;
  if (areAlike) cells.delete(largestScale);
  const tolerance = areAlike ? 0.5 : 0;
  const elements = [...cells.values()].flatMap((own) =>
    notBorne({ input: name, elements: own, scaleAt, tolerance }, [maxAbs, -maxAbs], trials),
  );
  return {
    name,
    ranges,
    largest,
    maxAbs,
    elements,
    rare: rareBounds(name, ranges, { largest, maxAbs, alone }, trials),
    tolerance,
  };
}

/** The elements by a key of theirs. */
export function cellsOf(elements: readonly number[], keyOf: (element: number) => string): Map<string, number[]> {
  const cells = new Map<string, number[]>();
  for (const element of elements) {
    const key = keyOf(element);
    const cell = cells.get(key);
    if (cell === undefined) cells.set(key, [element]);
    else cell.push(element);
  }
  return cells;
}

/** Those of the elements that do not bear the ends: all of a large cell where one of the few does not that are tried. */
function notBorne(cell: Cell, ends: readonly number[], trials: ElementTrials): readonly number[] {
  const { elements } = cell;
  const failing = evenly(elements, triedAlone).filter((e) => !ends.every((end) => trials.isBorneAlone(cell, e, end)));
  if (failing.length > 0 && elements.length > triedAlone) return elements;
  const others = { ...cell, elements: elements.filter((e) => !failing.includes(e)) };
  return ends.every((end) => trials.areBorne(others, end)) ? failing : elements;
}

/** Bounds of elements of no known scale that do not bear the one of all; none is below what the samples show, amplified. */
function rareBounds(
  name: string,
  { least, most, isShown }: ElementRanges,
  { largest, maxAbs, alone }: { readonly largest: number; readonly maxAbs: number; readonly alone: number },
  trials: ElementTrials,
): Map<number, number> {
  const unknown = [...isShown.keys()].filter((e) => !isShown[e]);
  const each = Math.max(1, Math.floor(alone / Math.max(1, unknown.length)));
  const bounds = new Map<number, number>();
  for (const [k, e] of evenly(unknown, alone).entries()) {
    const isBorne = (value: number): boolean =>
      [value, -value].every((end) => trials.isBorneByMost(name, e, end, [k * each, each]));
    const shown = Math.max(Math.abs(least[e] ?? 0), Math.abs(most[e] ?? 0));
    let bound = maxAbs;
    for (let i = 0; i < mostHalvings && bound > shown && !isBorne(bound); i++) bound /= 2;
    if (bound < maxAbs) bounds.set(e, Math.max(bound, shown * (maxAbs / largest)));
  }
  return bounds;
}
