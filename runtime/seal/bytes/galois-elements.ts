/**
 * SEAL's numbering of Galois keys (util/galois.cpp): a rotation by k is the automorphism X → X^(3^k mod 2N), and step 0
 * names the conjugation, X → X^(2N − 1).
 */

/** Index in the table of Galois keys of the key for `step`, 0 ≤ step < degree / 2. */
export function galoisIndexOf(step: number, degree: number): number {
  if (step === 0) return degree - 1;
  let element = 1;
  for (let i = 0; i < step; i++) element = (element * 3) % (2 * degree);
  return (element - 1) / 2;
}
