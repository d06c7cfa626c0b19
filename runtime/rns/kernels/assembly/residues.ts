/**
 * Residues as SEAL has them, 64-bit words in [0, q), to limbs and back. A word below 2^52 becomes a double by the bits of
 * 2^52, whose mantissa then counts ones: x | bits(2^52) is 2^52 + x.
 *
 * What comes in is hostile. Of a word w that is not in [0, q), w or q − 1 − w is negative as a signed one: w itself from
 * 2^63 on, q − 1 − w below. So one sign bit over all of them tells whether any is bad, and none is branched on.
 */
import { halfOf, degreeOf, lift, primeOf } from './modular';

/** Bits of the double 2^52. */
const exponentBits: i64 = 0x4330000000000000;

const power52: f64 = 4503599627370496;

/** The largest residue in both lanes. */
// @ts-ignore: decorators are AssemblyScript's
@inline
export function largestResidue(prime: usize): v128 {
  return i64x2.splat(<i64>load<f64>(prime) - 1);
}

/** Two words in [0, q), balanced; whatever else they are, some doubles. */
// @ts-ignore
@inline
export function balanceWords(words: v128, q: v128, half: v128): v128 {
  const x = f64x2.sub(v128.or(words, i64x2.splat(exponentBits)), f64x2.splat(power52));
  return f64x2.sub(x, v128.and(f64x2.gt(x, half), q));
}

/** Index of the first word that is not below q, or −1 where `bad`, the signs of all, has none. */
function firstBad(bad: v128, source: usize, prime: usize): i32 {
  if (i64x2.bitmask(bad) == 0) return -1;
  const q = <u64>load<f64>(prime);
  let i = 0;
  while (load<u64>(source + 8 * i) < q) i++;
  return i;
}

function loadLimb(source: usize, target: usize, prime: usize): i32 {
  return loadApart(source, target, 16, prime);
}

export function loadKey(source: usize, key: usize, stride: i32, digit: i32, poly: i32, prime: usize): i32 {
  return loadApart(source, key + 32 * digit + 16 * poly, stride, prime);
}

/** From one pair of elements of the result to the next are `stride` bytes. */
// @ts-ignore
@inline
function loadApart(source: usize, target: usize, stride: usize, prime: usize): i32 {
  const q = primeOf(prime);
  const half = halfOf(prime);
  const largest = largestResidue(prime);
  const end = source + 8 * degreeOf(prime);
  let bad = i64x2.splat(0);
  for (let from = source; from < end; from += 16, target += stride) {
    const words = v128.load(from);
    bad = v128.or(bad, v128.or(words, i64x2.sub(largest, words)));
    v128.store(target, balanceWords(words, q, half));
  }
  return firstBad(bad, source, prime);
}

function storeLimb(source: usize, target: usize, prime: usize): void {
  const q = primeOf(prime);
  const end = source + 8 * degreeOf(prime);
  for (let from = source; from < end; from += 16, target += 16) {
    const x = lift(v128.load(from), q);
    v128.store(target, v128.xor(f64x2.add(x, f64x2.splat(power52)), i64x2.splat(exponentBits)));
  }
}

// Under their own names they would hide the instructions.
export { loadLimb as load, storeLimb as store };
