/** Which compositions suit a function on what it meets: for each depth the closest ones, by number of products. */
import type { Histogram } from './least-squares.ts';
import { signAt, type SignComposite, signComposites } from './sign-composites.ts';
import type { SignForm } from './stand-in.ts';

export type Criterion = 'minimax' | 'least-squares';

/** Halves of an octave: no margin that is useful lies far from one of these. */
const margins = Array.from({ length: 23 }, (_, k) => 2 ** (-1 - k / 2));

/** Points of (0, 1) at which a composition is known beforehand. */
const profilePoints = 2048;

/** What takes more products at the same depth has to be closer by this factor. */
const worthMore = 0.9;

const profiles = new WeakMap<SignComposite, Float64Array>();

/**
 * By ascending depth, and at each depth by ascending products, each closer than any that is as shallow and has fewer products. `least-squares`
 * is close by the mean square over the measured values and, a little, over the range; `minimax` by the largest error or, where
 * the function jumps and that is always there, by the mean square over the range.
 */
export function chooseComposites(form: SignForm, histogram: Histogram, criterion: Criterion): SignComposite[] {
  const weights = weightsOf(form, histogram, criterion);
  const all = margins
    .flatMap((margin) => signComposites(margin))
    .map((composite) => ({ composite, error: errorOf(composite, weights) }));
  all.sort(
    (a, b) => a.composite.depth - b.composite.depth || a.composite.products - b.composite.products || a.error - b.error,
  );
  const front: typeof all = [];
  for (const each of all) {
    const isBeaten = front.some(
      ({ composite, error }) => composite.products <= each.composite.products && each.error >= worthMore * error,
    );
    if (!isBeaten) front.push(each);
  }
  return front.map(({ composite }) => composite);
}

interface Weights {
  readonly isLargest: boolean;
  /** For each break what an error of the sign there counts, at the points of a profile. */
  readonly breaks: readonly Float64Array[];
}

function weightsOf({ breaks }: SignForm, histogram: Histogram, criterion: Criterion): Weights {
  const isLargest = criterion === 'minimax' && breaks.every(({ factor }) => factor.length > 1);
  const middles = histogram.middles();
  const shares = criterion === 'minimax' ? middles.map(() => 1 / middles.length) : histogram.weights();
  const byBreak = breaks.map(({ at, reach, factor, scales }) => {
    const size = scales.reduce((most, scale) => Math.max(most, Math.abs(scale)), 0);
    const weights = new Float64Array(profilePoints);
    for (const [bin, x] of middles.entries()) {
      const point = Math.min(profilePoints - 1, Math.floor((profilePoints * Math.abs(x - at)) / reach));
      const height = size * Math.abs(factor.reduceRight((sum, c) => sum * x + c, 0));
      if (isLargest) {
        weights[point] = Math.max(weights[point] ?? 0, height);
        continue;
      }
      weights[point] = (weights[point] ?? 0) + (shares[bin] ?? 0) * height * height;
    }
    return weights;
  });
  return { isLargest, breaks: byBreak };
}

function errorOf(composite: SignComposite, { isLargest, breaks }: Weights): number {
  const profile = profileOf(composite);
  let error = 0;
  for (const weights of breaks) {
    for (let point = 0; point < profile.length; point++) {
      const own = profile[point] ?? 0;
      const weight = weights[point] ?? 0;
      error = isLargest ? Math.max(error, weight * Math.abs(own)) : error + weight * own * own;
    }
  }
  return isLargest ? error : Math.sqrt(error);
}

/** s(t) − 1 at the middles of equal parts of (0, 1). */
function profileOf(composite: SignComposite): Float64Array {
  const before = profiles.get(composite);
  if (before !== undefined) return before;
  const profile = Float64Array.from(
    { length: profilePoints },
    (_, i) => signAt(composite, (i + 0.5) / profilePoints) - 1,
  );
  profiles.set(composite, profile);
  return profile;
}
