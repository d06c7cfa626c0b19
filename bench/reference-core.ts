/**
 * The core that the figures of other systems are from, known by what one rotation of node-seal takes on it. A time here
 * counts as so much on that core as rotations measured beside it say.
 */
import type { PolyModulusDegree } from '../ir/parameters.ts';

export interface ReferenceRotation {
  readonly polyModulusDegree: PolyModulusDegree;
  /** Bits of the data primes and the special one. Time depends on their number alone. */
  readonly dataPrimeBits: readonly number[];
  readonly specialPrimeBits: number;
  /** On the reference core. */
  readonly milliseconds: number;
}

const small: ReferenceRotation = {
  polyModulusDegree: 8192,
  dataPrimeBits: [40, 34, 34, 34, 34],
  specialPrimeBits: 40,
  milliseconds: 12,
};

const large: ReferenceRotation = {
  polyModulusDegree: 16384,
  dataPrimeBits: [40, 40, 40, 40, 40, 40, 40, 40],
  specialPrimeBits: 44,
  milliseconds: 74,
};

/** The rotation of the plan's own size, or of the nearest that is known. */
export function referenceRotation(degree: number): ReferenceRotation {
  return degree <= 8192 ? small : large;
}
