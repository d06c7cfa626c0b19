/** The inner product of a key switch, and what its division ends in. */
import { addressBytes } from './addresses';
import { balance, multiplyBy, primeOf, reciprocalOf } from './modular';
import { loadPermuted, orderOf, placeOf, wordAt } from './permutation';
import { addHigh, addLow, emptyHigh, looseSum, maxTerms, reduceSum } from './wide-sums';

/** Bytes of a digit of the key for a pair of elements. */
const digitBytes: usize = 32;

/** Two pairs of elements at a time, for the reasons of `multiplyAccumulate`. */
export function inner(
  digits: usize,
  count: i32,
  key: usize,
  stride: usize,
  permutation: usize,
  addend: usize,
  factor: usize,
  target0: usize,
  target1: usize,
  prime: usize,
  loose: bool,
  from: i32,
  to: i32,
): void {
  if (loose && addend == 0 && count <= maxTerms)
    innerSums(digits, count, key, stride, permutation, 0, 0, target0, target1, prime, true, from, to);
  else innerSums(digits, count, key, stride, permutation, addend, factor, target0, target1, prime, false, from, to);
}

/**
 * `loose` is a constant wherever this is inlined: sums of one reduction are left unbalanced. A low part may start from a
 * product, below 3/4·q, in place of a balanced residue: then it stays below 26·2^47, and reductions hold as they do.
 */
// @ts-ignore: decorators are AssemblyScript's
@inline
function innerSums(
  digits: usize,
  count: i32,
  key: usize,
  stride: usize,
  permutation: usize,
  addend: usize,
  factor: usize,
  target0: usize,
  target1: usize,
  prime: usize,
  loose: bool,
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
    if (addend != 0) {
      const f = v128.load64_splat(factor);
      const fOverQ = v128.load64_splat(factor, 8);
      low0 = multiplyBy(i8x16.relaxed_swizzle(v128.load(addend + place), order), f, fOverQ, q);
      otherLow0 = multiplyBy(i8x16.relaxed_swizzle(v128.load(addend + otherPlace), otherOrder), f, fOverQ, q);
    }
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
      low0 = loose ? looseSum(high0, low0, q, reciprocal) : reduceSum(high0, low0, q, reciprocal);
      low1 = loose ? looseSum(high1, low1, q, reciprocal) : reduceSum(high1, low1, q, reciprocal);
      otherLow0 = loose ? looseSum(otherHigh0, otherLow0, q, reciprocal) : reduceSum(otherHigh0, otherLow0, q, reciprocal);
      otherLow1 = loose ? looseSum(otherHigh1, otherLow1, q, reciprocal) : reduceSum(otherHigh1, otherLow1, q, reciprocal);
    }
    v128.store(target0 + at, low0);
    v128.store(target1 + at, low1);
    v128.store(target0 + other, otherLow0);
    v128.store(target1 + other, otherLow1);
  }
}

/** |x − y| ≤ 2^52, and with the addend |result before balancing| ≤ q + (q + 1)/2. */
export function divide(
  x: usize,
  y: usize,
  factor: usize,
  addend: usize,
  permutation: usize,
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
    if (addend != 0) result = f64x2.add(result, loadPermuted(addend, wordAt(permutation, at)));
    v128.store(target + at, balance(result, q, reciprocal));
  }
}

/** |result before balancing| < 3/4·q + (q + 1)/2. */
export function addPermuted(
  x: usize,
  permutation: usize,
  factor: usize,
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
    const product = multiplyBy(loadPermuted(x, wordAt(permutation, at)), f, fOverQ, q);
    v128.store(target + at, balance(f64x2.add(product, v128.load(target + at)), q, reciprocal));
  }
}
