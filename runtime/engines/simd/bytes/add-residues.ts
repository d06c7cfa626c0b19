/** Sums of polynomials in the form in which SEAL saves them: a word of 64 bits for each residue. */

const half = 2 ** 32;

/**
 * Adds the polynomials of `terms` to those of `target`, prime by prime, in place. Both have `degree` residues for each of
 * `primes`, which are below 2⁵², as pairs of the low and the high half; those of `target` are below their primes. The index of
 * the first residue of `terms` that is not below its prime, and −1 where all are.
 */
export function addResidues(
  target: Uint32Array,
  terms: Uint32Array,
  primes: readonly number[],
  degree: number,
): number {
  let at = 0;
  for (const prime of primes) {
    for (let i = 0; i < degree; i++, at += 2) {
      const term = (terms[at] ?? 0) + half * (terms[at + 1] ?? 0);
      if (term >= prime) return at / 2;
      let sum = (target[at] ?? 0) + half * (target[at + 1] ?? 0) + term;
      if (sum >= prime) sum -= prime;
      const high = Math.floor(sum / half);
      target[at] = sum - half * high;
      target[at + 1] = high;
    }
  }
  return -1;
}
