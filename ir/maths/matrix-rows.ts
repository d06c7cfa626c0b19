/** Products with a matrix, row by row. */

/**
 * Adds to each `y[r]` the terms matrix[r, c] · x[c] in ascending order of c, one after another. `matrix` is row-major, with
 * `width` columns. Four rows go side by side: each addition of a row has to wait for the one before it.
 */
export function addMatrixProduct(matrix: Float64Array, width: number, x: Float64Array, y: Float64Array): void {
  const rows = y.length;
  let r = 0;
  for (; r + 4 <= rows; r += 4) {
    const [a, b, c, d] = [r * width, (r + 1) * width, (r + 2) * width, (r + 3) * width];
    let [p, q, s, t] = [y[r] ?? 0, y[r + 1] ?? 0, y[r + 2] ?? 0, y[r + 3] ?? 0];
    for (let i = 0; i < width; i++) {
      const factor = x[i] ?? 0;
      p += (matrix[a + i] ?? 0) * factor;
      q += (matrix[b + i] ?? 0) * factor;
      s += (matrix[c + i] ?? 0) * factor;
      t += (matrix[d + i] ?? 0) * factor;
    }
    y[r] = p;
    y[r + 1] = q;
    y[r + 2] = s;
    y[r + 3] = t;
  }
  for (; r < rows; r++) {
    const first = r * width;
    let sum = y[r] ?? 0;
    for (let i = 0; i < width; i++) sum += (matrix[first + i] ?? 0) * (x[i] ?? 0);
    y[r] = sum;
  }
}
