/**
 * Modulus chains that could carry a program, for one polynomial modulus degree.
 *
 * A program of depth d takes d rescales and d + 1 data primes. Its primes need not be alike: one that follows a product
 * of two ciphertexts has to swallow as many bits as the scale has, and those of the weights as well where the product
 * waited for them; one that follows products of plaintexts alone swallows the bits of the weights. Bits cost neither time
 * nor memory and each one halves an error, so primes take all that security and the engine allow.
 */
import { defaultProfile, type EngineCapabilities } from '../../costs/profiles.ts';
import type { Parameters, PolyModulusDegree } from '../../ir/parameters.ts';
import { maxModulusBits } from '../../ir/security.ts';
import { headroomBits } from '../../passes/he/assign-levels.ts';
import type { RescaleOptions } from '../../passes/he/rescale-lazily.ts';
import { nttPrimes } from './primes.ts';

/** What the rescales to one level divide: products of plaintexts alone, or some of ciphertexts. */
export type RescaleKind = 'plain' | 'cipher';

/** Where rescales are placed, and what they divide: `kinds[l]` is that of the rescales from level l + 1 to level l. */
export interface Rescaling extends RescaleOptions {
  readonly kinds: readonly RescaleKind[];
}

export interface Chain extends RescaleOptions {
  readonly parameters: Parameters;
  /** Largest value, as a power of two. */
  readonly rangeBits: number;
}

/** Below this the rounding of ciphertexts alone exceeds any useful error. */
const leastPrimeBits = 20;

/**
 * Bits of a plain rescale's prime where the rest of the chain wants them more. Of the fewest there may be too few primes, and
 * where squares wait no other rescale has use for what these leave.
 */
const leastPlainBits = { waiting: [24], settled: [20, 24] } as const;

/** A plaintext is some 6 bits more accurate than a value of the same scale, so its prime may be smaller. */
const plainSavingBits = 8;

/** A first prime that also holds the weights of the last products, as a multiple of the others' bits. */
const terminalRatio = 1.4;

/**
 * Bits of the special prime beyond the largest data prime. The error of a key switch peaks at slot 0, where SEAL's
 * uncentred digits add up, in proportion to data prime over special prime: with equal primes it is a hundred times what
 * other slots have, and differs from key to key. Bits there are worth more than a scale that much larger.
 */
const specialExtraBits = [4, 8];

/** None where the engine does not take the degree. */
export function chainsFor(
  degree: PolyModulusDegree,
  rescaling: Rescaling,
  rangeBits: number,
  {
    largestDegree,
    largestPrimeBits,
  }: Pick<EngineCapabilities, 'largestDegree' | 'largestPrimeBits'> = defaultProfile.capabilities,
): Chain[] {
  if (degree > largestDegree) return [];
  const { last, defer, late } = rescaling;
  const primesFor = (extra: number, leastPlain: number): number[] | undefined => {
    const most = { total: maxModulusBits[degree] - extra, prime: largestPrimeBits - extra };
    const bits = dataBits(rescaling, most, leastPlain);
    const [first = 0] = bits;
    if (Math.min(...bits) < leastPrimeBits || first < headroomBits + rangeBits + leastPrimeBits) return undefined;
    // The special prime comes first, so that of equal bits it is the largest.
    return nttPrimes([Math.max(...bits) + extra, ...bits], degree);
  };
  // Rotations of what waits run at a scale of which a peak is a small part.
  return (late && defer > 0 ? [0] : specialExtraBits).flatMap((extra) => {
    const [found] = leastPlainBits[defer > 0 ? 'waiting' : 'settled'].flatMap((bits) => {
      const primes = primesFor(extra, bits);
      return primes === undefined ? [] : [primes];
    });
    if (found === undefined) return [];
    const [specialPrime = 0, ...primes] = found;
    return [
      {
        last,
        defer,
        late,
        parameters: { polyModulusDegree: degree, primes, specialPrimes: [specialPrime] },
        rangeBits,
      },
    ];
  });
}

/** Whether any chain carries `depth` rescales. */
export function carriesDepth(
  degree: PolyModulusDegree,
  depth: number,
  capabilities: EngineCapabilities = defaultProfile.capabilities,
): boolean {
  const kinds = Array.from({ length: depth }, (): RescaleKind => 'plain');
  return chainsFor(degree, { last: 'rescaled', defer: Infinity, late: false, kinds }, 0, capabilities).length > 0;
}

/** Bits of the data primes, each at most `prime`, whose sum and largest once more are at most `total`. */
function dataBits(
  { last, defer, kinds }: Rescaling,
  { total, prime: most }: { readonly total: number; readonly prime: number },
  leastPlain: number,
): number[] {
  const ciphers = kinds.filter((kind) => kind === 'cipher').length;
  const plains = kinds.length - ciphers;
  const terminal = last === 'unrescaled';
  const saving = defer > 0 ? Infinity : plainSavingBits;
  // As many bits as there are: for the first prime and the special one, for each cipher prime, for each plain one.
  const ends = terminal ? 2 * terminalRatio : 2;
  const even = total / (ends + ciphers + plains);
  const plain = Math.max(Math.min(even, leastPlain), (total - saving * (ends + ciphers)) / (ends + ciphers + plains));
  const first = Math.min(most, Math.floor(((total - plains * plain) / (ends + ciphers)) * (ends / 2)));
  const cipher = ciphers === 0 ? first : Math.min(first, Math.floor((total - 2 * first - plains * plain) / ciphers));
  const bits = kinds.map((kind) => (kind === 'cipher' ? cipher : Math.min(first, Math.floor(plain))));
  let spare = total - 2 * first - bits.reduce((sum, own) => sum + own, 0);
  // Rounded off bits, and those that a first prime of the most bits cannot take.
  for (const wanted of ['cipher', 'plain'] as const) {
    for (let grown = true; grown && spare > 0;) {
      grown = false;
      for (const [l, kind] of kinds.entries()) {
        const own = bits[l] ?? 0;
        if (kind !== wanted || own >= first || spare <= 0) continue;
        bits[l] = own + 1;
        spare--;
        grown = true;
      }
    }
  }
  return [first, ...bits];
}
