/**
 * Least squares of the surviving weights of one layer: the change of weights and biases that brings the layer's outputs
 * closest to wanted ones, with every weight that is zero left zero.
 *
 * Each row minimises |r − X d − δ|² + λ |d|² over its support, where r is what its outputs lack and λ a fraction, the
 * ridge, of the mean diagonal of XᵀX over what the layer reads. The penalty is on the change, so weights of elements that
 * the samples hardly show stay as they are. Rows of equal support share one Cholesky factor.
 *
 * The ridge of a layer is the one with the least error on a fifth of the samples that its equations leave out; a row that
 * does no better there than with its old weights keeps these. The weights are then solved for on all samples.
 */
import type { TensorModule } from '../../../ir/tensor/ops.ts';
import { type WeightNode, weightsOf } from '../../../ir/tensor/weight-layers.ts';
import { type LayerBatches, type LayerRegression, layerRegressions, type RowFit } from './layer-regressions.ts';
import { joinEquations, normalEquations } from './normal-equations.ts';
import { fallOfError, type PlacedEquations, place, shiftOf, solveChanges } from './solve-rows.ts';

export interface LayerFit {
  readonly weights: Float64Array;
  readonly bias: Float64Array;
  /** Rows whose weights changed. */
  readonly rows: number;
}

/** Most weights of a row: 128 MiB for the sums of products of all pairs. Of a larger row only the bias is fitted. */
const maxSupport = 4096;

/** Multiplications for one set of equations; of more samples than they allow, fewer are taken, evenly. */
const maxProducts = 2 ** 34;

/** Every so many samples one is held out. */
const holdOutEvery = 5;
const ridges = [1e-3, 1e-2, 1e-1, 1];
/** Supports that the choice of a ridge is made on. */
const maxTrials = 24;

/**
 * Fits `node` of `module`: `operand` is the batch of what the layer reads, `residual` that of what its outputs lack.
 * A given `ridge` is taken as it is.
 */
export function fitLayer(
  module: TensorModule,
  node: WeightNode,
  batches: LayerBatches,
  ridge: number | undefined,
): LayerFit {
  const fit = { weights: Float64Array.from(weightsOf(node).values), bias: Float64Array.from(node.attrs.bias.values) };
  let rows = 0;
  for (const regression of layerRegressions(module, node, batches)) {
    const groups = groupBySupport(regression.rows);
    const union = unionOf(groups);
    if (union.length <= maxSupport) rows += fitGroups(regression, union, groups, ridge, fit);
    else for (const group of groups) rows += fitGroups(regression, group.columns, [group], ridge, fit);
  }
  return { ...fit, rows };
}

/** Rows that have weights at the same columns. */
interface SupportGroup {
  readonly columns: Int32Array;
  readonly rows: readonly RowFit[];
}

function groupBySupport(rows: readonly RowFit[]): SupportGroup[] {
  const groups = new Map<string, RowFit[]>();
  for (const row of rows) {
    const key = row.support.join();
    const members = groups.get(key);
    if (members === undefined) groups.set(key, [row]);
    else members.push(row);
  }
  return [...groups.values()].map((members) => {
    const support = members[0]?.support ?? new Int32Array();
    return { columns: support.length <= maxSupport ? support : new Int32Array(), rows: members };
  });
}

function unionOf(groups: readonly SupportGroup[]): Int32Array {
  const all = new Set<number>();
  for (const { columns } of groups) for (const column of columns) all.add(column);
  return Int32Array.from(all).sort();
}

/** Fits groups whose columns are all among `columns`; returns how many rows got other weights. */
function fitGroups(
  regression: LayerRegression,
  columns: Int32Array,
  groups: readonly SupportGroup[],
  given: number | undefined,
  fit: { readonly weights: Float64Array; readonly bias: Float64Array },
): number {
  const rows = groups.flatMap((group) => group.rows);
  const { fitted, heldOut } = divide(samplesWithin(regression, columns.length, rows.length));
  const outputs = Int32Array.from(rows, ({ output }) => output);
  const on = (samples: Int32Array): PlacedEquations =>
    place(normalEquations(regression.regressors(columns, samples), regression.targets(outputs, samples)), {
      columns,
      rows,
    });
  const part = on(fitted);
  const rest = heldOut.length === 0 ? undefined : on(heldOut);
  const ridge = given ?? (rest === undefined ? ridges.at(-1) : chooseRidge(groups, part, rest));
  const all = rest === undefined ? part : place(joinEquations(part, rest), { columns, rows });
  let changed = 0;
  for (const group of groups) {
    const gaining =
      given === undefined && ridge !== undefined && rest !== undefined
        ? rowsThatGain(group, part, rest, ridge)
        : new Set(group.rows);
    changed += fitRows(group, all, { ridge, gaining }, fit);
  }
  return changed;
}

function samplesWithin({ samples, rowsPerSample }: LayerRegression, columns: number, rows: number): Int32Array {
  const products = rowsPerSample * columns * (columns / 2 + rows);
  const used = Math.max(1, Math.min(samples, Math.floor(maxProducts / Math.max(1, products))));
  return Int32Array.from({ length: used }, (_, k) => Math.floor((k * samples) / used));
}

function divide(samples: Int32Array): { readonly fitted: Int32Array; readonly heldOut: Int32Array } {
  return {
    fitted: samples.filter((_, k) => (k + 1) % holdOutEvery !== 0),
    heldOut: samples.filter((_, k) => (k + 1) % holdOutEvery === 0),
  };
}

/** The ridge whose solutions on one part do best on the other; undefined where no change does. */
function chooseRidge(
  groups: readonly SupportGroup[],
  part: PlacedEquations,
  rest: PlacedEquations,
): number | undefined {
  const trials = groups.filter((_, k) => k % Math.ceil(groups.length / maxTrials) === 0);
  let best: { readonly ridge: number; readonly fall: number } | undefined;
  for (const ridge of ridges) {
    let fall = 0;
    for (const { columns, rows } of trials) {
      const changes = solveChanges(part, columns, rows, ridge);
      for (const [k, row] of rows.entries()) {
        const change = changes?.getColumn(k);
        if (change !== undefined) fall += fallOfError(change, { columns, row, on: rest, shiftOn: part });
      }
    }
    if (fall > (best?.fall ?? 0)) best = { ridge, fall };
  }
  return best?.ridge;
}

/** The rows whose solutions on one part do better on the other than their old weights. */
function rowsThatGain(
  { columns, rows }: SupportGroup,
  part: PlacedEquations,
  rest: PlacedEquations,
  ridge: number,
): ReadonlySet<RowFit> {
  const changes = solveChanges(part, columns, rows, ridge);
  const gains = (row: RowFit, k: number): boolean =>
    changes !== undefined && fallOfError(changes.getColumn(k), { columns, row, on: rest, shiftOn: part }) > 0;
  return new Set(rows.filter(gains));
}

/**
 * Writes new weights of the rows that gain by them, where there is a ridge to solve for them with, and biases; returns how
 * many rows got other weights.
 */
function fitRows(
  { columns, rows }: SupportGroup,
  equations: PlacedEquations,
  { ridge, gaining }: { readonly ridge: number | undefined; readonly gaining: ReadonlySet<RowFit> },
  { weights, bias }: { readonly weights: Float64Array; readonly bias: Float64Array },
): number {
  const changes = ridge === undefined ? undefined : solveChanges(equations, columns, rows, ridge);
  let changed = 0;
  for (const [k, row] of rows.entries()) {
    const solved = gaining.has(row) ? (changes?.getColumn(k) ?? []) : [];
    // Rounding alone can make a solution worse; then nothing but the bias changes.
    const helps = fallOfError(solved, { columns, row, on: equations, shiftOn: equations }) > 0;
    const change = helps ? solved : [];
    for (const [i, d] of change.entries()) {
      const index = row.weights[i] ?? -1;
      weights[index] = (weights[index] ?? 0) + d;
    }
    bias[row.output] = (bias[row.output] ?? 0) + shiftOf(change, equations, columns, row);
    changed += Number(helps);
  }
  return changed;
}
