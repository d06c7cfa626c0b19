/**
 * Sums of products of columns over many rows, as least squares needs them: plain blocked loops on typed arrays, because
 * they are nearly all of the time that `reconstruct` takes.
 */

/** A matrix that is read a few rows at a time, such as the patches that a convolution sees. */
export interface RowSource {
  readonly rows: number;
  readonly columns: number;
  /** Writes the rows first … first + length transposed: column c into block[c · stride …]. */
  readonly fill: (block: Float64Array, stride: number, first: number, length: number) => void;
}

/** Sums over all rows, of columns about their means. */
export interface NormalEquations {
  readonly rows: number;
  readonly columns: number;
  readonly targets: number;
  /** XᵀX, symmetric, [columns, columns]. */
  readonly gram: Float64Array;
  /** TᵀX, [targets, columns]. */
  readonly products: Float64Array;
  readonly means: Float64Array;
  readonly targetMeans: Float64Array;
}

/** Rows whose transposed columns stay in the second-level cache. */
const blockRows = 64;

/** The normal equations of `targets` over `regressors`, which have equally many rows. */
export function normalEquations(regressors: RowSource, targets: RowSource): NormalEquations {
  const { rows, columns } = regressors;
  const means = columnMeans(regressors);
  const targetMeans = columnMeans(targets);
  const gram = new Float64Array(columns * columns);
  const products = new Float64Array(targets.columns * columns);
  const x = new Float64Array(columns * blockRows);
  const t = new Float64Array(targets.columns * blockRows);
  for (let first = 0; first < rows; first += blockRows) {
    const length = Math.min(blockRows, rows - first);
    fillCentred(regressors, x, means, first, length);
    fillCentred(targets, t, targetMeans, first, length);
    for (let i = 0; i < columns; i += 2) addProducts(x, i, columns, x, i + 2, gram, columns);
    for (let i = 0; i < targets.columns; i += 2) addProducts(t, i, targets.columns, x, columns, products, columns);
  }
  mirror(gram, columns);
  return { rows, columns, targets: targets.columns, gram, products, means, targetMeans };
}

/** The equations of the rows of both (Chan, Golub and LeVeque 1983, Algorithms for computing the sample variance). */
export function joinEquations(a: NormalEquations, b: NormalEquations): NormalEquations {
  const rows = a.rows + b.rows;
  const weight = (a.rows * b.rows) / rows;
  const shift = a.means.map((mean, c) => (b.means[c] ?? 0) - mean);
  const targetShift = a.targetMeans.map((mean, t) => (b.targetMeans[t] ?? 0) - mean);
  const joined = (x: Float64Array, y: Float64Array, outer: Float64Array) => {
    const sum = new Float64Array(x.length);
    for (const [r, factor] of outer.entries()) {
      const at = r * a.columns;
      for (let c = 0; c < a.columns; c++) {
        // In this order the result is symmetric to the last bit.
        sum[at + c] = (x[at + c] ?? 0) + (y[at + c] ?? 0) + weight * (factor * (shift[c] ?? 0));
      }
    }
    return sum;
  };
  return {
    rows,
    columns: a.columns,
    targets: a.targets,
    gram: joined(a.gram, b.gram, shift),
    products: joined(a.products, b.products, targetShift),
    means: a.means.map((mean, c) => mean + ((shift[c] ?? 0) * b.rows) / rows),
    targetMeans: a.targetMeans.map((mean, t) => mean + ((targetShift[t] ?? 0) * b.rows) / rows),
  };
}

function columnMeans(source: RowSource): Float64Array {
  const sums = new Float64Array(source.columns);
  const block = new Float64Array(source.columns * blockRows);
  for (let first = 0; first < source.rows; first += blockRows) {
    const length = Math.min(blockRows, source.rows - first);
    source.fill(block, blockRows, first, length);
    for (let c = 0; c < sums.length; c++) {
      let sum = sums[c] ?? 0;
      for (let b = c * blockRows; b < c * blockRows + length; b++) sum += block[b] ?? 0;
      sums[c] = sum;
    }
  }
  return sums.map((sum) => sum / source.rows);
}

/** Rows beyond `length` become zero, so that products may always run over whole blocks. */
function fillCentred(source: RowSource, block: Float64Array, means: Float64Array, first: number, length: number): void {
  source.fill(block, blockRows, first, length);
  for (let c = 0; c < source.columns; c++) {
    const mean = means[c] ?? 0;
    const at = c * blockRows;
    for (let b = at; b < at + length; b++) block[b] = (block[b] ?? 0) - mean;
    block.fill(0, at + length, at + blockRows);
  }
}

/** Adds the products of columns i and i + 1 of `a` with those of `b` below `to`, two by two for the sake of registers. */
function addProducts(
  a: Float64Array,
  i: number,
  columnsOfA: number,
  b: Float64Array,
  to: number,
  into: Float64Array,
  width: number,
): void {
  const a0 = i * blockRows;
  const pair = i + 1 < columnsOfA;
  // Where there is no second column the first one stands in for it, and its sums are not kept.
  const a1 = pair ? a0 + blockRows : a0;
  const end = Math.min(to, width);
  for (let j = 0; j < end; j += 2) {
    const b0 = j * blockRows;
    const second = j + 1 < end;
    const b1 = second ? b0 + blockRows : b0;
    let s00 = 0;
    let s01 = 0;
    let s10 = 0;
    let s11 = 0;
    for (let k = 0; k < blockRows; k++) {
      const x0 = a[a0 + k] ?? 0;
      const x1 = a[a1 + k] ?? 0;
      const y0 = b[b0 + k] ?? 0;
      const y1 = b[b1 + k] ?? 0;
      s00 += x0 * y0;
      s01 += x0 * y1;
      s10 += x1 * y0;
      s11 += x1 * y1;
    }
    const at = i * width + j;
    into[at] = (into[at] ?? 0) + s00;
    if (second) into[at + 1] = (into[at + 1] ?? 0) + s01;
    if (!pair) continue;
    into[at + width] = (into[at + width] ?? 0) + s10;
    if (second) into[at + width + 1] = (into[at + width + 1] ?? 0) + s11;
  }
}

/** The upper triangle from the lower one. */
function mirror(matrix: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) matrix[j * n + i] = matrix[i * n + j] ?? 0;
}
