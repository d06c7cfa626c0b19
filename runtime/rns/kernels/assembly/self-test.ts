/** Whether the exactness of `modular.ts` holds on this processor. */

/**
 * Factors are odd and above 2^27, so that their product is odd and above 2^54: rounding it loses a low part, never zero,
 * that a fused operation gives and that a product rounded on its own makes zero. It is below 2^62, where 64-bit integers
 * give the same low part.
 */
export function isFused(): i32 {
  let x: i64 = 0x2545f491;
  for (let round: i32 = 0; round < 64; round++) {
    const y = next(x);
    const z = next(y);
    if (!keepsLowPart(x, y, z)) return 0;
    x = z;
  }
  return 1;
}

/** Whether both operations give what rounding takes from x·y and x·z, in lanes of their own. */
function keepsLowPart(x: i64, y: i64, z: i64): bool {
  const a = f64x2.splat(<f64>x);
  const b = f64x2.replace_lane(f64x2.splat(<f64>y), 1, <f64>z);
  const h = f64x2.mul(a, b);
  const low = f64x2.relaxed_madd(a, b, f64x2.neg(h));
  const negative = f64x2.relaxed_nmadd(a, b, h);
  const lowY = <f64>(x * y - <i64>f64x2.extract_lane(h, 0));
  const lowZ = <f64>(x * z - <i64>f64x2.extract_lane(h, 1));
  return (
    f64x2.extract_lane(low, 0) == lowY &&
    f64x2.extract_lane(low, 1) == lowZ &&
    f64x2.extract_lane(negative, 0) == -lowY &&
    f64x2.extract_lane(negative, 1) == -lowZ
  );
}

/** An odd number of 31 bits with its highest bit set, from the last one by a linear congruence modulo 2^32. */
function next(x: i64): i64 {
  return (((x * 1664525 + 1013904223) >> 1) & 0x7fffffff) | 0x40000001;
}
