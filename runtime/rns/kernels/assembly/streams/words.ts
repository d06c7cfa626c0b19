/** Uniform 64-bit words to uniform residues: those that are not below a multiple of the prime are for others to replace. */
import { balance, multiplyBy } from '../modular';

const power52: f64 = 4503599627370496;
const power52Bits: i64 = 0x4330000000000000;

/** Whether a word of the pairs from `at` to `end` is not below `bound`. */
// @ts-ignore: decorators are AssemblyScript's
@inline
export function reaches(at: usize, end: usize, bound: u64): bool {
  const sign = i64x2.splat(i64.MIN_VALUE);
  const least = v128.xor(i64x2.splat(bound), sign);
  let reached = i64x2.splat(0);
  for (; at < end; at += 16) reached = v128.or(reached, i64x2.ge_s(v128.xor(v128.load(at), sign), least));
  return v128.any_true(reached);
}

/** 2^32 modulo q, balanced. */
// @ts-ignore
@inline
export function power32Of(prime: usize): f64 {
  const q = load<f64>(prime);
  const power = <f64>((<u64>0x100000000) % <u64>q);
  return power > q / 2 ? power - q : power;
}

/** 32 bits in each lane as doubles. */
// @ts-ignore
@inline
function toDoubles(x: v128): v128 {
  return f64x2.sub(v128.or(x, i64x2.splat(power52Bits)), f64x2.splat(power52));
}

/**
 * Words h·2^32 + l modulo q, balanced: (h·w mod q) + l, which is below 2^48 + 2^32, for w = 2^32 modulo q and v = w/q.
 */
// @ts-ignore
@inline
export function reduceWord(words: v128, w: v128, v: v128, q: v128, reciprocal: v128): v128 {
  const high = toDoubles(i64x2.shr_u(words, 32));
  const low = toDoubles(v128.and(words, i64x2.splat(0xffffffff)));
  return balance(f64x2.add(multiplyBy(high, w, v, q), low), q, reciprocal);
}
