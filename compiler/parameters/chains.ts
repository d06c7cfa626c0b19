/**
 * Modulus chains that could carry a program of a given depth, for one polynomial modulus degree.
 *
 * A program of depth d takes d rescales. Either all products are rescaled: d + 1 data primes, the first with room for
 * sign, headroom and range above the scale. Or the last ones are not: d data primes, the first one holding the scale
 * of that product. Fewer primes are faster, so the shorter chain comes first; within a chain primes take all the bits
 * that security allows, since bits below 48 cost neither time nor memory and each one halves the error.
 */
import { maxModulusBits, maxPrimeBits, type Parameters, type PolyModulusDegree } from '../../ir/parameters.ts';
import { headroomBits } from '../../passes/assign-levels.ts';
import { nttPrimes } from './primes.ts';

export interface Chain {
  readonly parameters: Parameters;
  readonly scaleBits: number;
  /** Largest value, as a power of two. */
  readonly rangeBits: number;
  readonly last: 'rescaled' | 'unrescaled';
}

/** Below this the rounding of ciphertexts alone exceeds any useful error. */
const leastScaleBits = 18;

/** The plaintexts of products that are not rescaled need at least this many bits to say anything. */
const leastWeightBits = 6;

export function chainsFor(degree: PolyModulusDegree, depth: number, rangeBits: number): Chain[] {
  return [...unrescaledChains(degree, depth, rangeBits), ...rescaledChains(degree, depth, rangeBits)];
}

/**
 * Bits of the special prime beyond the largest data prime. The error of a key switch peaks at slot 0, where SEAL's
 * uncentred digits add up, in proportion to data prime over special prime: with equal primes it is a hundred times what
 * other slots have, and differs from key to key. Bits there are worth more than a scale that much larger.
 */
const specialExtraBits = [4, 8];

function rescaledChains(degree: PolyModulusDegree, depth: number, rangeBits: number): Chain[] {
  const room = headroomBits + rangeBits;
  return specialExtraBits.flatMap((extra) => {
    const left = maxModulusBits[degree] - 2 * room - extra;
    const scaleBits = Math.min(maxPrimeBits - room - extra, Math.floor(left / (depth + 2)));
    if (scaleBits < leastScaleBits) return [];
    const data = [scaleBits + room, ...Array.from({ length: depth }, () => scaleBits)];
    return chain(degree, data, scaleBits + room + extra, { scaleBits, rangeBits, last: 'rescaled' });
  });
}

/**
 * The first prime of f bits holds room + scale of the ciphertext + scale of the last weights, so bits given to the one
 * are taken from the other. The best split depends on the program: the few nearest to where rounding a weight and a
 * key switch err alike are proposed.
 */
function unrescaledChains(degree: PolyModulusDegree, depth: number, rangeBits: number): Chain[] {
  if (depth < 1) return [];
  return specialExtraBits.flatMap((extra) => {
    const candidates: { scaleBits: number; firstBits: number; error: number }[] = [];
    for (let scaleBits = leastScaleBits; scaleBits <= maxPrimeBits - extra; scaleBits++) {
      const left = maxModulusBits[degree] - scaleBits * (depth - 1);
      const firstBits = Math.min(maxPrimeBits - extra, Math.floor((left - extra) / 2));
      const weightBits = firstBits - headroomBits - rangeBits - scaleBits;
      if (weightBits < leastWeightBits) continue;
      const error = Math.sqrt(degree / 12) / 2 ** weightBits + (degree / 3) * Math.sqrt(depth) * 2 ** -scaleBits;
      candidates.push({ scaleBits, firstBits, error });
    }
    return candidates
      .sort((a, b) => a.error - b.error)
      .slice(0, 2)
      .flatMap(({ scaleBits, firstBits }) => {
        const data = [firstBits, ...Array.from({ length: depth - 1 }, () => scaleBits)];
        const specialBits = Math.max(firstBits, scaleBits) + extra;
        return chain(degree, data, specialBits, { scaleBits, rangeBits, last: 'unrescaled' });
      });
  });
}

function chain(
  polyModulusDegree: PolyModulusDegree,
  dataBits: readonly number[],
  specialBits: number,
  rest: Omit<Chain, 'parameters'>,
): Chain[] {
  // The special prime comes first, so that of equal bits it is the largest.
  const found = nttPrimes([specialBits, ...dataBits], polyModulusDegree);
  if (found === undefined) return [];
  const [specialPrime = 0, ...primes] = found;
  return [{ parameters: { polyModulusDegree, primes, specialPrime }, ...rest }];
}
