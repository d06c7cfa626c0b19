/**
 * The sparse secret of an encapsulation: a key set has one for as long as its two keys are made, and nobody else ever. It has
 * as many ones as minus ones.
 */
import { fillFresh } from './fresh-bytes.ts';

/** Coefficients that are not zero: half of them 1, half −1. `tools/estimate-security.py` has the estimate for this weight. */
export const sparseWeight = 32;

/**
 * Coefficients of a sparse ternary secret, each such secret with the same chance. Positions are drawn all together until no two are
 * equal, so that what is drawn again tells nothing of the result; no address and no branch depends on a position.
 *
 * @param n a power of two from 1024 to 65536: repeats are rare
 */
export function drawSparseSecret(n: number): Float64Array {
  const positions = new Uint16Array(sparseWeight);
  do {
    fillFresh(positions);
    for (let k = 0; k < positions.length; k++) positions[k] = (positions[k] ?? 0) & (n - 1);
  } while (haveRepeats(positions));
  const coefficients = new Float64Array(n);
  place(positions, coefficients);
  positions.fill(0);
  return coefficients;
}

/** 1 where two numbers below 2^31 are equal, 0 otherwise. */
function areEqual(x: number, y: number): number {
  return ((x ^ y) - 1) >>> 31;
}

function haveRepeats(positions: Uint16Array): boolean {
  let repeats = 0;
  for (let i = 0; i < positions.length; i++)
    for (let j = 0; j < i; j++) repeats |= areEqual(positions[i] ?? 0, positions[j] ?? 0);
  return repeats !== 0;
}

/** The first half of the positions gets ones, the other one minus ones. */
function place(positions: Uint16Array, coefficients: Float64Array): void {
  for (let k = 0; k < positions.length; k++) {
    const position = positions[k] ?? 0;
    const sign = k < positions.length / 2 ? 1 : -1;
    for (let i = 0; i < coefficients.length; i++)
      coefficients[i] = (coefficients[i] ?? 0) + sign * areEqual(i, position);
  }
}
