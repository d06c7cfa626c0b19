/**
 * The compression function of BLAKE2b (RFC 7693, section 3.2), of two states at once: one in each lane. A state is 8
 * vectors in memory, a message 16.
 */

/** A word of the initial vector. */
export function initialWord(k: i32): i64 {
  switch (k) {
    case 0:
      return 0x6a09e667f3bcc908;
    case 1:
      return 0xbb67ae8584caa73b;
    case 2:
      return 0x3c6ef372fe94f82b;
    case 3:
      return 0xa54ff53a5f1d36f1;
    case 4:
      return 0x510e527fade682d1;
    case 5:
      return 0x9b05688c2b3e6c1f;
    case 6:
      return 0x1f83d9abfb41bd6b;
    default:
      return 0x5be0cd19137e2179;
  }
}

/** The order of the words of the message in a round, the first one in the lowest four bits. */
function orderOf(round: i32): i64 {
  switch (round) {
    case 0:
    case 10:
      return 0xfedcba9876543210;
    case 1:
    case 11:
      return 0x357b20c16df984ae;
    case 2:
      return 0x491763eadf250c8b;
    case 3:
      return 0x8f04a562ebcd1397;
    case 4:
      return 0xd386cb1efa427509;
    case 5:
      return 0x91ef57d438b0a6c2;
    case 6:
      return 0xb8293670a4def15c;
    case 7:
      return 0xa2684f05931ce7bd;
    case 8:
      return 0x5a417d2c803b9ef6;
    default:
      return 0x0dc3e9bf5167482a;
  }
}

/** Bytes of a schedule. */
export const scheduleBytes: usize = 12 * 256;

/** The words of a message, 16 vectors, in the order in which the rounds take them: for many states that take the same. */
export function schedule(message: usize, target: usize): void {
  for (let round = 0; round < 12; round++) {
    for (let order = orderOf(round), k = 0; k < 16; k++, order >>= 4, target += 16) {
      v128.store(target, v128.load(message + <usize>((order & 15) << 4)));
    }
  }
}

// @ts-ignore: decorators are AssemblyScript's
@inline
function turn32(x: v128): v128 {
  return i8x16.shuffle(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
}

// @ts-ignore
@inline
function turn63(x: v128): v128 {
  return v128.or(i64x2.add(x, x), i64x2.shr_u(x, 63));
}

/**
 * @param words the schedule of the message
 * @param bytes that both states have taken, those of this message included
 * @param last all ones for the last message, else 0
 */
export function compress(state: usize, words: usize, bytes: i64, last: i64): void {
  // Turning right by whole bytes permutes them; indices are in range, where a relaxed swizzle is as any other.
  const by24 = i8x16(3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10);
  const by16 = i8x16(2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9);
  let v0 = v128.load(state, 0);
  let v1 = v128.load(state, 16);
  let v2 = v128.load(state, 32);
  let v3 = v128.load(state, 48);
  let v4 = v128.load(state, 64);
  let v5 = v128.load(state, 80);
  let v6 = v128.load(state, 96);
  let v7 = v128.load(state, 112);
  let v8 = i64x2.splat(initialWord(0));
  let v9 = i64x2.splat(initialWord(1));
  let v10 = i64x2.splat(initialWord(2));
  let v11 = i64x2.splat(initialWord(3));
  let v12 = i64x2.splat(initialWord(4) ^ bytes);
  let v13 = i64x2.splat(initialWord(5));
  let v14 = i64x2.splat(initialWord(6) ^ last);
  let v15 = i64x2.splat(initialWord(7));
  for (const end = words + scheduleBytes; words < end; words += 256) {
    v0 = i64x2.add(i64x2.add(v0, v4), v128.load(words));
    v12 = turn32(v128.xor(v12, v0));
    v8 = i64x2.add(v8, v12);
    v4 = i8x16.relaxed_swizzle(v128.xor(v4, v8), by24);
    v0 = i64x2.add(i64x2.add(v0, v4), v128.load(words, 16));
    v12 = i8x16.relaxed_swizzle(v128.xor(v12, v0), by16);
    v8 = i64x2.add(v8, v12);
    v4 = turn63(v128.xor(v4, v8));

    v1 = i64x2.add(i64x2.add(v1, v5), v128.load(words, 32));
    v13 = turn32(v128.xor(v13, v1));
    v9 = i64x2.add(v9, v13);
    v5 = i8x16.relaxed_swizzle(v128.xor(v5, v9), by24);
    v1 = i64x2.add(i64x2.add(v1, v5), v128.load(words, 48));
    v13 = i8x16.relaxed_swizzle(v128.xor(v13, v1), by16);
    v9 = i64x2.add(v9, v13);
    v5 = turn63(v128.xor(v5, v9));

    v2 = i64x2.add(i64x2.add(v2, v6), v128.load(words, 64));
    v14 = turn32(v128.xor(v14, v2));
    v10 = i64x2.add(v10, v14);
    v6 = i8x16.relaxed_swizzle(v128.xor(v6, v10), by24);
    v2 = i64x2.add(i64x2.add(v2, v6), v128.load(words, 80));
    v14 = i8x16.relaxed_swizzle(v128.xor(v14, v2), by16);
    v10 = i64x2.add(v10, v14);
    v6 = turn63(v128.xor(v6, v10));

    v3 = i64x2.add(i64x2.add(v3, v7), v128.load(words, 96));
    v15 = turn32(v128.xor(v15, v3));
    v11 = i64x2.add(v11, v15);
    v7 = i8x16.relaxed_swizzle(v128.xor(v7, v11), by24);
    v3 = i64x2.add(i64x2.add(v3, v7), v128.load(words, 112));
    v15 = i8x16.relaxed_swizzle(v128.xor(v15, v3), by16);
    v11 = i64x2.add(v11, v15);
    v7 = turn63(v128.xor(v7, v11));

    v0 = i64x2.add(i64x2.add(v0, v5), v128.load(words, 128));
    v15 = turn32(v128.xor(v15, v0));
    v10 = i64x2.add(v10, v15);
    v5 = i8x16.relaxed_swizzle(v128.xor(v5, v10), by24);
    v0 = i64x2.add(i64x2.add(v0, v5), v128.load(words, 144));
    v15 = i8x16.relaxed_swizzle(v128.xor(v15, v0), by16);
    v10 = i64x2.add(v10, v15);
    v5 = turn63(v128.xor(v5, v10));

    v1 = i64x2.add(i64x2.add(v1, v6), v128.load(words, 160));
    v12 = turn32(v128.xor(v12, v1));
    v11 = i64x2.add(v11, v12);
    v6 = i8x16.relaxed_swizzle(v128.xor(v6, v11), by24);
    v1 = i64x2.add(i64x2.add(v1, v6), v128.load(words, 176));
    v12 = i8x16.relaxed_swizzle(v128.xor(v12, v1), by16);
    v11 = i64x2.add(v11, v12);
    v6 = turn63(v128.xor(v6, v11));

    v2 = i64x2.add(i64x2.add(v2, v7), v128.load(words, 192));
    v13 = turn32(v128.xor(v13, v2));
    v8 = i64x2.add(v8, v13);
    v7 = i8x16.relaxed_swizzle(v128.xor(v7, v8), by24);
    v2 = i64x2.add(i64x2.add(v2, v7), v128.load(words, 208));
    v13 = i8x16.relaxed_swizzle(v128.xor(v13, v2), by16);
    v8 = i64x2.add(v8, v13);
    v7 = turn63(v128.xor(v7, v8));

    v3 = i64x2.add(i64x2.add(v3, v4), v128.load(words, 224));
    v14 = turn32(v128.xor(v14, v3));
    v9 = i64x2.add(v9, v14);
    v4 = i8x16.relaxed_swizzle(v128.xor(v4, v9), by24);
    v3 = i64x2.add(i64x2.add(v3, v4), v128.load(words, 240));
    v14 = i8x16.relaxed_swizzle(v128.xor(v14, v3), by16);
    v9 = i64x2.add(v9, v14);
    v4 = turn63(v128.xor(v4, v9));
  }
  absorb(state, v0, v8);
  absorb(state + 16, v1, v9);
  absorb(state + 32, v2, v10);
  absorb(state + 48, v3, v11);
  absorb(state + 64, v4, v12);
  absorb(state + 80, v5, v13);
  absorb(state + 96, v6, v14);
  absorb(state + 112, v7, v15);
}

// @ts-ignore
@inline
function absorb(state: usize, low: v128, high: v128): void {
  v128.store(state, v128.xor(v128.load(state), v128.xor(low, high)));
}
