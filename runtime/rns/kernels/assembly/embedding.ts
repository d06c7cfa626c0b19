/**
 * The canonical embedding of real slots, inverted.
 *
 * Slots are real, so the coefficients a of their polynomial are antisymmetric, a_(n−k) = −a_k and a_m = 0 with m = n/2,
 * and at the root exp(πi(4t + 1)/n) its value is a_0 + Σ 2·a_k·cos(πk(4t + 1)/n) over 0 < k < m. With v_t the slot that
 * belongs to that root, X_k = Σ v_t·exp(−2πi·tk/m) gives a_k − i·a_(m−k) = exp(−πik/n)·X_k / m: a cosine transform by a
 * discrete Fourier transform of the permuted reals (Makhoul, "A fast cosine transform in one and two dimensions", 1980).
 * That one is a transform Y of m/2 complex numbers v_(2j) + i·v_(2j+1):
 *
 *   E = (Y_k + conj Y_(m/2−k)) / 2    O = −i·(Y_k − conj Y_(m/2−k)) / 2    X_k = E + exp(−2πik/m)·O
 *   conj X_(m/2−k) = E − exp(−2πik/m)·O
 *
 * `runtime/rns/memory/embedding-tables.ts` fills the tables that this reads.
 */
import { balance, degreeOf, primeOf, reciprocalOf } from './modular';

/** Bytes between the real and the imaginary parts of the work space: three cache lines. */
const stagger: usize = 192;

/** (real, imaginary) of v_(2j) + i·v_(2j+1): the two slots whose offsets stand at `places`. */
// @ts-ignore: decorators are AssemblyScript's
@inline
function gather(slots: usize, places: usize): v128 {
  return v128.load64_lane(slots + load<u32>(places, 4), v128.load64_zero(slots + load<u32>(places)), 1);
}

// @ts-ignore
@inline
function swap(x: v128): v128 {
  return v128.shuffle<f64>(x, x, 1, 0);
}

/** (real, imaginary) times −i. */
// @ts-ignore
@inline
function turn(x: v128): v128 {
  return v128.xor(swap(x), f64x2(0, -0.0));
}

/** The real part of x·w. */
// @ts-ignore
@inline
function realOf(xr: v128, xi: v128, wr: v128, wi: v128): v128 {
  return f64x2.relaxed_nmadd(xi, wi, f64x2.mul(xr, wr));
}

/** The imaginary part of x·w. */
// @ts-ignore
@inline
function imaginaryOf(xr: v128, xi: v128, wr: v128, wi: v128): v128 {
  return f64x2.relaxed_madd(xr, wi, f64x2.mul(xi, wr));
}

/** Two stages on neighbours, in bit-reversed order, from the slots. */
function firstStages(slots: usize, places: usize, real: usize, imaginary: usize, size: usize): void {
  const end = real + (size << 3);
  while (real < end) {
    const x0 = gather(slots, places);
    const x1 = gather(slots, places + 8);
    const x2 = gather(slots, places + 16);
    const x3 = gather(slots, places + 24);
    const y0 = f64x2.add(x0, x1);
    const y1 = f64x2.sub(x0, x1);
    const y2 = f64x2.add(x2, x3);
    const y3 = turn(f64x2.sub(x2, x3));
    const z0 = f64x2.add(y0, y2);
    const z1 = f64x2.add(y1, y3);
    const z2 = f64x2.sub(y0, y2);
    const z3 = f64x2.sub(y1, y3);
    v128.store(real, v128.shuffle<f64>(z0, z1, 0, 2));
    v128.store(real, v128.shuffle<f64>(z2, z3, 0, 2), 16);
    v128.store(imaginary, v128.shuffle<f64>(z0, z1, 1, 3));
    v128.store(imaginary, v128.shuffle<f64>(z2, z3, 1, 3), 16);
    places += 32;
    real += 32;
    imaginary += 32;
  }
}

/** One stage that makes transforms of 8 out of those of 4; `table` has the four powers, two and two, real then imaginary. */
function radix2(real: usize, imaginary: usize, table: usize, size: usize): void {
  const end = real + (size << 3);
  while (real < end) {
    for (let j: usize = 0; j < 32; j += 16) {
      const wr = v128.load(table + 2 * j);
      const wi = v128.load(table + 2 * j, 16);
      const xr = v128.load(real + j, 32);
      const xi = v128.load(imaginary + j, 32);
      const tr = realOf(xr, xi, wr, wi);
      const ti = imaginaryOf(xr, xi, wr, wi);
      const yr = v128.load(real + j);
      const yi = v128.load(imaginary + j);
      v128.store(real + j, f64x2.add(yr, tr));
      v128.store(imaginary + j, f64x2.add(yi, ti));
      v128.store(real + j, f64x2.sub(yr, tr), 32);
      v128.store(imaginary + j, f64x2.sub(yi, ti), 32);
    }
    real += 64;
    imaginary += 64;
  }
}

/**
 * Two stages: transforms of 4·length out of those of `length`, which stand in bit-reversed order. `table` has for each
 * pair of powers of w = exp(−2πi / (4·length)) six vectors: real and imaginary parts of w^j, w^2j and w^3j.
 */
function radix4(real: usize, imaginary: usize, table: usize, size: usize, length: usize): void {
  const end = real + (size << 3);
  const one = length << 3;
  const two = one << 1;
  const three = one + two;
  while (real < end) {
    let w = table;
    for (let j: usize = 0; j < one; j += 16) {
      const r = real + j;
      const i = imaginary + j;
      const x1r = v128.load(r + one);
      const x1i = v128.load(i + one);
      const x2r = v128.load(r + two);
      const x2i = v128.load(i + two);
      const x3r = v128.load(r + three);
      const x3i = v128.load(i + three);
      const w1r = v128.load(w);
      const w1i = v128.load(w, 16);
      const w2r = v128.load(w, 32);
      const w2i = v128.load(w, 48);
      const w3r = v128.load(w, 64);
      const w3i = v128.load(w, 80);
      const t1r = realOf(x1r, x1i, w2r, w2i);
      const t1i = imaginaryOf(x1r, x1i, w2r, w2i);
      const t2r = realOf(x2r, x2i, w1r, w1i);
      const t2i = imaginaryOf(x2r, x2i, w1r, w1i);
      const t3r = realOf(x3r, x3i, w3r, w3i);
      const t3i = imaginaryOf(x3r, x3i, w3r, w3i);
      const x0r = v128.load(r);
      const x0i = v128.load(i);
      const y0r = f64x2.add(x0r, t1r);
      const y0i = f64x2.add(x0i, t1i);
      const y1r = f64x2.sub(x0r, t1r);
      const y1i = f64x2.sub(x0i, t1i);
      const y2r = f64x2.add(t2r, t3r);
      const y2i = f64x2.add(t2i, t3i);
      const y3r = f64x2.sub(t2r, t3r);
      const y3i = f64x2.sub(t2i, t3i);
      v128.store(r, f64x2.add(y0r, y2r));
      v128.store(i, f64x2.add(y0i, y2i));
      v128.store(r + one, f64x2.add(y1r, y3i));
      v128.store(i + one, f64x2.sub(y1i, y3r));
      v128.store(r + two, f64x2.sub(y0r, y2r));
      v128.store(i + two, f64x2.sub(y0i, y2i));
      v128.store(r + three, f64x2.sub(y1r, y3i));
      v128.store(i + three, f64x2.add(y1i, y3r));
      w += 96;
    }
    real += 4 * one;
    imaginary += 4 * one;
  }
}

/**
 * From Y to the rounded coefficients, k and k + 1 at a time from k = 1 on. `table` has for each such pair six vectors: real
 * and imaginary parts of exp(−2πik/m), of exp(−πik/n) and of exp(−πi(m/2 − k)/n).
 * @returns the largest coefficient in absolute value
 */
function untangle(real: usize, imaginary: usize, table: usize, factor: f64, target: usize, n: usize): f64 {
  const half = n << 1;
  const middle = n << 2;
  const end = n << 3;
  const y0r = load<f64>(real);
  const y0i = load<f64>(imaginary);
  const constant = nearest((y0r + y0i) * 2.0 * factor);
  const eighth = nearest((y0r - y0i) * Math.SQRT2 * factor);
  store<f64>(target, constant);
  store<f64>(target + half, eighth);
  store<f64>(target + middle, 0);
  store<f64>(target + end - half, -eighth);

  const f = f64x2.splat(factor);
  let largest = f64x2.abs(f64x2(constant, eighth));
  for (let k: usize = 8; k < n; k += 16) {
    const yr = v128.load(real + k);
    const yi = v128.load(imaginary + k);
    const zr = swap(v128.load(real + half - k - 8));
    const zi = swap(v128.load(imaginary + half - k - 8));
    const er = f64x2.mul(f64x2.add(yr, zr), f);
    const ei = f64x2.mul(f64x2.sub(yi, zi), f);
    const or = f64x2.mul(f64x2.add(yi, zi), f);
    const oi = f64x2.mul(f64x2.sub(zr, yr), f);
    const wr = v128.load(table);
    const wi = v128.load(table, 16);
    const pr = realOf(or, oi, wr, wi);
    const pi = imaginaryOf(or, oi, wr, wi);
    const xr = f64x2.add(er, pr);
    const xi = f64x2.add(ei, pi);
    // conj(E − P)
    const ur = f64x2.sub(er, pr);
    const ui = f64x2.sub(pi, ei);
    const cr = v128.load(table, 32);
    const ci = v128.load(table, 48);
    const dr = v128.load(table, 64);
    const di = v128.load(table, 80);
    const a = f64x2.nearest(realOf(xr, xi, cr, ci));
    const b = f64x2.nearest(imaginaryOf(xr, xi, cr, ci));
    const c = f64x2.nearest(realOf(ur, ui, dr, di));
    const d = f64x2.nearest(imaginaryOf(ur, ui, dr, di));
    largest = f64x2.max(largest, f64x2.max(f64x2.abs(a), f64x2.abs(b)));
    largest = f64x2.max(largest, f64x2.max(f64x2.abs(c), f64x2.abs(d)));
    // a_k, −a_(m−k), a_(m/2−k) and −a_(m/2+k), and the negatives at n − k and so on.
    v128.store(target + k, a);
    v128.store(target + middle + k, b);
    v128.store(target + half + k, f64x2.neg(d));
    v128.store(target + middle + half + k, f64x2.neg(c));
    v128.store(target + half - k - 8, swap(c));
    v128.store(target + middle - k - 8, f64x2.neg(swap(b)));
    v128.store(target + middle + half - k - 8, swap(d));
    v128.store(target + end - k - 8, f64x2.neg(swap(a)));
    table += 96;
  }
  return max(f64x2.extract_lane(largest, 0), f64x2.extract_lane(largest, 1));
}

export function embed(slots: usize, scale: f64, tables: usize, work: usize, target: usize, n: i32): f64 {
  const size = <usize>n >> 2;
  const real = work;
  const imaginary = work + (size << 3) + stagger;
  firstStages(slots, tables, real, imaginary, size);
  let table = tables + (size << 3);
  let length: usize = 4;
  if (ctz(size) & 1) {
    radix2(real, imaginary, table, size);
    table += 64;
    length = 8;
  }
  for (; length < size; length <<= 2) {
    radix4(real, imaginary, table, size, length);
    table += 48 * length;
  }
  return untangle(real, imaginary, table, scale / <f64>n, target, <usize>n);
}

/**
 * A round takes |x| to at most q/2 + 2^−52·(1 + 2^−50)·|x|, since the quotient is off by two roundings and then at most 1/2;
 * and it is exact: up to |x| = 2^53·q the difference is an integer below 5·q < 2^53, and beyond, x and the multiple of q are
 * multiples of the quotient's unit in the last place and differ by at most 4·q < 2^53 of these.
 */
export function reduce(source: usize, target: usize, prime: usize, rounds: i32): void {
  const q = primeOf(prime);
  const reciprocal = reciprocalOf(prime);
  const bytes = <usize>degreeOf(prime) << 3;
  for (let at: usize = 0; at < bytes; at += 16) {
    let x = v128.load(source + at);
    for (let round = 0; round < rounds; round++) x = balance(x, q, reciprocal);
    v128.store(target + at, x);
  }
}
