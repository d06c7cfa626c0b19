/** The automorphism in the transformed domain, the inner product of a key switch, and what its division ends in. */
import { balance, multiplyBy, primeOf, reciprocalOf } from './modular';
import { addHigh, addLow, emptyHigh, maxTerms, reduceSum } from './wide-sums';

/** Bytes of the address of a digit. */
const addressBytes: usize = 4;
/** Bytes of a digit of the key for a pair of elements. */
const digitBytes: usize = 32;

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
function placeOf(word: u32): usize {
  return word & ~15;
}

/** The order of a pair's bytes that its word asks for: 8 added to each index, modulo 16, makes elements change places. */
// @ts-ignore
@inline
function orderOf(word: u32): v128 {
  const straight = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return v128.xor(straight, i8x16.splat(<i8>((word & 1) << 3)));
}

/** The word of the pair at byte `at` of a limb; without a permutation it names itself. */
// @ts-ignore
@inline
function wordAt(permutation: usize, at: usize): u32 {
  return permutation == 0 ? <u32>at : load<u32>(permutation + (at >> 2));
}

export function permute(source: usize, target: usize, permutation: usize, from: i32, to: i32): void {
  const end = (<usize>to) << 3;
  for (let at = (<usize>from) << 3; at < end; at += 16) {
    const word = wordAt(permutation, at);
    v128.store(target + at, i8x16.relaxed_swizzle(v128.load(source + placeOf(word)), orderOf(word)));
  }
}

/** Two pairs of elements at a time, for the reasons of `multiplyAccumulate`. */
export function inner(
  digits: usize,
  count: i32,
  key: usize,
  stride: usize,
  permutation: usize,
  target0: usize,
  target1: usize,
  prime: usize,
  from: i32,
  to: i32,
): void {
  const q = primeOf(prime);
  const reciprocal = reciprocalOf(prime);
  const digitsEnd = digits + (<usize>count) * addressBytes;
  const end = (<usize>to) << 3;
  for (let at = (<usize>from) << 3; at < end; at += 32) {
    const other = min(at + 16, end - 16);
    const word = wordAt(permutation, at);
    const place = placeOf(word);
    const order = orderOf(word);
    const otherWord = wordAt(permutation, other);
    const otherPlace = placeOf(otherWord);
    const otherOrder = orderOf(otherWord);
    let low0 = f64x2.splat(0);
    let low1 = f64x2.splat(0);
    let otherLow0 = f64x2.splat(0);
    let otherLow1 = f64x2.splat(0);
    let digit = digits;
    let part = key + (at >> 4) * stride;
    let otherPart = key + (other >> 4) * stride;
    while (digit < digitsEnd) {
      const stop = min(digitsEnd, digit + <usize>maxTerms * addressBytes);
      let high0 = emptyHigh();
      let high1 = emptyHigh();
      let otherHigh0 = emptyHigh();
      let otherHigh1 = emptyHigh();
      for (; digit < stop; digit += addressBytes) {
        const limb = load<usize>(digit);

        const x = i8x16.relaxed_swizzle(v128.load(limb + place), order);
        const k0 = v128.load(part);
        const next0 = addHigh(x, k0, high0);
        low0 = addLow(x, k0, low0, high0, next0);
        high0 = next0;
        const k1 = v128.load(part, 16);
        const next1 = addHigh(x, k1, high1);
        low1 = addLow(x, k1, low1, high1, next1);
        high1 = next1;
        part += digitBytes;

        const y = i8x16.relaxed_swizzle(v128.load(limb + otherPlace), otherOrder);
        const l0 = v128.load(otherPart);
        const otherNext0 = addHigh(y, l0, otherHigh0);
        otherLow0 = addLow(y, l0, otherLow0, otherHigh0, otherNext0);
        otherHigh0 = otherNext0;
        const l1 = v128.load(otherPart, 16);
        const otherNext1 = addHigh(y, l1, otherHigh1);
        otherLow1 = addLow(y, l1, otherLow1, otherHigh1, otherNext1);
        otherHigh1 = otherNext1;
        otherPart += digitBytes;
      }
      low0 = reduceSum(high0, low0, q, reciprocal);
      low1 = reduceSum(high1, low1, q, reciprocal);
      otherLow0 = reduceSum(otherHigh0, otherLow0, q, reciprocal);
      otherLow1 = reduceSum(otherHigh1, otherLow1, q, reciprocal);
    }
    v128.store(target0 + at, low0);
    v128.store(target1 + at, low1);
    v128.store(target0 + other, otherLow0);
    v128.store(target1 + other, otherLow1);
  }
}

/** |x − y| ≤ q + 1, and with the addend |result before balancing| ≤ 3/4·q + (q + 1)/2. */
export function divide(
  x: usize,
  y: usize,
  factor: usize,
  addend: usize,
  target: usize,
  prime: usize,
  from: i32,
  to: i32,
): void {
  const q = primeOf(prime);
  const reciprocal = reciprocalOf(prime);
  const f = v128.load64_splat(factor);
  const fOverQ = v128.load64_splat(factor, 8);
  const end = (<usize>to) << 3;
  for (let at = (<usize>from) << 3; at < end; at += 16) {
    let result = multiplyBy(f64x2.sub(v128.load(x + at), v128.load(y + at)), f, fOverQ, q);
    if (addend != 0) result = f64x2.add(result, v128.load(addend + at));
    v128.store(target + at, balance(result, q, reciprocal));
  }
}
