/**
 * The uniform polynomials that seeds stand for in SEAL 4.1 (randomgen.cpp: Blake2xbPRNG; rlwe.cpp: sample_poly_uniform).
 *
 * The generator's stream is BLAKE2Xb of 4096 bytes, keyed with the seed, of 0, 1, 2, … as 64-bit words. The first L·n of
 * its words are the residues' raw values, prime by prime; one that is not below the largest multiple of the prime in 64
 * bits less 1 is replaced by the next word of the stream, in order, until it is. All are reduced modulo their primes.
 *
 * BLAKE2Xb hashes its input to 64 bytes, and then those with an index for each 64 bytes of output
 * (https://www.blake2.net/blake2x.pdf, section 2): two of these go through the compression at once. Neither the key, nor
 * the counter, nor the hash fills more than the first half of a message, so the second half is always zero.
 */
import { compress, initialWord, schedule } from './blake2b';
import { addressBytes } from '../addresses';
import { degreeOf, lift, primeOf, reciprocalOf } from '../modular';
import { power32Of, reaches, reduceWord } from './words';

const blockBytes: usize = 4096;
const blockWords: i32 = 512;

/** Where in the work area things are, up to 8 KiB: vectors, but for the block. */
const stateAt: usize = 0;
const keyedAt: usize = 128;
const messageAt: usize = 256;
const spareBlockAt: usize = 512;
const scheduleAt: usize = spareBlockAt + blockBytes;

const power52: f64 = 4503599627370496;
const power52Bits: i64 = 0x4330000000000000;

/** A state's first words: the initial vector and the parameter block, of which words from 3 on are zero. */
function begin(state: usize, word0: i64, word1: v128, word2: i64): void {
  v128.store(state, i64x2.splat(initialWord(0) ^ word0));
  v128.store(state, v128.xor(word1, i64x2.splat(initialWord(1))), 16);
  v128.store(state, i64x2.splat(initialWord(2) ^ word2), 32);
  for (let k = 3; k < 8; k++) v128.store(state + 16 * k, i64x2.splat(initialWord(k)));
}

/** What every block's first hash begins with: digest of 64 bytes, key of 64, one tree node, output of 4096; the key. */
function takeKey(seed: usize, work: usize): void {
  const message = work + messageAt;
  for (let k = 0; k < 8; k++) v128.store(message + 16 * k, v128.load64_splat(seed + 8 * k));
  memory.fill(message + 128, 0, 128);
  begin(work + keyedAt, 0x01014040, i64x2.splat((<i64>blockBytes) << 32), 0);
  schedule(message, work + scheduleAt);
  compress(work + keyedAt, work + scheduleAt, 128, 0);
}

/** Block `counter` of the stream. */
function fillBlock(counter: i64, target: usize, work: usize): void {
  const state = work + stateAt;
  const message = work + messageAt;
  const words = work + scheduleAt;
  memory.copy(state, work + keyedAt, 128);
  memory.fill(message, 0, 128);
  v128.store(message, i64x2.splat(counter));
  schedule(message, words);
  compress(state, words, 136, -1);
  // Every leaf hashes the same.
  memory.copy(message, state, 128);
  schedule(message, words);

  const length = i64x2.splat((<i64>blockBytes) << 32);
  for (let leaf: i64 = 0; leaf < 64; leaf += 2) {
    // Leaves of 64 bytes, without key, fan-out and depth; the inner length is 64.
    begin(state, 0x4000000040, v128.or(length, i64x2.add(i64x2(0, 1), i64x2.splat(leaf))), 0x4000);
    compress(state, words, 64, -1);
    for (let k = 0; k < 8; k += 2, target += 16) {
      const x = v128.load(state + 16 * k);
      const y = v128.load(state + 16 * k, 16);
      v128.store(target, i64x2.shuffle(x, y, 0, 2));
      v128.store(target, i64x2.shuffle(x, y, 1, 3), 64);
    }
    target += 64;
  }
}

/** Replaces the n words at `target` that are `bound` or more; the position in the stream after that, in words. */
function replaceRejected(target: usize, n: i32, bound: u64, position: i32, work: usize): i32 {
  const end = target + ((<usize>n) << 3);
  if (!reaches(target, end, bound)) return position;

  const block = work + spareBlockAt;
  for (let at = target; at < end; at += 8) {
    let word = load<u64>(at);
    while (word >= bound) {
      const place = position % blockWords;
      if (place == 0) fillBlock(position / blockWords, block, work);
      word = load<u64>(block + 8 * place);
      position++;
    }
    store<u64>(at, word);
  }
  return position;
}

/** n words modulo q, in place. */
function reduceWords(target: usize, n: i32, prime: usize): void {
  const q = primeOf(prime);
  const reciprocal = reciprocalOf(prime);
  const w = f64x2.splat(power32Of(prime));
  const v = f64x2.div(w, q);
  const end = target + ((<usize>n) << 3);
  for (let at = target; at < end; at += 16) {
    const x = lift(reduceWord(v128.load(at), w, v, q, reciprocal), q);
    v128.store(at, v128.xor(f64x2.add(x, f64x2.splat(power52)), i64x2.splat(power52Bits)));
  }
}

export function expandSeed(seed: usize, primes: usize, count: i32, target: usize, work: usize): void {
  const n = degreeOf(load<usize>(primes));
  const words = count * n;
  const blocks = words / blockWords;
  takeKey(seed, work);
  for (let k = 0; k < blocks; k++) fillBlock(k, target + blockBytes * k, work);
  const rest = words - blocks * blockWords;
  if (rest > 0) {
    // It stays there: replacements begin in the middle of it.
    fillBlock(blocks, work + spareBlockAt, work);
    memory.copy(target + blockBytes * blocks, work + spareBlockAt, (<usize>rest) << 3);
  }

  let position = words;
  for (let j = 0; j < count; j++, target += (<usize>n) << 3) {
    const prime = load<usize>(primes + addressBytes * j);
    const q = <u64>load<f64>(prime);
    position = replaceRejected(target, n, u64.MAX_VALUE - (u64.MAX_VALUE % q) - 1, position, work);
    reduceWords(target, n, prime);
  }
}
