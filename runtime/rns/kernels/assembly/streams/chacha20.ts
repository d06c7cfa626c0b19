/**
 * ChaCha20 (RFC 8439, section 2.3): blocks of 64 bytes of a key stream, four at once, one in each lane. What a secret stream
 * is made of decides no branch and no address.
 */

/** Blocks that are made at once. */
export const groupBlocks: i32 = 4;
export const groupBytes: usize = 256;

// @ts-ignore: decorators are AssemblyScript's
@inline
function turn12(x: v128): v128 {
  return v128.or(i32x4.shl(x, 12), i32x4.shr_u(x, 20));
}

// @ts-ignore
@inline
function turn7(x: v128): v128 {
  return v128.or(i32x4.shl(x, 7), i32x4.shr_u(x, 25));
}

/** Four neighbouring words of four blocks, a lane each, to their places. */
// @ts-ignore
@inline
function storeTransposed(target: usize, w0: v128, w1: v128, w2: v128, w3: v128): void {
  const low01 = v128.shuffle<i32>(w0, w1, 0, 4, 1, 5);
  const low23 = v128.shuffle<i32>(w2, w3, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(w0, w1, 2, 6, 3, 7);
  const high23 = v128.shuffle<i32>(w2, w3, 2, 6, 3, 7);
  v128.store(target, v128.shuffle<i64>(low01, low23, 0, 2));
  v128.store(target, v128.shuffle<i64>(low01, low23, 1, 3), 64);
  v128.store(target, v128.shuffle<i64>(high01, high23, 0, 2), 128);
  v128.store(target, v128.shuffle<i64>(high01, high23, 1, 3), 192);
}

/**
 * Blocks `counter` … of the stream of a key and a nonce, 32 and 12 bytes at `seed`: `groups` times four.
 */
export function chacha20(seed: usize, counter: i32, target: usize, groups: i32): void {
  // Turning left by whole bytes permutes them; indices are in range, where a relaxed swizzle is as any other.
  const by16 = i8x16(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
  const by8 = i8x16(3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14);
  for (let counters = i32x4.add(i32x4.splat(counter), i32x4(0, 1, 2, 3)); groups > 0; groups--) {
    let v0 = i32x4.splat(0x61707865);
    let v1 = i32x4.splat(0x3320646e);
    let v2 = i32x4.splat(0x79622d32);
    let v3 = i32x4.splat(0x6b206574);
    let v4 = v128.load32_splat(seed, 0);
    let v5 = v128.load32_splat(seed, 4);
    let v6 = v128.load32_splat(seed, 8);
    let v7 = v128.load32_splat(seed, 12);
    let v8 = v128.load32_splat(seed, 16);
    let v9 = v128.load32_splat(seed, 20);
    let v10 = v128.load32_splat(seed, 24);
    let v11 = v128.load32_splat(seed, 28);
    let v12 = counters;
    let v13 = v128.load32_splat(seed, 32);
    let v14 = v128.load32_splat(seed, 36);
    let v15 = v128.load32_splat(seed, 40);
    for (let round = 0; round < 20; round += 2) {
      v0 = i32x4.add(v0, v4);
      v1 = i32x4.add(v1, v5);
      v2 = i32x4.add(v2, v6);
      v3 = i32x4.add(v3, v7);
      v12 = i8x16.relaxed_swizzle(v128.xor(v12, v0), by16);
      v13 = i8x16.relaxed_swizzle(v128.xor(v13, v1), by16);
      v14 = i8x16.relaxed_swizzle(v128.xor(v14, v2), by16);
      v15 = i8x16.relaxed_swizzle(v128.xor(v15, v3), by16);
      v8 = i32x4.add(v8, v12);
      v9 = i32x4.add(v9, v13);
      v10 = i32x4.add(v10, v14);
      v11 = i32x4.add(v11, v15);
      v4 = turn12(v128.xor(v4, v8));
      v5 = turn12(v128.xor(v5, v9));
      v6 = turn12(v128.xor(v6, v10));
      v7 = turn12(v128.xor(v7, v11));
      v0 = i32x4.add(v0, v4);
      v1 = i32x4.add(v1, v5);
      v2 = i32x4.add(v2, v6);
      v3 = i32x4.add(v3, v7);
      v12 = i8x16.relaxed_swizzle(v128.xor(v12, v0), by8);
      v13 = i8x16.relaxed_swizzle(v128.xor(v13, v1), by8);
      v14 = i8x16.relaxed_swizzle(v128.xor(v14, v2), by8);
      v15 = i8x16.relaxed_swizzle(v128.xor(v15, v3), by8);
      v8 = i32x4.add(v8, v12);
      v9 = i32x4.add(v9, v13);
      v10 = i32x4.add(v10, v14);
      v11 = i32x4.add(v11, v15);
      v4 = turn7(v128.xor(v4, v8));
      v5 = turn7(v128.xor(v5, v9));
      v6 = turn7(v128.xor(v6, v10));
      v7 = turn7(v128.xor(v7, v11));

      v0 = i32x4.add(v0, v5);
      v1 = i32x4.add(v1, v6);
      v2 = i32x4.add(v2, v7);
      v3 = i32x4.add(v3, v4);
      v15 = i8x16.relaxed_swizzle(v128.xor(v15, v0), by16);
      v12 = i8x16.relaxed_swizzle(v128.xor(v12, v1), by16);
      v13 = i8x16.relaxed_swizzle(v128.xor(v13, v2), by16);
      v14 = i8x16.relaxed_swizzle(v128.xor(v14, v3), by16);
      v10 = i32x4.add(v10, v15);
      v11 = i32x4.add(v11, v12);
      v8 = i32x4.add(v8, v13);
      v9 = i32x4.add(v9, v14);
      v5 = turn12(v128.xor(v5, v10));
      v6 = turn12(v128.xor(v6, v11));
      v7 = turn12(v128.xor(v7, v8));
      v4 = turn12(v128.xor(v4, v9));
      v0 = i32x4.add(v0, v5);
      v1 = i32x4.add(v1, v6);
      v2 = i32x4.add(v2, v7);
      v3 = i32x4.add(v3, v4);
      v15 = i8x16.relaxed_swizzle(v128.xor(v15, v0), by8);
      v12 = i8x16.relaxed_swizzle(v128.xor(v12, v1), by8);
      v13 = i8x16.relaxed_swizzle(v128.xor(v13, v2), by8);
      v14 = i8x16.relaxed_swizzle(v128.xor(v14, v3), by8);
      v10 = i32x4.add(v10, v15);
      v11 = i32x4.add(v11, v12);
      v8 = i32x4.add(v8, v13);
      v9 = i32x4.add(v9, v14);
      v5 = turn7(v128.xor(v5, v10));
      v6 = turn7(v128.xor(v6, v11));
      v7 = turn7(v128.xor(v7, v8));
      v4 = turn7(v128.xor(v4, v9));
    }
    storeTransposed(
      target,
      i32x4.add(v0, i32x4.splat(0x61707865)),
      i32x4.add(v1, i32x4.splat(0x3320646e)),
      i32x4.add(v2, i32x4.splat(0x79622d32)),
      i32x4.add(v3, i32x4.splat(0x6b206574)),
    );
    storeTransposed(
      target + 16,
      i32x4.add(v4, v128.load32_splat(seed, 0)),
      i32x4.add(v5, v128.load32_splat(seed, 4)),
      i32x4.add(v6, v128.load32_splat(seed, 8)),
      i32x4.add(v7, v128.load32_splat(seed, 12)),
    );
    storeTransposed(
      target + 32,
      i32x4.add(v8, v128.load32_splat(seed, 16)),
      i32x4.add(v9, v128.load32_splat(seed, 20)),
      i32x4.add(v10, v128.load32_splat(seed, 24)),
      i32x4.add(v11, v128.load32_splat(seed, 28)),
    );
    storeTransposed(
      target + 48,
      i32x4.add(v12, counters),
      i32x4.add(v13, v128.load32_splat(seed, 32)),
      i32x4.add(v14, v128.load32_splat(seed, 36)),
      i32x4.add(v15, v128.load32_splat(seed, 40)),
    );
    counters = i32x4.add(counters, i32x4.splat(groupBlocks));
    target += groupBytes;
  }
}
