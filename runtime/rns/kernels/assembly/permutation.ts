/** The automorphism in the transformed domain, of a limb or of what another kernel reads. */

/** The lowest `bits` bits of x, reversed. */
function reverse(x: u32, bits: u32): u32 {
  x = ((x & 0x55555555) << 1) | ((x >> 1) & 0x55555555);
  x = ((x & 0x33333333) << 2) | ((x >> 2) & 0x33333333);
  x = ((x & 0x0f0f0f0f) << 4) | ((x >> 4) & 0x0f0f0f0f);
  return bswap<u32>(x) >> (32 - bits);
}

/**
 * Entry j of the transform of a(X^g) is a(ψ^(g·(2·rev(j) + 1))), so entry j' of that of a(X), with
 * 2·rev(j') + 1 = g·(2·rev(j) + 1) modulo 2n. For j and j + 1, j even, these exponents differ by g·n ≡ n modulo 2n, the
 * reversals of their j' by n/2, and so the j' themselves in their last bit alone.
 */
export function fillPermutation(permutation: usize, element: u32, n: u32): void {
  const bits = ctz(n);
  for (let pair: u32 = 0; pair < n >> 1; pair++) {
    const exponent = (element * (2 * reverse(2 * pair, bits) + 1)) & (2 * n - 1);
    const source = reverse(exponent >> 1, bits);
    store<u32>(permutation + ((<usize>pair) << 2), ((source >> 1) << 4) | (source & 1));
  }
}

/** The place of the pair that a word of a permutation names, in bytes. */
// @ts-ignore: decorators are AssemblyScript's
@inline
export function placeOf(word: u32): usize {
  return word & ~15;
}

/** The order of a pair's bytes that its word asks for: 8 added to each index, modulo 16, makes elements change places. */
// @ts-ignore
@inline
export function orderOf(word: u32): v128 {
  const straight = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return v128.xor(straight, i8x16.splat(<i8>((word & 1) << 3)));
}

/** The word of the pair at byte `at` of a limb; without a permutation it names itself. */
// @ts-ignore
@inline
export function wordAt(permutation: usize, at: usize): u32 {
  return permutation == 0 ? <u32>at : load<u32>(permutation + (at >> 2));
}

/** The pair that a word names, its elements in the order that it asks for. */
// @ts-ignore
@inline
export function loadPermuted(limb: usize, word: u32): v128 {
  return i8x16.relaxed_swizzle(v128.load(limb + placeOf(word)), orderOf(word));
}

export function permute(source: usize, target: usize, permutation: usize, from: i32, to: i32): void {
  const end = (<usize>to) << 3;
  for (let at = (<usize>from) << 3; at < end; at += 16) {
    v128.store(target + at, loadPermuted(source, wordAt(permutation, at)));
  }
}
