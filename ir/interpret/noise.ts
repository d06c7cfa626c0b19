/**
 * The noise of SEAL 4.1's CKKS, as Gaussian errors on slot values.
 *
 * An error polynomial e with independent coefficients of variance v has at slot j the value e(ζ_j), ζ_j a primitive
 * 2N-th root of one; its real part, which is all that is decrypted, has variance v·Σ_i cos²(iθ_j) = vN/2, and so has its imaginary one.
 * Errors are divided by the scale. With σ the deviation of SEAL's error distribution, s the ternary secret, of which
 * h ≈ 2N/3 coefficients are not zero, q_0 … q_l the primes at level l, and P the special prime:
 *
 * - Encoding rounds coefficients, an error uniform in ±½. Real slots make the coefficients antisymmetric
 *   (m(X) = m(1/X), so m_i = −m_{N−i}) and their roundings with them: the error is real, of variance N/12. A vector
 *   that repeats after p slots is a polynomial in X^{slots/p}: 2p coefficients, variance 2p/12. A rotation permutes
 *   coefficients up to sign: the error of a rotated plaintext is the rotated error. The same encoding has the same error.
 * - Roundings are independent of what is rounded where coefficients are many units large, or look random. Where few slots are not
 *   zero, as far apart as each other, they are neither: with m of the p slots of a period, of which Σ is the sum of squares, the
 *   coefficients of each residue class modulo m are samples of one wave, of an amplitude of A = scale·√Σ/p about, and
 *   rounding to whole numbers changes the amplitude by 2/π·J_1(2πA) and smaller terms (the Fourier series of the sawtooth;
 *   Widrow and Kollár, "Quantization Noise", 2008, appendix G). With J_1(x)² ≈ 1/(πx) on average these slots have a
 *   further error of the variance c·p³/(scale³·m·√Σ), where c would be 0.02 for equal amplitudes and 0.04 for those of a
 *   random vector; for layers of 16 and 64 values it was measured as 0.04 to 0.09.
 * - Symmetric encryption adds e: Nσ²/2.
 * - Division by a prime (rescale) rounds c_0 and c_1: the error e_0 + e_1·s has variance N/24·(1 + |s(ζ_j)|²). For a
 *   random secret |s(ζ_j)|² is h times an exponential variable, and the same at slot j for every operation, so the
 *   errors of a program do not even out over it; the model draws it once, with the seed.
 * - Encryption under the public key (u·pk + (e_0, e_1), u ternary) is done modulo one prime q more, the special one at
 *   the top, and divided by it: the above, plus Nσ²(1 + |u|² + |s|²)/2 / q², which is nothing.
 * - Key switching multiplies digits d_i = c mod q_i, not centred, with keys of errors e_i, and divides by P:
 *   Σ_i d_i e_i / P plus the rounding of a division. d_i has the mean polynomial q_i/2·ΣX^k, which is q_i/(1 − ζ_j) at
 *   slot j, and the variance q_i²/12 per coefficient. Averaged over slots E|d_i(ζ_j)|² = N q_i²/3, but it is N times as
 *   much where ζ_j is close to one (slot 0 above all). The part of the mean is the same whenever the same key is used.
 *   So: Nσ²/2 · Σq_i²/P² · N/12 anew each time, and Nσ²/2 · Σq_i²/P² / |1 − ζ_j|² once for each key.
 *   With several special primes, P is their product, digits are modulo products D of data primes, and centred: of the
 *   same variance, without a mean.
 * - Addition, multiplication and mod-switch have no noise of their own; products carry that of their operands.
 *
 * Slot j stands for ζ^(3^j), ζ = exp(iπ/N), as in SEAL.
 */
import { type Parameters, productOf, slotsOf } from '../parameters.ts';
import { keyDigitsAt } from '../ckks/switching-keys.ts';
import { seededRandom, type SeededRandom } from '../random.ts';

/** Deviation of SEAL's errors: the centred binomial distribution of 21 pairs of bits. */
const errorDeviation = Math.sqrt(21 / 2);

/**
 * Normals that all errors of a model are windows of: a program has a million times more errors than that, but what is
 * asked of them is their spread, and drawing each anew took half of the compiler's time.
 */
const poolSize = 2 ** 18;

/** c of the error of rounding waves. */
const waveFactor = 0.08;

/** Beyond the seeds that anybody gives. */
const imaginarySeed = 2 ** 31;

/** Names the relinearisation key. */
export const relinKey = 0;

/** Names the Galois key of a step, 0 for the conjugation. */
export function galoisKey(step: number): number {
  return step === 0 ? -1 : step;
}

/**
 * Noise for the programs of one parameter set under one imagined secret key. Deterministic for its seed and the
 * sequence of calls; the error of a plaintext does not even depend on the sequence.
 */
export class NoiseModel {
  private readonly degree: number;
  private readonly parameters: Parameters;
  /** The product of the special primes. */
  private readonly special: number;
  private random: SeededRandom;
  private readonly seed: number;
  /** Deviation of a division's rounding at each slot, at scale 1. */
  private readonly rounding: Float64Array;
  /** 1 / |1 − ζ_j|. */
  private readonly meanDigit: Float64Array;
  /** By key: the error's real part at each slot times 1 / |1 − ζ_j|, for Σq_i² = P². */
  private readonly keyErrors = new Map<number, Float64Array>();
  /** By level: deviation at each slot of a key switch without the part of its key, at scale 1. */
  private readonly switching = new Map<number, Float64Array>();
  /** By encoding: where its errors begin in the pool. */
  private readonly encodings = new Map<string, number>();
  /** Normals of deviation 1, the first of them once more at the end. */
  private readonly pool: Float64Array;
  private beside: NoiseModel | undefined;

  constructor(parameters: Parameters, seed: number) {
    const slots = slotsOf(parameters);
    this.degree = parameters.polyModulusDegree;
    this.parameters = parameters;
    this.special = Number(productOf(parameters.specialPrimes));
    this.seed = seed;
    this.random = seededRandom(seed);
    this.pool = new Float64Array(poolSize + slots);
    this.random.fork('pool').fillGaussian(this.pool.subarray(0, poolSize), 1);
    this.pool.copyWithin(poolSize, 0, slots);
    this.meanDigit = meanDigits(this.degree);
    const secret = this.random.fork('secret');
    const weight = (2 * this.degree) / 3;
    this.rounding = new Float64Array(slots).map(() => {
      const squared = -weight * Math.log(1 - secret.uniform());
      return Math.sqrt((this.degree / 24) * (1 + squared));
    });
  }

  /** The noise of imaginary parts, as large as that of real ones: of a secret of its own, for slots tell little of each other. */
  get imaginary(): NoiseModel {
    this.beside ??= new NoiseModel(this.parameters, this.seed + imaginarySeed);
    return this.beside;
  }

  /** From here on the same calls add the same errors as after any other `restart` of that run, under the same key. */
  restart(run: number): void {
    this.random = seededRandom(this.seed).fork(`run ${run}`);
    this.beside?.restart(run);
  }

  /** Adds the error of encoding and symmetric encryption. */
  encryptSymmetric(slots: Float64Array, scale: number): void {
    this.addUniform(slots, Math.sqrt(this.degree / 12 + (this.degree * errorDeviation ** 2) / 2) / scale);
  }

  /** Adds the error of encryption under the public key; that of encoding is the plaintext's. */
  encryptAsymmetric(slots: Float64Array, level: number, scale: number): void {
    const divisor = this.parameters.primes[level + 1] ?? this.special;
    const dropped = errorDeviation * Math.sqrt((this.degree / 2) * (1 + (4 * this.degree) / 3));
    this.addUniform(slots, dropped / divisor / scale);
    this.addShaped(slots, this.rounding, scale);
  }

  /**
   * Adds the error of a bootstrap. Its tails are longer than normal ones: of 2^14 slots the largest error is ten deviations, as of
   * a normal times an exponential variable.
   */
  bootstrap(slots: Float64Array, deviation: number): void {
    for (let s = 0; s < slots.length; s++) {
      const amplitude = -Math.log(1 - this.random.uniform()) * Math.SQRT1_2;
      slots[s] = (slots[s] ?? 0) + deviation * amplitude * this.random.gaussian();
    }
  }

  /**
   * Adds the error of a refresh: that of the encryption of zero under the public key, at the level before, and that of the new
   * encryption. Nothing is encoded: the polynomial that was decrypted is encrypted as it is.
   */
  refresh(slots: Float64Array, level: number, scale: number): void {
    this.encryptAsymmetric(slots, level, scale);
    this.addUniform(slots, (errorDeviation * Math.sqrt(this.degree / 2)) / scale);
  }

  /** Adds the error of a rescale to `scale`. */
  rescale(slots: Float64Array, scale: number): void {
    this.addShaped(slots, this.rounding, scale);
  }

  /** Adds the error of a rotation or relinearisation; `key` is `relinKey` or a `galoisKey`. */
  switchKey(slots: Float64Array, key: number, level: number, scale: number): void {
    this.addShaped(slots, this.switchingDeviation(level), scale);
    // Centred digits have no mean.
    if (this.parameters.specialPrimes.length > 1) return;
    const keyError = this.keyError(key);
    const factor = this.digitRatio(level) / scale;
    for (let s = 0; s < slots.length; s++) slots[s] = (slots[s] ?? 0) + factor * (keyError[s] ?? 0);
  }

  /**
   * Adds the error of encoding `period`, one period of a plaintext's slots, at `scale`. `name` tells plaintexts apart;
   * the same name and scale get the same error.
   */
  encode(period: Float64Array, scale: number, name: string): void {
    const [constant] = period;
    if (period.length === 1 && constant !== undefined) {
      period[0] = Math.round(constant * scale) / scale;
      return;
    }
    const { errors, deviation } = this.encodingError(period.length, scale, name);
    const held = Math.hypot(deviation, waveDeviation(period, scale));
    for (let s = 0; s < period.length; s++) {
      const x = period[s] ?? 0;
      period[s] = x + (x === 0 ? deviation : held) * (errors[s] ?? 0);
    }
  }

  /** What `encode` adds to a period of more than one slot: `deviation` times each of `errors`, and more where few are not zero. */
  encodingError(
    slots: number,
    scale: number,
    name: string,
  ): { readonly errors: Float64Array; readonly deviation: number } {
    const errors = this.windowFrom(this.encodingOf(`plaintext ${name} ${scale}`), slots);
    return { errors, deviation: Math.sqrt(slots / 6) / scale };
  }

  private addUniform(slots: Float64Array, deviation: number): void {
    const errors = this.window(this.random, slots.length);
    for (let s = 0; s < slots.length; s++) slots[s] = (slots[s] ?? 0) + deviation * (errors[s] ?? 0);
  }

  private addShaped(slots: Float64Array, deviations: Float64Array, scale: number): void {
    const errors = this.window(this.random, slots.length);
    const factor = 1 / scale;
    for (let s = 0; s < slots.length; s++) {
      slots[s] = (slots[s] ?? 0) + factor * (errors[s] ?? 0) * (deviations[s] ?? 0);
    }
  }

  /** `length` of the pool's normals, from anywhere. */
  private window(random: SeededRandom, length: number): Float64Array {
    return this.windowFrom(random.integer(0, poolSize - 1), length);
  }

  private windowFrom(from: number, length: number): Float64Array {
    return this.pool.subarray(from, from + length);
  }

  /** Where the errors of an encoding begin: programs encode the same plaintexts in every run. */
  private encodingOf(label: string): number {
    let from = this.encodings.get(label);
    if (from === undefined) this.encodings.set(label, (from = this.random.fork(label).integer(0, poolSize - 1)));
    return from;
  }

  /** √ΣD² / P over the digits of a level. */
  private digitRatio(level: number): number {
    const { primes } = this.parameters;
    const squares = keyDigitsAt(this.parameters, level).reduce((sum, { from, to }) => {
      return sum + (Number(productOf(primes.slice(from, to))) / this.special) ** 2;
    }, 0);
    return Math.sqrt(squares);
  }

  private switchingDeviation(level: number): Float64Array {
    const known = this.switching.get(level);
    if (known !== undefined) return known;
    const fresh = (this.degree * errorDeviation * this.digitRatio(level)) ** 2 / 24;
    const deviations = this.rounding.map((rounding) => Math.sqrt(rounding ** 2 + fresh));
    this.switching.set(level, deviations);
    return deviations;
  }

  private keyError(key: number): Float64Array {
    const known = this.keyErrors.get(key);
    if (known !== undefined) return known;
    const errors = new Float64Array(this.meanDigit.length);
    this.random.fork(`key ${key}`).fillGaussian(errors, errorDeviation * Math.sqrt(this.degree / 2));
    for (let s = 0; s < errors.length; s++) errors[s] = (errors[s] ?? 0) * (this.meanDigit[s] ?? 0);
    this.keyErrors.set(key, errors);
    return errors;
  }
}

/** The values of a period that are not zero. */
export interface NonZeros {
  readonly count: number;
  /** The sum of their squares. */
  readonly squares: number;
}

export function nonZerosOf(period: Float64Array): NonZeros {
  let count = 0;
  let squares = 0;
  for (const x of period) {
    if (x === 0) continue;
    count++;
    squares += x * x;
  }
  return { count, squares };
}

/** Of the error of rounding waves, see above: at the slots of a period that are not zero, never more than these are. */
export function waveDeviation(period: Float64Array, scale: number, { count, squares } = nonZerosOf(period)): number {
  if (count === 0) return 0;
  const variance = (waveFactor * (period.length / scale) ** 3) / (count * Math.sqrt(squares));
  return Math.sqrt(Math.min(variance, squares / count));
}

function meanDigits(degree: number): Float64Array {
  let power = 1;
  return new Float64Array(degree / 2).map(() => {
    const distance = 2 * Math.abs(Math.sin((Math.PI * power) / (2 * degree)));
    power = (power * 3) % (2 * degree);
    return 1 / distance;
  });
}
