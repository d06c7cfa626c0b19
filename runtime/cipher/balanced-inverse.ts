/** Inverses modulo a prime, as kernels take factors. */
import { modularPower } from '../../ir/maths/modular.ts';

/** 1/x modulo the prime q, between −q/2 and q/2. x is not a multiple of q. */
export function balancedInverse(x: number, q: number): number {
  const modulus = BigInt(q);
  const inverse = Number(modularPower(BigInt(x), modulus - 2n, modulus));
  return inverse > q / 2 ? inverse - q : inverse;
}
