/**
 * The special Fourier transform between coefficients and slots, in stages (Cheon, Han, Kim, Kim and Song, Eurocrypt 2018;
 * Chen, Chillotti and Song, Eurocrypt 2019).
 *
 * With n slots, coefficients m_0 … m_{2n−1} of a polynomial modulo X^{2n} + 1, w_k = m_k + i m_{k+n}, ζ = exp(iπ / 2n) and a
 * generator h of the odd residues 1 modulo 4, the values z_j = m(ζ^(h^j)) are F_n … F_4 F_2 R w, with R the reversal of bits. Stage
 * F_m works on blocks of m entries: for j < m/2
 *
 *   z[j] = x[j] + ω x[j + m/2],   z[j + m/2] = x[j] − ω x[j + m/2],   ω = exp(2πi · h^j / 4m),
 *
 * since h^(m/2) = 1 + 2m modulo 4m. That is so for h = −3 = 5 modulo 8.
 *
 * SEAL's slot j is m(ζ^(3^j)), with 3^j = (−3)^j for even j and its negative for odd ones: the conjugate of z_j there. A stage with even
 * offsets alone (all but F_2) maps odd slots to odd slots, and is the one of z with the entries of odd slots conjugated. F_2 is linear over the reals
 * only. But StC applies it to real slots, and CtS takes the real part after it:
 *
 * - StC: what real x gives at an odd slot is conjugated by conjugating the row;
 * - CtS: Re(d z) = Re(conj(d) conj(z)), so that entries which read odd slots are conjugated.
 *
 * Both rules are the same where offsets are even.
 *
 * Two real vectors x and y are one complex one, x + i y: then y's first matrix of StC is that of x times i, and its rows for odd slots, the
 * conjugates, times −i. The other real part after CtS, Im(d z) = Re(−i d z), is that of the last matrix times −i, and of its
 * conjugated entries times i. R is left out of both transforms: between them slot j is coefficient rev(j).
 */
import { composed, type DiagonalMatrix, mapped, timesImaginaryUnit } from './complex-matrix.ts';

/** A few neighbouring stages as one matrix, whose offsets are multiples of `step` modulo the slots; diagonals repeat after `period`. */
export interface StageMatrix {
  readonly step: number;
  readonly period: number;
  readonly diagonals: DiagonalMatrix;
}

/** How many of log2(slots) stages each of `parts` matrices has, from F_2 on: as equal as can be, the smaller ones first. */
export function stageCounts(slots: number, parts: number): number[] {
  const stages = Math.log2(slots);
  return Array.from(
    { length: parts },
    (_, k) => Math.floor(((k + 1) * stages) / parts) - Math.floor((k * stages) / parts),
  );
}

/** The matrices of StC in the order in which they are applied: all of them together F_n … F_2 times `factor`, on real slots. */
export function toCoefficientsStages(slots: number, parts: number, factor: number): StageMatrix[] {
  const each = factor ** (1 / parts);
  let first = 2;
  return stageCounts(slots, parts).map((count) => {
    const step = first / 2;
    let matrix = butterflies(first, slots);
    for (let k = 1; k < count; k++) matrix = composed(butterflies(first << k, slots), matrix, slots);
    first <<= count;
    return { step, period: first / 2, diagonals: mapped(matrix, each, (slot) => slot % 2 === 1) };
  });
}

/**
 * The matrices of CtS in the order in which they are applied: all of them together the inverse of F_n … F_2 times `factor`, of which
 * the real part is right.
 */
export function toSlotsStages(slots: number, parts: number, factor: number): StageMatrix[] {
  const each = (factor / slots) ** (1 / parts);
  let last = slots;
  return stageCounts(slots, parts)
    .reverse()
    .map((count) => {
      const period = last;
      let matrix = inverseButterflies(last, slots);
      for (let k = 1; k < count; k++) matrix = composed(inverseButterflies(last >> k, slots), matrix, slots);
      last >>= count;
      return { step: last, period, diagonals: mapped(matrix, each, (slot, offset) => (slot + offset) % 2 === 1) };
    });
}

/** The first matrix of StC for the imaginary parts of complex slots, by that for their real parts. */
export function forImaginaryParts({ diagonals, ...stage }: StageMatrix): StageMatrix {
  return { ...stage, diagonals: timesImaginaryUnit(diagonals, (slot) => slot % 2 === 1) };
}

/** The last matrix of CtS of which the real part is the imaginary one of the transform, by the one for the real part. */
export function ofImaginaryParts({ diagonals, ...stage }: StageMatrix): StageMatrix {
  return { ...stage, diagonals: timesImaginaryUnit(diagonals, (slot, offset) => (slot + offset) % 2 === 0) };
}

/** F_m. */
function butterflies(m: number, slots: number): DiagonalMatrix {
  return stage(m, slots, (put, x, y, omega) => {
    put(x, 0, one);
    put(x, m / 2, omega);
    put(y, -m / 2, one);
    put(y, 0, negated(omega));
  });
}

/** Twice the inverse of F_m. */
function inverseButterflies(m: number, slots: number): DiagonalMatrix {
  return stage(m, slots, (put, x, y, omega) => {
    const inverse: Complex = [omega[0], -omega[1]];
    put(x, 0, one);
    put(x, m / 2, one);
    put(y, -m / 2, inverse);
    put(y, 0, negated(inverse));
  });
}

type Complex = readonly [number, number];

const one: Complex = [1, 0];

function negated([real, imaginary]: Complex): Complex {
  return [-real, -imaginary];
}

/** @param fill given the slots j and j + m/2 of a block, and ω */
function stage(
  m: number,
  slots: number,
  fill: (put: (slot: number, offset: number, entry: Complex) => void, x: number, y: number, omega: Complex) => void,
): DiagonalMatrix {
  const diagonals = new Map<number, Float64Array>();
  const put = (slot: number, offset: number, [real, imaginary]: Complex): void => {
    const k = ((offset % slots) + slots) % slots;
    const diagonal = diagonals.get(k) ?? new Float64Array(2 * slots);
    diagonals.set(k, diagonal);
    // Of a block of all slots, half of it forwards is half of it backwards.
    diagonal[2 * slot] = (diagonal[2 * slot] ?? 0) + real;
    diagonal[2 * slot + 1] = (diagonal[2 * slot + 1] ?? 0) + imaginary;
  };
  let exponent = 1;
  for (let j = 0; j < m / 2; j++) {
    const angle = (2 * Math.PI * exponent) / (4 * m);
    const omega: Complex = [Math.cos(angle), Math.sin(angle)];
    for (let block = 0; block < slots; block += m) fill(put, block + j, block + j + m / 2, omega);
    exponent = (((-3 * exponent) % (4 * m)) + 4 * m) % (4 * m);
  }
  return diagonals;
}
