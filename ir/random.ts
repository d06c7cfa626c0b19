/**
 * Seeded pseudo-random numbers: same seed, same numbers, on every machine that rounds `Math.log` and `Math.exp` alike.
 * Not for cryptography: keys and encryption noise come from SEAL.
 *
 * The generator is xoroshiro128+. A stream is named by its seed and the labels of its forks; its initial state is a
 * digest of that name, so neighbouring seeds and sibling forks are unrelated, and a fork does not depend on how many
 * numbers its parent has drawn.
 */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { sha256Hex } from './digest.ts';

/** The stream of `seed`, any finite number. */
export function seededRandom(seed: number): SeededRandom {
  return new SeededRandom(digestOfName(`seed ${seed}`));
}

export class SeededRandom {
  readonly #name: string;
  readonly #generator: RandomGenerator;

  /** @param name 64 hexadecimal digits; see `seededRandom` and `fork`. */
  constructor(name: string) {
    this.#name = name;
    this.#generator = xoroshiro128plusFromState(
      [0, 8, 16, 24].map((at) => Number.parseInt(name.slice(at, at + 8), 16) | 0),
    );
  }

  /** Uniform in [0, 1), a multiple of 2^-53. */
  uniform(): number {
    return uniformFloat64(this.#generator);
  }

  /** Uniform among the integers from `lo` to `hi`, both included; safe integers with lo <= hi. */
  integer(lo: number, hi: number): number {
    return uniformInt(this.#generator, lo, hi);
  }

  /** 0 … count − 1 in random order (Fisher and Yates). */
  permutation(count: number): Int32Array {
    const order = Int32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.integer(0, i);
      [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
    }
    return order;
  }

  /** Normal with mean 0 and standard deviation 1. */
  gaussian(): number {
    return drawGaussian(this.#generator);
  }

  /** Overwrites `target` with independent normals of mean 0 and standard deviation `sigma`. */
  fillGaussian(target: Float64Array, sigma: number): void {
    const generator = this.#generator;
    for (let i = 0; i < target.length; i++) target[i] = sigma * drawGaussian(generator);
  }

  /** The stream called `label` under this one; the same one each time, whatever has been drawn meanwhile. */
  fork(label: string | number): SeededRandom {
    return new SeededRandom(digestOfName(`${this.#name} ${typeof label} ${label}`));
  }
}

function digestOfName(name: string): string {
  return sha256Hex(new TextEncoder().encode(name));
}

/*
 * The ziggurat of Marsaglia and Tsang (Journal of Statistical Software 5(8), 2000): 128 layers of equal area under
 * the density exp(-x²/2). One 32-bit draw gives the layer (the 7 high bits) and the signed position in it (the 25 low
 * bits); disjoint bits, because the original, which reuses them, correlates the two (Doornik, 2005).
 */
const layers = 128;
/** Where the tail begins, and the area of each layer, for 128 layers. */
const tailStart = 3.442619855899;
const layerArea = 9.91256303526217e-3;
const positionScale = 2 ** -24;

/** Right edge of each layer, widest first; entry 0 is the width of a box as large as base layer plus tail. */
const edges = new Float64Array(layers + 1);
/** The density at each edge. */
const heights = new Float64Array(layers + 1);
edges[0] = layerArea / Math.exp(-0.5 * tailStart * tailStart);
edges[1] = tailStart;
for (let i = 2; i < layers; i++) {
  const previous = edges[i - 1] ?? 0;
  edges[i] = Math.sqrt(-2 * Math.log(layerArea / previous + Math.exp(-0.5 * previous * previous)));
}
for (let i = 0; i <= layers; i++) {
  const edge = edges[i] ?? 0;
  heights[i] = Math.exp(-0.5 * edge * edge);
}

function drawGaussian(generator: RandomGenerator): number {
  for (;;) {
    const bits = generator.next();
    const layer = bits >>> 25;
    const x = (((bits << 7) >> 7) + 0.5) * positionScale * (edges[layer] ?? 0);
    const inner = edges[layer + 1] ?? 0;
    if (Math.abs(x) < inner) return x;
    if (layer === 0) return x < 0 ? -drawTail(generator) : drawTail(generator);
    const low = heights[layer] ?? 0;
    const high = heights[layer + 1] ?? 0;
    if (low + uniformFloat64(generator) * (high - low) < Math.exp(-0.5 * x * x)) return x;
  }
}

/** A normal beyond `tailStart` (Marsaglia, 1964). */
function drawTail(generator: RandomGenerator): number {
  for (;;) {
    const x = -Math.log(1 - uniformFloat64(generator)) / tailStart;
    const y = -Math.log(1 - uniformFloat64(generator));
    if (2 * y >= x * x) return tailStart + x;
  }
}
