/**
 * How large a modulus may be for 128 bits of security: uniform ternary secrets, errors with a standard deviation of 3.2.
 *
 * By malb/lattice-estimator at commit 27a581bb (6 June 2026), run on 30 November 2026 on passagemath 10.8.13 with 2N samples:
 * the cheaper of the primal attack by unique shortest vectors and the dual hybrid one takes at least 2^128 operations.
 * `tools/estimate-security.py` repeats it, and `bench/security.md` has what it printed.
 */

/** Largest total bits of all primes, the special ones included, by polynomial modulus degree. */
export const maxModulusBits = { 4096: 107, 8192: 214, 16384: 430, 32768: 868, 65536: 1747 } as const;

/**
 * The limits that plans were made by before: those of the HE standard (homomorphicencryption.org, 2018, ternary secrets), and
 * the bits of security that the estimator gives a modulus of as many bits.
 */
export const formerLimits = {
  4096: { modulusBits: 109, securityBits: 125.6 },
  8192: { modulusBits: 218, securityBits: 126.0 },
  16384: { modulusBits: 438, securityBits: 125.9 },
  32768: { modulusBits: 881, securityBits: 126.1 },
} as const;

export type FormerDegree = keyof typeof formerLimits;

/** Whether there were plans of this degree by the former limits: of the largest there were none. */
export function hasFormerLimit(degree: number): degree is FormerDegree {
  return degree in formerLimits;
}

/** Bits of a modulus that a plan may have which is read: up to the former limit, where there was one. */
export function mostReadBits(degree: keyof typeof maxModulusBits): number {
  return hasFormerLimit(degree) ? formerLimits[degree].modulusBits : maxModulusBits[degree];
}

/**
 * Bits of security of a modulus between today's limit and the former one, rounded down. From the estimate at the former limit
 * along the tangent of 1 / bits, by which security falls: never more than the estimator gives.
 */
export function formerSecurityBits(degree: FormerDegree, bits: number): number {
  const { modulusBits, securityBits } = formerLimits[degree];
  return Math.floor(securityBits * (2 - bits / modulusBits));
}
