/**
 * What steps cost, in transforms of a limb, for progress: transforms are counted, and what passes over limbs once is
 * priced at its share of one, as measured at n = 8192.
 */
import type { FusedProgram, Step } from './steps.ts';

/** An operand limb of a sum or product. */
const pass = 0.05;
/** One digit of one prime, with both polynomials of the key. */
const digit = 0.4;
/** Residues of a limb from or to saved bytes. */
const residues = 0.2;

export function stepCost({ values }: FusedProgram, step: Step): number {
  const type = values[step.kind === 'output' ? step.a : step.target];
  const limbs = (type?.level ?? 0) + 1;
  const size = type?.size ?? 2;
  const division = 2 + 2 * limbs;
  const innerProducts = digit * limbs * (limbs + 1);
  const digits = limbs + limbs ** 2;
  switch (step.kind) {
    case 'input':
    case 'weight':
    case 'output':
      return residues * size * limbs;
    case 'add':
      return pass * (step.summands.length + 1) * size * limbs;
    case 'mod-switch':
    case 'copy':
    case 'to-sparse':
      return 3 * pass * size * limbs;
    case 'add-plain':
      return 2 * pass * size * limbs;
    case 'add-extended':
      return pass * (step.summands.length + 1) * 2 * (limbs + 1);
    case 'multiply':
      return 7 * pass * limbs;
    case 'multiply-accumulate':
      return pass * (3 * step.terms.length + 2) * limbs;
    case 'multiply-accumulate-extended':
      return pass * (3 * step.terms.length + 2) * (limbs + 1);
    case 'rescale':
    case 'mod-raise':
      return size * (limbs + 1);
    case 'to-dense':
      return limbs + 1 + 2 * digit * limbs + division;
    case 'relinearize':
    case 'rotate':
      return digits + innerProducts + division;
    case 'relinearize-rescale': {
      // The operand has a limb more than the result.
      const primes = limbs + 1;
      return primes + primes ** 2 + digit * primes * (primes + 1) + 6 + 2 * limbs;
    }
    case 'decompose':
      return digits;
    case 'rotate-extended':
      return digits + innerProducts;
    case 'rotate-decomposed':
      return innerProducts + division;
    case 'rotate-decomposed-extended':
      return innerProducts;
    case 'divide-extended':
      return division;
    case 'divide-extended-rescale':
      return 6 + 2 * limbs;
  }
}
