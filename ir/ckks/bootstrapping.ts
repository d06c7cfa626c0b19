/**
 * Bootstrapping with the transform to coefficients last in effect, but first in order: StC, ModRaise, CtS, EvalMod (Kim, Park, Kim, Kim
 * and Min, "Bits and slots", 2024/1784, have the order). A bootstrap takes a real value at the bottom of the chain and gives it
 * at the top of the levels that networks use.
 *
 * The chain, from the bottom: the first prime, those of StC, those of the network, those of EvalMod, those of CtS.
 */

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
