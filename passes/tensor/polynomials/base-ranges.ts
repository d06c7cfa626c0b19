/**
 * How far a polynomial in powers loses digits: where its terms are larger than its values, it takes their rounding.
 */
import { elementCount } from '../../../ir/constant.ts';
import type { Sample } from '../../../ir/interface.ts';
import { evaluatePolynomial } from '../../../ir/interpret/polynomial.ts';
import { TensorInterpreter } from '../../../ir/interpret/tensor.ts';
import { nodeAt } from '../../../ir/module.ts';
import type { ValueId } from '../../../ir/op.ts';
import type { TensorModule } from '../../../ir/tensor/ops.ts';
import { evenly } from '../../base/evenly.ts';
import type { ElementPolynomial } from './element-polynomial.ts';

/** Ranges are measured on so many samples at most. */
const maxSamples = 64;

/** What terms may be of the largest value: eight bits of the 25 or so that encrypted values have. */
const maxCancellation = 2 ** 8;

/** Powers of the value itself are preferred to those about another centre until they lose two bits more. */
const preferenceForZero = 4;

/** Places of each range where the largest value is looked for. */
const probes = [0, 0.25, 0.5, 0.75, 1];

/** Least and largest value of each element on the samples. */
interface Range {
  readonly lo: Float64Array;
  readonly hi: Float64Array;
}

export class BaseRanges {
  private readonly module: TensorModule;
  private readonly samples: readonly Sample[];
  private readonly bases: readonly ValueId[];
  private measured: ReadonlyMap<ValueId, Range> | undefined;

  /** `bases` are the values that are asked for; nothing is measured before the first one is. */
  constructor(module: TensorModule, samples: readonly Sample[], bases: Iterable<ValueId>) {
    this.module = module;
    this.samples = evenly(samples, maxSamples);
    this.bases = [...bases];
  }

  /**
   * The centre about which the powers of `base` cancel least; undefined where they cancel too much about any. 0 where there
   * are no samples to tell.
   */
  centerFor(view: ElementPolynomial, base: ValueId): number | undefined {
    if (view.degree < 2) return 0;
    this.measured ??= this.measure();
    const range = this.measured.get(base);
    if (range === undefined) return 0;
    const middle = (least(range.lo) + largest(range.hi)) / 2;
    if (!Number.isFinite(middle)) return 0;
    const atZero = cancellation(view, 0, range);
    const atMiddle = cancellation(view, middle, range);
    if (!(Math.min(atZero, atMiddle) <= maxCancellation)) return undefined;
    return atZero <= preferenceForZero * atMiddle ? 0 : middle;
  }

  private measure(): ReadonlyMap<ValueId, Range> {
    const ranges = new Map<ValueId, Range>();
    if (this.samples.length === 0) return ranges;
    for (const id of this.bases) {
      const elements = elementCount(nodeAt(this.module, id).type);
      ranges.set(id, {
        lo: new Float64Array(elements).fill(Infinity),
        hi: new Float64Array(elements).fill(-Infinity),
      });
    }
    const interpreter = new TensorInterpreter(this.module);
    for (const sample of this.samples) {
      const values = interpreter.evaluateAll(sample);
      for (const [id, { lo, hi }] of ranges) {
        for (const [e, value] of (values[id] ?? new Float64Array()).entries()) {
          lo[e] = Math.min(lo[e] ?? value, value);
          hi[e] = Math.max(hi[e] ?? value, value);
        }
      }
    }
    return ranges;
  }
}

/** The largest sum of terms in absolute value, as a multiple of the largest value. */
function cancellation(view: ElementPolynomial, center: number, { lo, hi }: Range): number {
  const moved = view.about(center);
  let ofTerms = 0;
  let ofValues = 0;
  for (const [e, from] of lo.entries()) {
    const to = hi[e] ?? from;
    const reach = Math.max(Math.abs(from - center), Math.abs(to - center));
    const own = moved.at(e);
    ofTerms = Math.max(ofTerms, evaluatePolynomial('power', own.map(Math.abs), reach));
    for (const probe of probes) {
      const t = from + probe * (to - from) - center;
      ofValues = Math.max(ofValues, Math.abs(evaluatePolynomial('power', own, t)));
    }
  }
  return ofTerms === 0 ? 1 : ofTerms / ofValues;
}

function least(values: Float64Array): number {
  return values.reduce((a, b) => Math.min(a, b), Infinity);
}

function largest(values: Float64Array): number {
  return values.reduce((a, b) => Math.max(a, b), -Infinity);
}
