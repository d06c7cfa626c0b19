/**
 * What elements of inputs have at most that comparisons read, such as features that trees compare with thresholds. What stands for a
 * comparison is good for nothing outside of its range, so ranges are made of these limits, and no input that is accepted leaves one.
 *
 * - Limits are what samples show of an element, rounded outwards to a part of its width that tells little of any one sample.
 * - Where nothing but comparisons of the element by itself reads it, and all thresholds lie within, the client clips it: what is
 *   beyond a limit is decided as the limit is. So limits may be close, ranges are narrow, and nothing is refused. They go on to
 *   thresholds that lie beyond what samples show, by doubling, up to `mostDoublings` times.
 * - All other elements are refused beyond their limits, which are wider: those that another layer reads too, those that are
 *   compared with one another, and those with thresholds far from all samples.
 */
import type { Sample } from '../../ir/interface.ts';
import type { Range } from '../../ir/plan/calibration.ts';
import { maxGroups } from '../../ir/plan/element-bounds.ts';
import type { TensorModule } from '../../ir/tensor/ops.ts';
import type { ElementLimits } from '../../passes/base/input-limits.ts';
import { inputReaders } from '../../passes/tensor/comparisons/input-comparisons.ts';
import { type ClientSteps } from '../../ir/client/steps.ts';
import { missingMarks } from './missing-marks.ts';

export interface ClippedElements extends ElementLimits {
  /** 1 for elements that the client clips; others with limits are refused beyond them. */
  readonly clips: Uint8Array;
}

/** By the name of the input. */
export type ClippedLimits = ReadonlyMap<string, ClippedElements>;

/** What limits are rounded to, and lie beyond all samples at least: so many make a width, or up to twice as many. */
const parts = { clipped: 16, refused: 4 } as const;

/** A doubling costs every comparison of the element a bit. */
const mostDoublings = 3;

/** The limits that samples show, for inputs that comparisons read. */
export function inputLimits(
  { module, steps }: { readonly module: TensorModule; readonly steps?: ClientSteps },
  samples: readonly Sample[],
): ClippedLimits {
  const { comparisons, readOtherwise } = inputReaders(module);
  const found = new Map<string, ClippedElements>();
  for (const [name, others] of readOtherwise) {
    const marks = missingMarks(steps?.pre, name, others.length);
    const compared = new ComparedElements(marks);
    for (const { map, input } of comparisons) {
      if (input !== name) continue;
      for (let row = 0; row < map.rows; row++) {
        const [first, end] = [map.starts[row] ?? 0, map.starts[row + 1] ?? 0];
        compared.add(map.indices.subarray(first, end), map.values.subarray(first, end), map.bias[row] ?? 0);
      }
    }
    const limits = compared.limits(
      samples.map((sample) => sample.get(name) ?? new Float64Array(others.length)),
      others,
    );
    const intervals = new Set(Array.from(limits.least, (least, e) => `${least} ${limits.most[e]} ${limits.clips[e]}`));
    if (intervals.size < maxGroups / 2) found.set(name, limits);
  }
  return found;
}

/** The sample as the client encrypts it: what is beyond limits is refused, where it is not clipped. */
export function asEncrypted(sample: Sample, limits: ClippedLimits | undefined): Sample {
  if (limits === undefined || limits.size === 0) return sample;
  return new Map(
    Array.from(sample, ([name, values]) => {
      const { least, most, clips } = limits.get(name) ?? {};
      if (least === undefined || most === undefined || clips?.includes(1) !== true) return [name, values];
      const clip = (x: number, e: number): number => Math.min(Math.max(x, least[e] ?? x), most[e] ?? x);
      return [name, values.map((x, e) => (clips[e] === 1 ? clip(x, e) : x))];
    }),
  );
}

/** What comparisons make of the elements of one input. */
class ComparedElements {
  private readonly marks: Int32Array;
  /** For each element that is compared by itself what with. */
  private readonly thresholds = new Map<number, number[]>();
  private readonly comparedWithOthers = new Set<number>();

  constructor(marks: Int32Array) {
    this.marks = marks;
  }

  /** Σ weights · elements + bias is compared with 0. */
  add(elements: Int32Array, weights: Float64Array, bias: number): void {
    const own = elements.filter((e) => !this.marksOneOf(e, elements));
    const [only = -1] = own;
    if (own.length > 1) for (const e of own) this.comparedWithOthers.add(e);
    else if (own.length === 1) {
      const known = this.thresholds.get(only) ?? [];
      this.thresholds.set(only, known);
      known.push(-bias / (weights[elements.indexOf(only)] ?? 1));
    }
  }

  /** @param readOtherwise 1 for elements that not only comparisons read */
  limits(columns: readonly Float64Array[], readOtherwise: Uint8Array): ClippedElements {
    const { marks } = this;
    const count = marks.length;
    const limits = {
      least: new Float64Array(count).fill(-Infinity),
      most: new Float64Array(count).fill(Infinity),
      marks,
      clips: new Uint8Array(count),
    };
    const markOf = new Map(Array.from(marks, (marked, e): [number, number] => [marked, e]));
    for (const e of new Set([...this.thresholds.keys(), ...this.comparedWithOthers])) {
      const mark = markOf.get(e);
      const shown = columns
        .filter((values) => mark === undefined || values[mark] === 0)
        .map((values) => values[e] ?? 0);
      const isAlone = readOtherwise[e] === 0 && !this.comparedWithOthers.has(e);
      const thresholds = rangeOf(this.thresholds.get(e) ?? []);
      const range = rangeOf(shown.length === 0 ? [0] : shown);
      const wide = isAlone ? clippedRange(range, thresholds) : undefined;
      const [least, most] = wide ?? refusedRange(range);
      limits.clips[e] = Number(wide !== undefined);
      // What is missing is encrypted as 0.
      limits.least[e] = mark === undefined ? least : Math.min(0, least);
      limits.most[e] = mark === undefined ? most : Math.max(0, most);
    }
    for (const mark of markOf.values()) {
      if (marks[mark] === -1) continue;
      limits.least[mark] = 0;
      limits.most[mark] = 1;
    }
    return limits;
  }

  private marksOneOf(mark: number, elements: Int32Array): boolean {
    const marked = this.marks[mark] ?? -1;
    return marked >= 0 && (elements.length === 1 || elements.includes(marked));
  }
}

/** The limits of what is clipped, with all thresholds well within; undefined where these lie too far away. */
function clippedRange([least, most]: Range, [lowest, highest]: Range): Range | undefined {
  const distance = Math.max(least - lowest, highest - most);
  const width = most > least ? most - least : 2 * distance > 0 ? 2 * distance : Math.abs(most) || 1;
  const unit = 2 ** Math.floor(Math.log2(width));
  const part = unit / parts.clipped;
  const from = reachingTo(-least, -lowest, unit, part);
  const to = reachingTo(most, highest, unit, part);
  return from === undefined || to === undefined ? undefined : [0 - from, to];
}

/** What is a part at least beyond `most` and, by as few doublings as there may be, beyond `highest`. */
function reachingTo(most: number, highest: number, unit: number, part: number): number | undefined {
  const near = (Math.ceil(most / part) + 1) * part;
  for (let doublings = 0; doublings <= mostDoublings; doublings++) {
    const end = near + unit * (2 ** doublings - 1);
    if (highest + part <= end) return end;
  }
  return undefined;
}

function refusedRange([least, most]: Range): Range {
  const width = most > least ? most - least : Math.abs(most) || 1;
  const part = 2 ** Math.floor(Math.log2(width)) / parts.refused;
  return [(Math.floor(least / part) - 1) * part, (Math.ceil(most / part) + 1) * part];
}

function rangeOf(values: readonly number[]): Range {
  return values.reduce<Range>(([lo, hi], x) => [Math.min(lo, x), Math.max(hi, x)], [Infinity, -Infinity]);
}
