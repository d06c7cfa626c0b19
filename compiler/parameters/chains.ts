/**
 * Modulus chains that could carry a program, for one polynomial modulus degree.
 *
 * A program of depth d takes d rescales and d + 1 data primes. Its primes need not be alike: one that follows a product
 * of two ciphertexts has to swallow as many bits as the scale has, and those of the weights as well where the product
 * waited for them; one that follows products of plaintexts alone swallows the bits of the weights. Bits cost neither time
 * nor memory and each one halves an error, so primes take all that security and the engine allow.
 */
import { defaultProfile, type EngineCapabilities } from '../../costs/profiles.ts';
import { bitLength, maxDataPrimes, type Parameters, type PolyModulusDegree } from '../../ir/parameters.ts';
import { maxModulusBits } from '../../ir/ckks/security.ts';
import { keyDigits } from '../../ir/ckks/switching-keys.ts';
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
  /** Level of the outputs, above primes that are for bootstraps; 0 unless given. */
  readonly floor?: number;
}

/** Below this the rounding of ciphertexts alone exceeds any useful error. */
const leastPrimeBits = 20;

/**
 * Bits of a plain rescale's prime where the rest of the chain wants them more. Of the fewest there may be too few primes (at
 * N = 65536 there are 5 of 23 bits, 12 of 24, and 60 of 27), and where squares wait no other rescale has use for what these
 * leave.
 */
const leastPlainBits = { waiting: [24, 27], settled: [20, 24, 27] } as const;

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

/**
 * Bits of the product of several special primes beyond that of a digit, about. Digits are centred, so that no slot has more
 * error than others, and the error of a key switch is hardly more than the rounding of its division.
 */
const specialMarginBits = 4;

type Capabilities = Pick<EngineCapabilities, 'largestDegree' | 'largestPrimeBits' | 'specialPrimes'>;

/**
 * With one special prime, and with as many more as make digits fewer. None where the engine does not take the degree.
 */
export function chainsFor(
  degree: PolyModulusDegree,
  rescaling: Rescaling,
  rangeBits: number,
  capabilities: Capabilities = defaultProfile.capabilities,
): Chain[] {
  const { largestDegree, largestPrimeBits, specialPrimes: most } = capabilities;
  const { last, defer, late, kinds } = rescaling;
  if (degree > largestDegree || kinds.length >= maxDataPrimes) return [];
  const chainOf = (specials: number, extra: number): Chain | undefined => {
    for (const leastPlain of leastPlainBits[defer > 0 ? 'waiting' : 'settled']) {
      const room = { total: maxModulusBits[degree] - specials * extra, prime: largestPrimeBits - extra, specials };
      const { bits, special } = primeBits(rescaling, room, leastPlain);
      const [first = 0] = bits;
      if (Math.min(...bits) < leastPrimeBits || first < headroomBits + rangeBits + leastPrimeBits) continue;
      // The special primes come first, so that of equal bits they are the largest.
      const found = nttPrimes([...Array<number>(specials).fill(special + extra), ...bits], degree);
      if (found === undefined) continue;
      const parameters = {
        polyModulusDegree: degree,
        primes: found.slice(specials),
        specialPrimes: found.slice(0, specials),
      };
      return { last, defer, late, parameters, rangeBits };
    }
    return undefined;
  };
  // Rotations of what waits run at a scale of which a peak is a small part.
  const chains = (late && defer > 0 ? [0] : specialExtraBits).flatMap((extra) => chainOf(1, extra) ?? []);
  const digitsOf = (chain: Chain | undefined): number =>
    chain === undefined ? Infinity : keyDigits(chain.parameters).length;
  let fewest = kinds.length + 1;
  for (let specials = 2; specials <= Math.min(most, kinds.length + 1); specials++) {
    const chain = chainOf(specials, Math.ceil(specialMarginBits / specials));
    // Where primes are as large as they may be, a margin is at the cost of their bits.
    const without = chainOf(specials, 0);
    const isFull = bitLength(without?.parameters.primes[0] ?? 0) === largestPrimeBits;
    const found = [chain, ...(isFull ? [without] : [])].filter((each) => digitsOf(each) < fewest);
    chains.push(...found.flatMap((each) => each ?? []));
    fewest = Math.min(fewest, ...found.map(digitsOf));
  }
  return chains;
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

/** Below this squares in a row lose their bits: of primes that follow products of ciphertexts. */
const leastSquareBits = 34;

/** The longest chain of primes that are good for squares, as its top level. */
export function mostSquares(degree: PolyModulusDegree, capabilities: EngineCapabilities): number {
  const isGood = (depth: number): boolean => {
    const kinds = Array.from({ length: depth }, (): RescaleKind => 'cipher');
    const rescaling = { last: 'rescaled', defer: Infinity, late: false, kinds } as const;
    return chainsFor(degree, rescaling, 0, capabilities).some(({ parameters: { primes } }) =>
      primes.every((prime) => bitLength(prime) >= leastSquareBits),
    );
  };
  let levels = 0;
  while (isGood(levels + 1)) levels++;
  return levels;
}

/**
 * Bits of the data primes, and of each special one. All are at most `prime`, and `total` together. One special prime has the
 * bits of the first data prime, which is the largest; several have those of a prime that follows a square.
 */
function primeBits(
  { last, defer, kinds }: Rescaling,
  { total, prime: most, specials }: { readonly total: number; readonly prime: number; readonly specials: number },
  leastPlain: number,
): { readonly bits: number[]; readonly special: number } {
  const ciphers = kinds.filter((kind) => kind === 'cipher').length;
  const plains = kinds.length - ciphers;
  const own = last === 'unrescaled' ? terminalRatio : 1;
  const saving = defer > 0 ? Infinity : plainSavingBits;
  // As many bits as there are: for the first prime and the special ones, for each cipher prime, for each plain one.
  const ends = specials === 1 ? 2 * own : own + specials;
  const even = total / (ends + ciphers + plains);
  const plain = Math.max(Math.min(even, leastPlain), (total - saving * (ends + ciphers)) / (ends + ciphers + plains));
  const share = (total - plains * plain) / (ends + ciphers);
  const first = Math.min(most, Math.floor(share * own));
  let special = specials === 1 ? first : Math.min(most, Math.floor(share));
  const left = (): number => total - first - specials * special;
  const cipher = ciphers === 0 ? first : Math.min(first, Math.floor((left() - plains * plain) / ciphers));
  const bits = kinds.map((kind) => (kind === 'cipher' ? cipher : Math.min(first, Math.floor(plain))));
  let spare = left() - bits.reduce((sum, each) => sum + each, 0);
  // Rounded off bits, and those that a first prime of the most bits cannot take.
  for (const wanted of ['cipher', 'plain'] as const) {
    for (let grown = true; grown && spare > 0;) {
      grown = false;
      for (const [l, kind] of kinds.entries()) {
        const each = bits[l] ?? 0;
        if (kind !== wanted || each >= first || spare <= 0) continue;
        bits[l] = each + 1;
        spare--;
        grown = true;
      }
    }
  }
  if (specials > 1) special = Math.min(most, special + Math.floor(spare / specials));
  return { bits: [first, ...bits], special };
}
