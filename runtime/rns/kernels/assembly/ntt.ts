/**
 * Number-theoretic transforms of limbs, negacyclic, in place or from another limb.
 *
 * Forward: Cooley–Tukey butterflies (x, y) → (x + w·y, x − w·y), from coefficients to bit-reversed order, two stages in a
 * pass. Nothing is reduced between stages: with |w·y| ≤ (1/2 + 2^−53·|y|)·q a stage takes a bound of u·2^48 to
 * (u·(1 + 1/32) + 1/2)·2^48, so that 16 stages take coefficients of 2^48 below 12·2^48, and converted ones of 3.1·2^48
 * below 15.3·2^48 < 2^52, what `multiplyBy` and the `balance` of the last stage allow.
 *
 * Inverse: Gentleman–Sande butterflies (x, y) → (x + y, (x − y)·w), the stages of the forward transform backwards. Sums
 * double with each stage. At most two stages come before the first pass of two, and take (q + 1)/2 to 2q + 2. A pass takes
 * operands of at most 2q + 2 to products below 3/4·q, to sums of two such products, and to sums of four operands, below
 * 8q + 8 < 2^51 and balanced at once: so every pass finds operands of at most 2q + 2. The last pass multiplies everything by
 * 1/n, or that times a constant, and balances it, which is exact for what is so small.
 *
 * Of the four blocks that the two outermost stages leave each goes through its other stages by itself, in the cache.
 */
import { convertedSum, endOfTerms, fewSources, termBytes } from './conversion';
import { balance, degreeOf, lift as liftBy, multiplyBy, primeOf, reciprocalOf } from './modular';
import { addHigh, addLow, emptyHigh } from './wide-sums';

/** Where a prime's record has 1/n, as a factor. */
const inverseOfN: usize = 24;

export function forward(limb: usize, prime: usize): void {
  forwardFrom(limb, 0, limb, prime);
}

export function forwardFrom(source: usize, lift: f64, target: usize, prime: usize): void {
  if (lift > 0) firstPass(source, target, prime, true, lift);
  else firstPass(source, target, prime, false, 0);
  forwardBlocks(target, prime);
}

export function inverse(limb: usize, prime: usize): void {
  inverseFrom(limb, limb, prime);
}

export function inverseFrom(source: usize, target: usize, prime: usize): void {
  inverseTimes(source, target, prime + inverseOfN, prime);
}

export function inverseTimes(source: usize, target: usize, factor: usize, prime: usize): void {
  inverseBlocks(source, target, prime);
  finalPass(target, factor, prime);
}

export function forwardConverted(
  source: usize,
  stride: usize,
  count: i32,
  constants: usize,
  target: usize,
  prime: usize,
): void {
  if (count <= fewSources) convertedPass(source, stride, count, constants, target, prime, true);
  else convertedPass(source, stride, count, constants, target, prime, false);
  forwardBlocks(target, prime);
}

/** The conversion and the two outermost stages; `loose` is a constant wherever this is inlined. */
// @ts-ignore: decorators are AssemblyScript's
@inline
function convertedPass(
  source: usize,
  stride: usize,
  count: i32,
  constants: usize,
  target: usize,
  prime: usize,
  loose: bool,
): void {
  const q = primeOf(prime);
  const reciprocal = reciprocalOf(prime);
  const last = endOfTerms(constants, count);
  const minusD = v128.load64_splat(last);
  const table = load<usize>(prime, 40);
  const quarter: usize = <usize>degreeOf(prime) << 1;
  const w = v128.load64_splat(table, 16);
  const v = v128.load64_splat(table, 24);
  const w0 = v128.load64_splat(table, 32);
  const v0 = v128.load64_splat(table, 40);
  const w1 = v128.load64_splat(table, 48);
  const v1 = v128.load64_splat(table, 56);
  for (let at: usize = 0; at < quarter; at += 16) {
    let high0 = emptyHigh();
    let high1 = high0;
    let high2 = high0;
    let high3 = high0;
    let low0 = f64x2.splat(0);
    let low1 = low0;
    let low2 = low0;
    let low3 = low0;
    let quotient0 = low0;
    let quotient1 = low0;
    let quotient2 = low0;
    let quotient3 = low0;
    let limb = source + at;
    for (let term = constants; term < last; term += termBytes, limb += stride) {
      const c = v128.load64_splat(term);
      const r = v128.load64_splat(term, 8);
      const x0 = v128.load(limb);
      const next0 = addHigh(x0, c, high0);
      low0 = addLow(x0, c, low0, high0, next0);
      high0 = next0;
      quotient0 = f64x2.relaxed_madd(x0, r, quotient0);
      const x1 = v128.load(limb + quarter);
      const next1 = addHigh(x1, c, high1);
      low1 = addLow(x1, c, low1, high1, next1);
      high1 = next1;
      quotient1 = f64x2.relaxed_madd(x1, r, quotient1);
      const x2 = v128.load(limb + 2 * quarter);
      const next2 = addHigh(x2, c, high2);
      low2 = addLow(x2, c, low2, high2, next2);
      high2 = next2;
      quotient2 = f64x2.relaxed_madd(x2, r, quotient2);
      const x3 = v128.load(limb + 3 * quarter);
      const next3 = addHigh(x3, c, high3);
      low3 = addLow(x3, c, low3, high3, next3);
      high3 = next3;
      quotient3 = f64x2.relaxed_madd(x3, r, quotient3);
    }
    const x0 = convertedSum(high0, low0, quotient0, minusD, q, reciprocal, loose);
    const x1 = convertedSum(high1, low1, quotient1, minusD, q, reciprocal, loose);
    const x2 = convertedSum(high2, low2, quotient2, minusD, q, reciprocal, loose);
    const x3 = convertedSum(high3, low3, quotient3, minusD, q, reciprocal, loose);
    forwardButterfly(target + at, quarter, x0, x1, x2, x3, w, v, w0, v0, w1, v1, q);
  }
}

/** The two outermost stages; `lifting` is a constant wherever this is inlined. */
// @ts-ignore: decorators are AssemblyScript's
@inline
function firstPass(source: usize, target: usize, prime: usize, lifting: bool, lift: f64): void {
  const q = primeOf(prime);
  const lifts = f64x2.splat(lift);
  const table = load<usize>(prime, 40);
  const quarter: usize = <usize>degreeOf(prime) << 1;
  const w = v128.load64_splat(table, 16);
  const v = v128.load64_splat(table, 24);
  const w0 = v128.load64_splat(table, 32);
  const v0 = v128.load64_splat(table, 40);
  const w1 = v128.load64_splat(table, 48);
  const v1 = v128.load64_splat(table, 56);
  for (let at: usize = 0; at < quarter; at += 16) {
    let x0 = v128.load(source + at);
    let x1 = v128.load(source + at + quarter);
    let x2 = v128.load(source + at + 2 * quarter);
    let x3 = v128.load(source + at + 3 * quarter);
    if (lifting) {
      x0 = liftBy(x0, lifts);
      x1 = liftBy(x1, lifts);
      x2 = liftBy(x2, lifts);
      x3 = liftBy(x3, lifts);
    }
    forwardButterfly(target + at, quarter, x0, x1, x2, x3, w, v, w0, v0, w1, v1, q);
  }
}

/** All stages but the two outermost ones. */
function forwardBlocks(limb: usize, prime: usize): void {
  const quarter: usize = <usize>degreeOf(prime) << 1;
  for (let block: usize = 0; block < 4; block++) {
    const from = limb + block * quarter;
    let entry: usize = 4 + block;
    let count: usize = 1;
    let bytes = quarter;
    for (; bytes >= 64; bytes >>= 2) {
      forwardPass(from, bytes, entry, count, prime);
      entry <<= 2;
      count <<= 2;
    }
    if (bytes == 32) {
      forwardStage(from, entry, count, prime);
      entry <<= 1;
      count <<= 1;
    }
    forwardLastStage(from, entry, count, prime);
  }
}

/** Two stages of `count` blocks of `bytes` bytes each; the first one's root is `entry` of the table. */
function forwardPass(limb: usize, bytes: usize, entry: usize, count: usize, prime: usize): void {
  const q = primeOf(prime);
  const table = load<usize>(prime, 40);
  const quarter = bytes >> 2;
  for (let i = entry; i < entry + count; i++) {
    const outer = table + (i << 4);
    const inner = table + (i << 5);
    const w = v128.load64_splat(outer);
    const v = v128.load64_splat(outer, 8);
    const w0 = v128.load64_splat(inner);
    const v0 = v128.load64_splat(inner, 8);
    const w1 = v128.load64_splat(inner, 16);
    const v1 = v128.load64_splat(inner, 24);
    for (const end = limb + quarter; limb < end; limb += 16) {
      const x0 = v128.load(limb);
      const x1 = v128.load(limb + quarter);
      const x2 = v128.load(limb + 2 * quarter);
      const x3 = v128.load(limb + 3 * quarter);
      forwardButterfly(limb, quarter, x0, x1, x2, x3, w, v, w0, v0, w1, v1, q);
    }
    limb += 3 * quarter;
  }
}

/** Two stages of elements `quarter` bytes apart: root w for the outer one, w0 and w1 for the halves of the inner one. */
// @ts-ignore
@inline
function forwardButterfly(
  target: usize,
  quarter: usize,
  x0: v128,
  x1: v128,
  x2: v128,
  x3: v128,
  w: v128,
  v: v128,
  w0: v128,
  v0: v128,
  w1: v128,
  v1: v128,
  q: v128,
): void {
  const y2 = multiplyBy(x2, w, v, q);
  const y3 = multiplyBy(x3, w, v, q);
  const sum = f64x2.add(x0, y2);
  const difference = f64x2.sub(x0, y2);
  const z0 = multiplyBy(f64x2.add(x1, y3), w0, v0, q);
  const z1 = multiplyBy(f64x2.sub(x1, y3), w1, v1, q);
  v128.store(target, f64x2.add(sum, z0));
  v128.store(target + quarter, f64x2.sub(sum, z0));
  v128.store(target + 2 * quarter, f64x2.add(difference, z1));
  v128.store(target + 3 * quarter, f64x2.sub(difference, z1));
}

/** The last but one stage: blocks of four elements. */
function forwardStage(limb: usize, entry: usize, count: usize, prime: usize): void {
  const q = primeOf(prime);
  const table = load<usize>(prime, 40);
  for (let root = table + (entry << 4), end = root + (count << 4); root < end; root += 16) {
    const x = v128.load(limb);
    const y = multiplyBy(v128.load(limb, 16), v128.load64_splat(root), v128.load64_splat(root, 8), q);
    v128.store(limb, f64x2.add(x, y));
    v128.store(limb, f64x2.sub(x, y), 16);
    limb += 32;
  }
}

/** The last stage, of neighbours, two pairs of them at a time. */
function forwardLastStage(limb: usize, entry: usize, count: usize, prime: usize): void {
  const q = primeOf(prime);
  const reciprocal = reciprocalOf(prime);
  const table = load<usize>(prime, 40);
  for (let roots = table + (entry << 4), end = roots + (count << 4); roots < end; roots += 32) {
    const a = v128.load(limb);
    const b = v128.load(limb, 16);
    const x = v128.shuffle<f64>(a, b, 0, 2);
    const y = multiplyBy(v128.shuffle<f64>(a, b, 1, 3), v128.load(roots), v128.load(roots, 16), q);
    const sum = balance(f64x2.add(x, y), q, reciprocal);
    const difference = balance(f64x2.sub(x, y), q, reciprocal);
    v128.store(limb, v128.shuffle<f64>(sum, difference, 0, 2));
    v128.store(limb, v128.shuffle<f64>(sum, difference, 1, 3), 16);
    limb += 32;
  }
}

/** All stages but the two outermost ones. */
function inverseBlocks(source: usize, target: usize, prime: usize): void {
  const n: usize = degreeOf(prime);
  const quarter = n << 1;
  for (let block: usize = 0; block < 4; block++) {
    const from = target + block * quarter;
    let count = n >> 3;
    let entry: usize = (4 + block) * count;
    inverseFirstStage(source + block * quarter, from, entry, count, prime);
    let bytes: usize = 64;
    // An even number of stages remains to the block's size where log2 n is odd.
    if ((ctz(n) & 1) == 0) {
      entry >>= 1;
      count >>= 1;
      inverseStage(from, entry, count, prime);
      bytes <<= 1;
    }
    for (; bytes <= quarter; bytes <<= 2) {
      entry >>= 2;
      count >>= 2;
      inversePass(from, bytes, entry, count, prime);
    }
  }
}

/** The first stage, of neighbours, two pairs of them at a time. */
function inverseFirstStage(source: usize, target: usize, entry: usize, count: usize, prime: usize): void {
  const q = primeOf(prime);
  const table = load<usize>(prime, 48);
  for (let roots = table + (entry << 4), end = roots + (count << 4); roots < end; roots += 32) {
    const a = v128.load(source);
    const b = v128.load(source, 16);
    const x = v128.shuffle<f64>(a, b, 0, 2);
    const y = v128.shuffle<f64>(a, b, 1, 3);
    const sum = f64x2.add(x, y);
    const product = multiplyBy(f64x2.sub(x, y), v128.load(roots), v128.load(roots, 16), q);
    v128.store(target, v128.shuffle<f64>(sum, product, 0, 2));
    v128.store(target, v128.shuffle<f64>(sum, product, 1, 3), 16);
    source += 32;
    target += 32;
  }
}

/** The second stage: blocks of four elements. */
function inverseStage(limb: usize, entry: usize, count: usize, prime: usize): void {
  const q = primeOf(prime);
  const table = load<usize>(prime, 48);
  for (let root = table + (entry << 4), end = root + (count << 4); root < end; root += 16) {
    const x = v128.load(limb);
    const y = v128.load(limb, 16);
    v128.store(limb, f64x2.add(x, y));
    v128.store(limb, multiplyBy(f64x2.sub(x, y), v128.load64_splat(root), v128.load64_splat(root, 8), q), 16);
    limb += 32;
  }
}

/** Two stages, to `count` blocks of `bytes` bytes each; the second one's root is `entry` of the table. */
function inversePass(limb: usize, bytes: usize, entry: usize, count: usize, prime: usize): void {
  const q = primeOf(prime);
  const reciprocal = reciprocalOf(prime);
  const table = load<usize>(prime, 48);
  const quarter = bytes >> 2;
  for (let i = entry; i < entry + count; i++) {
    const outer = table + (i << 4);
    const inner = table + (i << 5);
    const w = v128.load64_splat(outer);
    const v = v128.load64_splat(outer, 8);
    const w0 = v128.load64_splat(inner);
    const v0 = v128.load64_splat(inner, 8);
    const w1 = v128.load64_splat(inner, 16);
    const v1 = v128.load64_splat(inner, 24);
    for (const end = limb + quarter; limb < end; limb += 16) {
      const x0 = v128.load(limb);
      const x1 = v128.load(limb + quarter);
      const x2 = v128.load(limb + 2 * quarter);
      const x3 = v128.load(limb + 3 * quarter);
      const sum0 = f64x2.add(x0, x1);
      const sum1 = f64x2.add(x2, x3);
      const product0 = multiplyBy(f64x2.sub(x0, x1), w0, v0, q);
      const product1 = multiplyBy(f64x2.sub(x2, x3), w1, v1, q);
      v128.store(limb, balance(f64x2.add(sum0, sum1), q, reciprocal));
      v128.store(limb + quarter, f64x2.add(product0, product1));
      v128.store(limb + 2 * quarter, multiplyBy(f64x2.sub(sum0, sum1), w, v, q));
      v128.store(limb + 3 * quarter, multiplyBy(f64x2.sub(product0, product1), w, v, q));
    }
    limb += 3 * quarter;
  }
}

/** The two outermost stages and the product with a factor, which the roots that are multiplied with anyway take over. */
function finalPass(limb: usize, factor: usize, prime: usize): void {
  const q = primeOf(prime);
  const reciprocal = reciprocalOf(prime);
  const table = load<usize>(prime, 48);
  const quarter: usize = <usize>degreeOf(prime) << 1;
  const f = v128.load64_splat(factor);
  const fOverQ = v128.load64_splat(factor, 8);
  const w = v128.load64_splat(table, 16);
  const v = v128.load64_splat(table, 24);
  const scaled = balance(multiplyBy(w, f, fOverQ, q), q, reciprocal);
  const scaledOverQ = f64x2.div(scaled, q);
  const w0 = balance(multiplyBy(v128.load64_splat(table, 32), f, fOverQ, q), q, reciprocal);
  const v0 = f64x2.div(w0, q);
  const w1 = balance(multiplyBy(v128.load64_splat(table, 48), f, fOverQ, q), q, reciprocal);
  const v1 = f64x2.div(w1, q);
  for (const end = limb + quarter; limb < end; limb += 16) {
    const x0 = v128.load(limb);
    const x1 = v128.load(limb + quarter);
    const x2 = v128.load(limb + 2 * quarter);
    const x3 = v128.load(limb + 3 * quarter);
    const sum0 = f64x2.add(x0, x1);
    const sum1 = f64x2.add(x2, x3);
    const product0 = multiplyBy(f64x2.sub(x0, x1), w0, v0, q);
    const product1 = multiplyBy(f64x2.sub(x2, x3), w1, v1, q);
    v128.store(limb, balance(multiplyBy(f64x2.add(sum0, sum1), f, fOverQ, q), q, reciprocal));
    v128.store(limb + quarter, balance(f64x2.add(product0, product1), q, reciprocal));
    const difference = multiplyBy(f64x2.sub(sum0, sum1), scaled, scaledOverQ, q);
    v128.store(limb + 2 * quarter, balance(difference, q, reciprocal));
    const last = multiplyBy(f64x2.sub(product0, product1), w, v, q);
    v128.store(limb + 3 * quarter, balance(last, q, reciprocal));
  }
}
