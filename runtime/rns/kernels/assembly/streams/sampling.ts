/**
 * Secrets and errors as coefficients, of a secret ChaCha20 stream: 64 bits for each, none of which decides a branch or an
 * address.
 */
import { chacha20, groupBytes } from './chacha20';

/** Coefficients of four blocks of the stream. */
const groupWords: i32 = <i32>(groupBytes >> 3);

/**
 * −1, 0 or 1: floor(3·w / 2^64) − 1 for a uniform word w. A chance differs from a third by less than 2^−64, as SEAL's
 * rejection has it exactly (SEAL 4.1, rlwe.cpp: sample_poly_ternary).
 */
export function sampleTernary(seed: usize, target: usize, n: i32, work: usize): void {
  for (let first = 0; first < n; first += groupWords) {
    chacha20(seed, first >> 3, work, 1);
    for (let at = work, end = work + ((<usize>min(n - first, groupWords)) << 3); at < end; at += 16, target += 16) {
      const words = v128.load(at);
      const high = i64x2.shr_u(words, 32);
      const low = v128.and(words, i64x2.splat(0xffffffff));
      const carry = i64x2.shr_u(i64x2.add(low, i64x2.add(low, low)), 32);
      const thirds = i64x2.shr_u(i64x2.add(i64x2.add(high, carry), i64x2.add(high, high)), 32);
      v128.store(target, f64x2.sub(smallToDoubles(thirds), f64x2.splat(1)));
    }
  }
}

/**
 * The difference of the numbers of ones in two times 21 bits: the centred binomial distribution of σ = √10.5 = 3.24, within
 * ±21 (SEAL 4.1, rlwe.cpp: sample_poly_cbd).
 */
export function sampleError(seed: usize, target: usize, n: i32, work: usize): void {
  const bits = i32x4.splat(0x1fffff);
  for (let first = 0; first < n; first += groupWords) {
    chacha20(seed, first >> 3, work, 1);
    for (let at = work, end = work + ((<usize>min(n - first, groupWords)) << 3); at < end; at += 16, target += 16) {
      const ones = i8x16.popcnt(v128.and(v128.load(at), bits));
      const counts = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(ones));
      const positive = v128.and(counts, i64x2.splat(0xffffffff));
      v128.store(target, f64x2.sub(smallToDoubles(positive), smallToDoubles(i64x2.shr_u(counts, 32))));
    }
  }
}

/** 64-bit words below 2^31. */
// @ts-ignore: decorators are AssemblyScript's
@inline
function smallToDoubles(x: v128): v128 {
  return f64x2.convert_low_i32x4_s(v128.shuffle<i32>(x, x, 0, 2, 0, 2));
}
