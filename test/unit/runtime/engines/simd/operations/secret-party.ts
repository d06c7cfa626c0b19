/**
 * Who has the secret key, for parameters that SEAL does not take: makes key switching keys with several special primes
 * straight into the memory of a bench, encrypts small polynomials, and finds the error of what an operation gives.
 * Computes on the bench's kernels, whose transforms and products other tests hold to integers.
 */
import { allPrimes, productOf } from '../../../../../../ir/parameters.ts';
import { type SeededRandom, seededRandom } from '../../../../../../ir/random.ts';
import { keyDigitsAt } from '../../../../../../ir/ckks/switching-keys.ts';
import type { RotationKey } from '../../../../../../runtime/engines/simd/operations/operations.ts';
import {
  keyBlock,
  keyBytes,
  type KeyPlace,
  keyStride,
  limbAt,
  limbStride,
  placeKey,
  type Value,
} from '../../../../../../runtime/rns/memory/layout.ts';
import { balanced, limbView, randomLimb } from '../../../../../support/simd.ts';
import type { OperationBench } from './operation-bench.ts';

/** A polynomial of small integer coefficients. */
export type Polynomial = Float64Array;

export const errorDeviation = 3.2;

export class SecretParty {
  private readonly bench: OperationBench;
  private readonly random: SeededRandom;
  private readonly primes: readonly number[];
  private readonly secret: Polynomial;
  /** Single limbs to work in. */
  private readonly limbs: readonly number[];

  constructor(bench: OperationBench, seed: number) {
    this.bench = bench;
    this.random = seededRandom(seed);
    const { parameters, n } = bench.context;
    this.primes = allPrimes(parameters);
    this.secret = this.ternary();
    this.limbs = Array.from({ length: 4 }, () => bench.take(limbStride(n)));
  }

  /** Uniform in {−1, 0, 1}. */
  ternary(): Polynomial {
    return Float64Array.from({ length: this.bench.context.n }, () => this.random.integer(-1, 1));
  }

  /** Uniform up to a bound. */
  polynomial(bound: number): Polynomial {
    return Float64Array.from({ length: this.bench.context.n }, () => this.random.integer(-bound, bound));
  }

  /** A value of `size` polynomials that decrypts to `message`, exactly. */
  encrypt(message: Polynomial, level: number, size: number): Value {
    const { bench } = this;
    const { n, memory, primes } = bench.context;
    const value = bench.value(level, size);
    for (let j = 0; j <= level; j++) {
      const record = primes[j] ?? 0;
      const sum = limbAt(value, n, 0, j);
      this.transform(message, j, sum);
      for (let poly = 1; poly < size; poly++) {
        const limb = limbAt(value, n, poly, j);
        limbView(memory, limb, n).set(randomLimb(this.random, n, this.prime(j)));
        this.subtractProduct(sum, limb, poly, j, record);
      }
      limbView(memory, sum, n).set(limbView(memory, sum, n).map((x) => balanced(BigInt(x), this.prime(j))));
    }
    return value;
  }

  /** The largest coefficient by which a value of two polynomials differs from `message`; NaN where primes disagree. */
  error(value: Value, message: Polynomial): number {
    const { n, memory, kernels, primes } = this.bench.context;
    const [sum = 0] = this.limbs;
    let first: Float64Array | undefined;
    for (let j = 0; j <= value.level; j++) {
      const record = primes[j] ?? 0;
      limbView(memory, sum, n).set(limbView(memory, limbAt(value, n, 0, j), n));
      this.subtractProduct(sum, limbAt(value, n, 1, j), 1, j, record, 1);
      kernels.inverse(sum, record);
      const q = this.prime(j);
      const difference = limbView(memory, sum, n).map((x, i) => balanced(BigInt(x) - BigInt(message[i] ?? NaN), q));
      first ??= difference;
      if (difference.some((x, i) => x !== first?.[i])) return NaN;
    }
    return first?.reduce((most, x) => Math.max(most, Math.abs(x)), 0) ?? NaN;
  }

  /** X → X^element. */
  automorphism(message: Polynomial, element: number): Polynomial {
    const { n } = this.bench.context;
    const result = new Float64Array(n);
    for (const [k, x] of message.entries()) {
      const exponent = (k * element) % (2 * n);
      result[exponent % n] = exponent < n ? x : -x;
    }
    return result;
  }

  rotationKey(step: number, level: number): RotationKey {
    const { bench } = this;
    const { n, kernels } = bench.context;
    const element = this.element(step);
    const permutation = bench.take(2 * n);
    kernels.fillPermutation(permutation, element, n);
    const rotated = this.automorphism(this.secret, element);
    return { permutation, key: this.key((j, limb) => this.transform(rotated, j, limb), level) };
  }

  element(step: number): number {
    let element = 1;
    for (let k = 0; k < step; k++) element = (3 * element) % (2 * this.bench.context.n);
    return element;
  }

  relinearizationKey(level: number): KeyPlace {
    const { kernels, primes, n } = this.bench.context;
    return this.key((j, limb) => {
      this.transform(this.secret, j, limb);
      kernels.multiply(limb, limb, limb, primes[j] ?? 0, 0, n);
    }, level);
  }

  /** From the secret that `source` transforms modulo a prime to the own one. */
  private key(source: (prime: number, limb: number) => void, level: number): KeyPlace {
    const { bench } = this;
    const { n, memory, parameters, primes } = bench.context;
    const key = placeKey(parameters, level, bench.take(keyBytes(parameters, level)));
    const special = productOf(parameters.specialPrimes);
    const [b = 0, a = 0, own = 0] = this.limbs;
    const view = (limb: number): Float64Array => limbView(memory, limb, n);
    const targets = [...primes.keys()].filter((j) => j <= level || j >= parameters.primes.length);
    for (const [d, { from, to }] of keyDigitsAt(parameters, level).entries()) {
      const error = Float64Array.from({ length: n }, () => Math.round(errorDeviation * this.random.gaussian()));
      for (const [k, j] of targets.entries()) {
        const q = this.prime(j);
        this.transform(error, j, b);
        view(a).set(randomLimb(this.random, n, q));
        this.subtractProduct(b, a, 1, j, primes[j] ?? 0);
        if (from <= j && j < to) {
          source(j, own);
          const factor = special % BigInt(q);
          const scaled = view(own).map((x) => balanced(BigInt(x) * factor, q));
          view(b).set(view(b).map((x, i) => balanced(BigInt(x) + BigInt(scaled[i] ?? NaN), q)));
        }
        const block = keyBlock(key, n, k) / 8;
        const all = new Float64Array(memory.buffer);
        for (let i = 0; i < n; i++) {
          const at = block + ((i >> 1) * keyStride(key)) / 8 + 4 * d + (i & 1);
          all[at] = view(b)[i] ?? NaN;
          all[at + 2] = view(a)[i] ?? NaN;
        }
      }
    }
    return key;
  }

  private transform(polynomial: Polynomial, prime: number, limb: number): void {
    const { n, memory, kernels, primes } = this.bench.context;
    limbView(memory, limb, n).set(polynomial);
    kernels.forward(limb, primes[prime] ?? 0);
  }

  /** sum − limb·s^power, or plus it where `sign` is 1. */
  private subtractProduct(sum: number, limb: number, power: number, prime: number, record: number, sign = -1): void {
    const { n, memory, kernels } = this.bench.context;
    const product = this.limbs[3] ?? 0;
    const secret = this.limbs[2] ?? 0;
    limbView(memory, product, n).set(limbView(memory, limb, n));
    this.transform(this.secret, prime, secret);
    for (let k = 0; k < power; k++) kernels.multiply(product, secret, product, record, 0, n);
    const q = this.prime(prime);
    const terms = limbView(memory, product, n);
    const view = limbView(memory, sum, n);
    view.set(view.map((x, i) => balanced(BigInt(x) + BigInt(sign * (terms[i] ?? NaN)), q)));
  }

  private prime(j: number): number {
    return this.primes[j] ?? NaN;
  }
}
