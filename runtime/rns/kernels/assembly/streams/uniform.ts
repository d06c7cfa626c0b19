/**
 * Uniform limbs of seeds of 32 bytes: ChaCha20's stream as 64-bit words, word i of which is the raw value of element i. One
 * that is not below the largest multiple of the prime in 64 bits, which has a chance of q / 2^64 < 2^−16, is replaced by
 * the next word from word n on, in order, until it is. So every residue is as likely as any other.
 *
 * What is made here is public: that which words are replaced takes time tells nothing that the seed does not.
 */
import { chacha20, groupBlocks, groupBytes } from './chacha20';
import { degreeOf, primeOf, reciprocalOf } from '../modular';
import { power32Of, reaches, reduceWord } from './words';

/** Words of a block of the stream here: two of them are the work space. */
const blockWords: i32 = 512;
const blockBytes: usize = 4096;
const blockGroups: i32 = <i32>(blockBytes / groupBytes);

/** Block `block` of the stream. */
function fillBlock(seed: usize, block: i32, target: usize): void {
  chacha20(seed, block * blockGroups * groupBlocks, target, blockGroups);
}

export function expandUniform(seed: usize, target: usize, stride: i32, prime: usize, work: usize): void {
  const n = degreeOf(prime);
  const q = primeOf(prime);
  const reciprocal = reciprocalOf(prime);
  const w = f64x2.splat(power32Of(prime));
  const v = f64x2.div(w, q);
  const bound = u64.MAX_VALUE - (u64.MAX_VALUE % <u64>load<f64>(prime));
  const spare = work + blockBytes;
  let position = n;
  let spareBlock = -1;
  for (let first = 0; first < n; first += blockWords) {
    fillBlock(seed, first / blockWords, work);
    const end = work + ((<usize>min(n - first, blockWords)) << 3);
    if (reaches(work, end, bound)) {
      for (let at = work; at < end; at += 8) {
        while (load<u64>(at) >= bound) {
          const block = position / blockWords;
          if (block != spareBlock) fillBlock(seed, block, spare);
          spareBlock = block;
          store<u64>(at, load<u64>(spare + ((<usize>(position % blockWords)) << 3)));
          position++;
        }
      }
    }
    for (let at = work; at < end; at += 16, target += stride) {
      v128.store(target, reduceWord(v128.load(at), w, v, q, reciprocal));
    }
  }
}
