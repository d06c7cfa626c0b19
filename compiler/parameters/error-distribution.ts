/**
 * The largest of many errors, each of which is a known part and noise. The known part is what the plan computes in the
 * clear, the same in every run; noise is close to normal, of one deviation for all elements. For n elements of known errors
 * c_i and noise of deviation s, the largest |c_i + s·g_i| stays below x with the probability
 *
 *   Π_i (1 − Q((x − c_i)/s) − Q((x + c_i)/s)),   Q(z) = ½ erfc(z/√2).
 */
import { erfc } from '../../ir/interpret/erf.ts';

/** Bins of absolute errors are this much wider each: what is told of them is at most a hundredth above the truth. */
const binRatio = 2 ** (1 / 64);

const smallest = 2 ** -48;

/** Deviations beyond which noise does not lead in programs of any size: Q(9) is 1e-19. */
const farOff = 9;

/** Absolute errors, counted by their size. */
export class ErrorHistogram {
  /** How many errors there are of each size, by the number of its bin. */
  private readonly counts = new Map<number, number>();
  largest = 0;

  add(error: number): void {
    const size = Number.isNaN(error) ? Infinity : Math.abs(error);
    if (size > this.largest) this.largest = size;
    const bin = Math.max(0, Math.ceil(Math.log(size / smallest) / Math.log(binRatio)));
    this.counts.set(bin, (this.counts.get(bin) ?? 0) + 1);
  }

  /** Sizes, rounded up to the next bin but not beyond the largest error, and how many errors have them. */
  sizes(): { readonly size: number; readonly count: number }[] {
    return Array.from(this.counts, ([bin, count]) => ({
      size: Math.min(this.largest, smallest * binRatio ** bin),
      count,
    }));
  }
}

/** What none of the errors exceeds with this probability once each has noise of this deviation; 0 of no errors. */
export function largestError(known: ErrorHistogram, deviation: number, probability: number): number {
  const { largest } = known;
  const sizes = known.sizes();
  if (!(deviation > 0) || sizes.length === 0) return largest;
  const wanted = Math.log(probability);
  let [low, high] = [largest, largest + farOff * deviation];
  while (high - low > 1e-3 * high) {
    const middle = (low + high) / 2;
    const chance = sizes.reduce((sum, { size, count }) => sum + count * logBelow(middle, size, deviation), 0);
    if (chance < wanted) low = middle;
    else high = middle;
  }
  return high;
}

/** Logarithm of the probability that an error of this size stays below `limit` with noise. */
function logBelow(limit: number, size: number, deviation: number): number {
  const near = (limit - size) / deviation;
  if (near > farOff) return 0;
  return Math.log1p(-Math.min(1, tail(near) + tail((limit + size) / deviation)));
}

function tail(z: number): number {
  return erfc(z / Math.SQRT2) / 2;
}

/**
 * The deviation of noise from errors that were simulated. The fourth moment says when it is not the same for all of them,
 * or not normal: then it is that of the normals whose fourth moment is as large.
 */
export class NoiseMoments {
  private count = 0;
  private squares = 0;
  private fourths = 0;

  add(error: number): void {
    const square = error * error;
    this.count++;
    this.squares += square;
    this.fourths += square * square;
  }

  get deviation(): number {
    if (this.count === 0) return 0;
    return Math.max(Math.sqrt(this.squares / this.count), (this.fourths / this.count / 3) ** 0.25);
  }
}
