/**
 * Residues in [0, q) as words of 48 bits, little-endian and without gaps, to limbs and back: two are twelve bytes. The
 * last four of the sixteen that a vector has are read, or overwritten, together with the next pair.
 */
import { degreeOf, lift, primeOf } from './modular';
import { balanceWords, largestResidue } from './residues';

const power52: f64 = 4503599627370496;

export function unpackResidues(source: usize, target: usize, stride: i32, prime: usize): i32 {
  // Indices beyond a vector give zeros, in a swizzle that is not relaxed.
  const spread = i8x16(0, 1, 2, 3, 4, 5, -1, -1, 6, 7, 8, 9, 10, 11, -1, -1);
  const q = primeOf(prime);
  const half = v128.load64_splat(prime, 16);
  const largest = largestResidue(prime);
  const end = source + 6 * <usize>degreeOf(prime);
  let bad = i64x2.splat(0);
  for (let from = source; from < end; from += 12, target += stride) {
    const words = i8x16.swizzle(v128.load(from), spread);
    bad = v128.or(bad, i64x2.sub(largest, words));
    v128.store(target, balanceWords(words, q, half));
  }
  if (i64x2.bitmask(bad) == 0) return -1;
  const limit = <u64>load<f64>(prime);
  let i = 0;
  while ((load<u64>(source + 6 * i) & 0xffffffffffff) < limit) i++;
  return i;
}

export function packResidues(source: usize, target: usize, prime: usize): void {
  const close = i8x16(0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, -1, -1, -1, -1);
  const q = primeOf(prime);
  const end = source + 8 * <usize>degreeOf(prime);
  for (let from = source; from < end; from += 16, target += 12) {
    // The mantissa of x + 2^52 counts ones.
    const words = f64x2.add(lift(v128.load(from), q), f64x2.splat(power52));
    v128.store(target, i8x16.swizzle(words, close));
  }
}
