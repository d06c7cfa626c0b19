/** Solutions of the normal equations for rows that have weights at some of the columns only. */
import { CholeskyDecomposition, Matrix } from 'ml-matrix';

import type { RowFit } from './layer-regressions.ts';
import type { NormalEquations } from './normal-equations.ts';

/** Normal equations that know where the columns and rows of the layer stand in them. */
export interface PlacedEquations extends NormalEquations {
  readonly placeOfColumn: ReadonlyMap<number, number>;
  readonly placeOfRow: ReadonlyMap<RowFit, number>;
}

export function place(
  equations: NormalEquations,
  { columns, rows }: { readonly columns: Int32Array; readonly rows: readonly RowFit[] },
): PlacedEquations {
  return {
    ...equations,
    placeOfColumn: new Map(Array.from(columns, (column, at) => [column, at])),
    placeOfRow: new Map(rows.map((row, at) => [row, at])),
  };
}

/**
 * The changes of the weights at `columns`, one column of the result for each row. `ridge` is a fraction of the mean
 * diagonal of all equations, not of these columns: of pixels that are seldom lit a weight would grow without bound.
 * Undefined where the columns are constant on all samples.
 */
export function solveChanges(
  equations: PlacedEquations,
  columns: Int32Array,
  rows: readonly RowFit[],
  ridge: number,
): Matrix | undefined {
  const { gram, products, columns: width } = equations;
  const places = placesOf(equations, columns);
  if (!places.some((at) => (gram[at * width + at] ?? 0) > 0)) return undefined;
  let trace = 0;
  for (let at = 0; at < width; at++) trace += gram[at * width + at] ?? 0;
  const penalty = (ridge * trace) / width;
  const matrix = new Matrix(places.length, places.length);
  for (const [i, a] of places.entries()) {
    for (const [j, b] of places.entries()) matrix.set(i, j, gram[a * width + b] ?? 0);
    matrix.set(i, i, matrix.get(i, i) + penalty);
  }
  const right = new Matrix(places.length, rows.length);
  for (const [k, row] of rows.entries()) {
    const target = (equations.placeOfRow.get(row) ?? -1) * width;
    for (const [i, at] of places.entries()) right.set(i, k, products[target + at] ?? 0);
  }
  const cholesky = new CholeskyDecomposition(matrix);
  return cholesky.isPositiveDefinite() ? cholesky.solve(right) : undefined;
}

export interface Comparison {
  readonly columns: Int32Array;
  readonly row: RowFit;
  /** The samples that errors are compared on, and those that the bias is fitted to. */
  readonly on: PlacedEquations;
  readonly shiftOn: PlacedEquations;
}

/** How much less a row's sum of squares is with a change of its weights and its best bias than with its best bias alone. */
export function fallOfError(change: readonly number[], { columns, row, on, shiftOn }: Comparison): number {
  const { gram, products, columns: width } = on;
  const places = placesOf(on, columns);
  const target = on.placeOfRow.get(row) ?? -1;
  let linear = 0;
  let quadratic = 0;
  let mean = 0;
  for (const [i, d] of change.entries()) {
    const a = places[i] ?? -1;
    linear += d * (products[target * width + a] ?? 0);
    mean += d * (on.means[a] ?? 0);
    let sum = 0;
    for (let j = 0; j < change.length; j++) sum += (gram[a * width + (places[j] ?? -1)] ?? 0) * (change[j] ?? 0);
    quadratic += d * sum;
  }
  // Errors of the mean, with the change and without.
  const wanted = on.targetMeans[target] ?? 0;
  const after = wanted - mean - shiftOf(change, shiftOn, columns, row);
  const before = wanted - shiftOf([], shiftOn, columns, row);
  return 2 * linear - quadratic + on.rows * (before * before - after * after);
}

/** The change of the bias that goes best with a change of the weights. */
export function shiftOf(
  change: readonly number[],
  equations: PlacedEquations,
  columns: Int32Array,
  row: RowFit,
): number {
  const target = equations.placeOfRow.get(row) ?? -1;
  return change.reduce(
    (shift, d, i) => shift - d * (equations.means[equations.placeOfColumn.get(columns[i] ?? -1) ?? -1] ?? 0),
    equations.targetMeans[target] ?? 0,
  );
}

function placesOf(equations: PlacedEquations, columns: Int32Array): Int32Array {
  return columns.map((column) => equations.placeOfColumn.get(column) ?? -1);
}
