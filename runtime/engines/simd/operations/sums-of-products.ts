/** Sums of products with plaintexts, swept limb by limb: each operand is read once, and each result written once. */
import { putAddress } from '../../../rns/memory/addresses.ts';
import { range } from '../../../rns/team.ts';
import { type Site, termBytes, termCapacity } from './workspace.ts';

/** One limb of each factor. */
export interface LimbProduct {
  readonly limb0: number;
  readonly limb1: number;
  readonly plaintext: number;
}

/**
 * This member's range of Σ limb0·plaintext and Σ limb1·plaintext modulo one prime. No phase of its own. With a single
 * product the targets may be its operands.
 * @param products at least one
 */
export function sumLimbProducts(
  { context, team, desk }: Site,
  products: readonly LimbProduct[],
  target0: number,
  target1: number,
  prime: number,
): void {
  const { kernels } = context;
  const { from, to } = range(team, context.n);
  const words = new Uint32Array(context.memory.buffer, desk.terms, (termCapacity * termBytes) / 4);
  for (let first = 0; first < products.length; first += termCapacity) {
    const swept = products.slice(first, first + termCapacity);
    for (const [k, { limb0, limb1, plaintext }] of swept.entries()) {
      putAddress(words, 3 * k, limb0);
      putAddress(words, 3 * k + 1, limb1);
      putAddress(words, 3 * k + 2, plaintext);
    }
    if (first === 0) {
      kernels.multiplyAccumulate(desk.terms, swept.length, desk.partials, target0, target1, prime, from, to);
      continue;
    }
    kernels.multiplyAccumulate(desk.terms, swept.length, desk.partials, desk.scratch, desk.addend, prime, from, to);
    kernels.add(target0, desk.scratch, target0, prime, from, to);
    kernels.add(target1, desk.addend, target1, prime, from, to);
  }
}
