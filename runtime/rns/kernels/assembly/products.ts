/** Products of ciphertexts, and sums of products with plaintexts, limb by limb. */
import { addressBytes } from './addresses';
import { balance, multiplyBoth, primeOf, reciprocalOf } from './modular';
import { addHigh, addLow, emptyHigh, maxTerms, reduceSum } from './wide-sums';

/** Bytes of a record of `multiplyAccumulate`. */
const termBytes: usize = 3 * addressBytes;

/**
 * Terms that are read side by side. Memory is read ahead of a dozen streams, not of a hundred: of forty terms from beyond the
 * caches all at once took 2.5 times as long.
 */
const groupTerms: i32 = 4;

/** Bytes of a limb that every group goes through before the next block: its partial sums stay in the nearer caches. */
const blockBytes: usize = 8192;

/** Bytes of the partial sums of two pairs of elements: high and low parts for both targets. */
const partialBytes: usize = 128;

/**
 * Block by block, and in a block group by group. A target is written only by the last group of a block, when its elements are
 * no longer needed as an operand's.
 */
export function multiplyAccumulate(
  terms: usize,
  count: i32,
  partials: usize,
  target0: usize,
  target1: usize,
  prime: usize,
  from: i32,
  to: i32,
): void {
  const termsEnd = terms + <usize>count * termBytes;
  const end = (<usize>to) << 3;
  for (let start = (<usize>from) << 3; start < end; start += blockBytes) {
    const stop = min(start + blockBytes, end);
    let unreduced: i32 = 0;
    let term = terms;
    do {
      const next = min(termsEnd, term + <usize>groupTerms * termBytes);
      const isFirst = term == terms;
      unreduced += groupTerms;
      if (next == termsEnd) {
        if (isFirst) addGroup(term, next, partials, target0, target1, prime, start, stop, true, true, true);
        else addGroup(term, next, partials, target0, target1, prime, start, stop, false, true, true);
      } else if (isFirst) addGroup(term, next, partials, target0, target1, prime, start, stop, true, false, false);
      else if (unreduced < maxTerms) addGroup(term, next, partials, target0, target1, prime, start, stop, false, false, false);
      else {
        addGroup(term, next, partials, target0, target1, prime, start, stop, false, true, false);
        unreduced = 0;
      }
      term = next;
    } while (term < termsEnd);
  }
}

/**
 * The products of a few terms in a block, added to its partial sums; these are there but for the first group, and are left but
 * by the last one. Two pairs of elements at a time, so that four chains of additions hide each other's latency. Of an odd number of
 * pairs the last is computed twice, before it is stored. All conditions are constants wherever this is inlined.
 */
// @ts-ignore: decorators are AssemblyScript's
@inline
function addGroup(
  terms: usize,
  termsEnd: usize,
  partials: usize,
  target0: usize,
  target1: usize,
  prime: usize,
  from: usize,
  to: usize,
  isFirst: bool,
  isReduced: bool,
  isLast: bool,
): void {
  const q = primeOf(prime);
  const reciprocal = reciprocalOf(prime);
  let partial = partials;
  for (let at = from; at < to; at += 32) {
    const other = min(at + 16, to - 16);
    let high0 = isFirst ? emptyHigh() : v128.load(partial);
    let high1 = isFirst ? emptyHigh() : v128.load(partial, 16);
    let otherHigh0 = isFirst ? emptyHigh() : v128.load(partial, 32);
    let otherHigh1 = isFirst ? emptyHigh() : v128.load(partial, 48);
    let low0 = isFirst ? f64x2.splat(0) : v128.load(partial, 64);
    let low1 = isFirst ? f64x2.splat(0) : v128.load(partial, 80);
    let otherLow0 = isFirst ? f64x2.splat(0) : v128.load(partial, 96);
    let otherLow1 = isFirst ? f64x2.splat(0) : v128.load(partial, 112);
    for (let term = terms; term < termsEnd; term += termBytes) {
      const limb0 = load<usize>(term);
      const limb1 = load<usize>(term, addressBytes);
      const plain = load<usize>(term, 2 * addressBytes);

      const p = v128.load(plain + at);
      const x0 = v128.load(limb0 + at);
      const next0 = addHigh(x0, p, high0);
      low0 = addLow(x0, p, low0, high0, next0);
      high0 = next0;
      const x1 = v128.load(limb1 + at);
      const next1 = addHigh(x1, p, high1);
      low1 = addLow(x1, p, low1, high1, next1);
      high1 = next1;

      const r = v128.load(plain + other);
      const y0 = v128.load(limb0 + other);
      const otherNext0 = addHigh(y0, r, otherHigh0);
      otherLow0 = addLow(y0, r, otherLow0, otherHigh0, otherNext0);
      otherHigh0 = otherNext0;
      const y1 = v128.load(limb1 + other);
      const otherNext1 = addHigh(y1, r, otherHigh1);
      otherLow1 = addLow(y1, r, otherLow1, otherHigh1, otherNext1);
      otherHigh1 = otherNext1;
    }
    if (isReduced) {
      low0 = reduceSum(high0, low0, q, reciprocal);
      low1 = reduceSum(high1, low1, q, reciprocal);
      otherLow0 = reduceSum(otherHigh0, otherLow0, q, reciprocal);
      otherLow1 = reduceSum(otherHigh1, otherLow1, q, reciprocal);
    }
    if (isLast) {
      v128.store(target0 + at, low0);
      v128.store(target1 + at, low1);
      v128.store(target0 + other, otherLow0);
      v128.store(target1 + other, otherLow1);
    } else {
      v128.store(partial, isReduced ? emptyHigh() : high0);
      v128.store(partial, isReduced ? emptyHigh() : high1, 16);
      v128.store(partial, isReduced ? emptyHigh() : otherHigh0, 32);
      v128.store(partial, isReduced ? emptyHigh() : otherHigh1, 48);
      v128.store(partial, low0, 64);
      v128.store(partial, low1, 80);
      v128.store(partial, otherLow0, 96);
      v128.store(partial, otherLow1, 112);
    }
    partial += partialBytes;
  }
}

/**
 * By three products, target1 = (a0 + a1)(b0 + b1) − target0 − target2 (Karatsuba). The sums are at most q + 1 ≤ 2^48, so
 * that their product, at most 2^96, has an exact low part of at most 2^43 and a quotient of at most 2^48 + 2, off by at
 * most 1/2 + 2^−52·(2^48 + 2) < 3/4: `multiplyBoth` holds. What is balanced for target1 is below 9/4·q.
 */
export function tensor(
  a0: usize,
  a1: usize,
  b0: usize,
  b1: usize,
  target0: usize,
  target1: usize,
  target2: usize,
  prime: usize,
  from: i32,
  to: i32,
): void {
  const q = primeOf(prime);
  const reciprocal = reciprocalOf(prime);
  const end = (<usize>to) << 3;
  for (let at = (<usize>from) << 3; at < end; at += 16) {
    const x0 = v128.load(a0 + at);
    const x1 = v128.load(a1 + at);
    const y0 = v128.load(b0 + at);
    const y1 = v128.load(b1 + at);
    const product0 = multiplyBoth(x0, y0, q, reciprocal);
    const product2 = multiplyBoth(x1, y1, q, reciprocal);
    const all = multiplyBoth(f64x2.add(x0, x1), f64x2.add(y0, y1), q, reciprocal);
    v128.store(target0 + at, balance(product0, q, reciprocal));
    v128.store(target1 + at, balance(f64x2.sub(all, f64x2.add(product0, product2)), q, reciprocal));
    v128.store(target2 + at, balance(product2, q, reciprocal));
  }
}

/** |2·a0| ≤ q + 1, as in `tensor`. */
export function square(
  a0: usize,
  a1: usize,
  target0: usize,
  target1: usize,
  target2: usize,
  prime: usize,
  from: i32,
  to: i32,
): void {
  const q = primeOf(prime);
  const reciprocal = reciprocalOf(prime);
  const end = (<usize>to) << 3;
  for (let at = (<usize>from) << 3; at < end; at += 16) {
    const x0 = v128.load(a0 + at);
    const x1 = v128.load(a1 + at);
    const middle = multiplyBoth(f64x2.add(x0, x0), x1, q, reciprocal);
    v128.store(target0 + at, balance(multiplyBoth(x0, x0, q, reciprocal), q, reciprocal));
    v128.store(target1 + at, balance(middle, q, reciprocal));
    v128.store(target2 + at, balance(multiplyBoth(x1, x1, q, reciprocal), q, reciprocal));
  }
}
