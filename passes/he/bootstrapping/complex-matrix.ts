/**
 * Matrices of complex slots by their diagonals: diagonal k times x is, at slot i, d_k[i] · x[(i + k) mod n]. Real and imaginary parts
 * stand side by side.
 */

/** Diagonals by their offset, 0 ≤ k < n; those that are missing are zero. */
export type DiagonalMatrix = ReadonlyMap<number, Float64Array>;

/** The matrix that is `first` and then `second`. */
export function composed(second: DiagonalMatrix, first: DiagonalMatrix, slots: number): DiagonalMatrix {
  const product = new Map<number, Float64Array>();
  for (const [k, a] of second) {
    for (const [l, b] of first) {
      const offset = (k + l) % slots;
      const sum = product.get(offset) ?? new Float64Array(2 * slots);
      product.set(offset, sum);
      for (let i = 0; i < slots; i++) {
        const j = i + k < slots ? i + k : i + k - slots;
        const [x, u, y, v] = [a[2 * i] ?? 0, a[2 * i + 1] ?? 0, b[2 * j] ?? 0, b[2 * j + 1] ?? 0];
        sum[2 * i] = (sum[2 * i] ?? 0) + x * y - u * v;
        sum[2 * i + 1] = (sum[2 * i + 1] ?? 0) + x * v + u * y;
      }
    }
  }
  return product;
}

/** Each diagonal with the entries that `isConjugated` says conjugated, and times a factor. */
export function mapped(
  matrix: DiagonalMatrix,
  factor: number,
  isConjugated: (slot: number, offset: number) => boolean,
): DiagonalMatrix {
  return entryByEntry(matrix, (to, i, real, imaginary, offset) => {
    to[2 * i] = factor * real;
    to[2 * i + 1] = (isConjugated(i, offset) ? -factor : factor) * imaginary;
  });
}

/** Each diagonal times i, and times −i where `isNegated` says so. */
export function timesImaginaryUnit(
  matrix: DiagonalMatrix,
  isNegated: (slot: number, offset: number) => boolean,
): DiagonalMatrix {
  return entryByEntry(matrix, (to, i, real, imaginary, offset) => {
    const sign = isNegated(i, offset) ? -1 : 1;
    to[2 * i] = -sign * imaginary;
    to[2 * i + 1] = sign * real;
  });
}

/** @param write puts what becomes of the entry at a slot to its place in the new diagonal */
function entryByEntry(
  matrix: DiagonalMatrix,
  write: (to: Float64Array, slot: number, real: number, imaginary: number, offset: number) => void,
): DiagonalMatrix {
  return new Map(
    Array.from(matrix, ([offset, diagonal]) => {
      const own = new Float64Array(diagonal.length);
      for (let i = 0; 2 * i < own.length; i++) write(own, i, diagonal[2 * i] ?? 0, diagonal[2 * i + 1] ?? 0, offset);
      return [offset, own];
    }),
  );
}
