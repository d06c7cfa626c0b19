/**
 * Bootstrapping of real values in slots: StC, ModRaise, CtS, EvalMod, the order of slim bootstrapping (Chen and Han, Eurocrypt 2018). A
 * bootstrap takes a value at the bottom of the chain and gives it at the top of the levels that networks use.
 *
 * The chain, from the bottom: the first prime, those of StC, those of the network, those of EvalMod, those of CtS.
 */

/** Names of the chains with bootstraps, from the most precise to the one with the most levels. */
export const bootstrapSetNames = ['precise', 'middle', 'deep', 'wide'] as const;
export type BootstrapSetName = (typeof bootstrapSetNames)[number];

/** How much of the chain each part has, in primes, and what EvalMod computes. */
export interface Bootstrapping {
  /** Rescales of StC: its stages. */
  readonly toCoefficients: number;
  /** Levels between two bootstraps, for the network. */
  readonly residual: number;
  /** Rescales of EvalMod. */
  readonly evaluation: number;
  /** Rescales of CtS: its stages. */
  readonly toSlots: number;
  /** Bits between the first prime and the scale of a value when the modulus is raised: r, of a message ratio 2^r. */
  readonly ratioBits: number;
  /** K: multiples of the first prime that raising adds, at most. */
  readonly mostWraps: number;
  /** Of the Chebyshev polynomial, even. */
  readonly degree: number;
  /** After the polynomial, each of which takes an angle twice. */
  readonly doubleAngles: number;
  /** The scale of a value when StC begins. */
  readonly scaleBits: number;
  /**
   * The scale of a result, at most: where that is no larger than a prime of the network, results are multiplied with each other as other
   * values of the network are. As large as it comes unless given.
   */
  readonly outputBits?: number;
}

/** What the bootstraps of a program do, whatever they are made of. */
export interface BootstrapEffect {
  readonly circuit: Bootstrapping;
  /** Level and scale of an operand. */
  readonly level: number;
  readonly scale: number;
  /** Of a result: the highest level, from which it may be brought down, and the scale. */
  readonly outputLevel: number;
  readonly outputScale: number;
  /** ρ of `throughSine`. */
  readonly angle: number;
  /** Of the noise of a result, for values of one (`bootstrapDeviation`). */
  readonly deviation: number;
}

/**
 * Deviation of the noise of a bootstrap, for values of one: 2^−(E − r − 20.5 − (log2 N − 15)), for E the bits of a prime of EvalMod and
 * r the bits of the message ratio. Most of it is what the squarings of EvalMod round, which its first Chebyshev polynomials and
 * the double angles amplify; each doubling of the degree costs a bit (roundings of both polynomials meet a secret with more
 * coefficients), each bit of E gains one, each bit of r costs one. Measured at N = 2^12 to 2^15, E = 40 to 48, r = 7 to 12, within 0.7 bits.
 */
export function bootstrapDeviation(degree: number, evaluationBits: number, ratioBits: number): number {
  return 2 ** -(evaluationBits - ratioBits - 20.5 - (Math.log2(degree) - 15));
}

/** What a bootstrap gives: the level of its result. */
export function bootstrapOutputLevel({ toCoefficients, residual }: Bootstrapping): number {
  return toCoefficients + residual;
}

/**
 * What a bootstrap makes of a value v apart from noise: sin(ρ v) / ρ, which is v − ρ² v³ / 6 about. EvalMod reads a value
 * off its multiple of the first prime by the sine that has its period.
 * @param angle ρ = 2π times the scale of the value over the first prime
 */
export function throughSine(value: number, angle: number): number {
  return Math.sin(angle * value) / angle;
}
