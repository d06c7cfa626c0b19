/**
 * What pruning did to the model that a plan was compiled from: kept with the plan, for `hepc inspect --html`. It shows
 * how large weights are, so a bound plan is written without it.
 */
import { InternalError } from '../diagnostics/diagnostic.ts';
import type { TileShape } from '../tile/place-weights.ts';

/** What the quality of a model is measured by: a share of samples, or a mean of squares. */
export const pruningMetrics = ['accuracy', 'mean-square error', 'difference from the unpruned model'] as const;
export type PruningMetric = (typeof pruningMetrics)[number];

/** Layers of a report, and points of its search. */
export const maxPruningRows = 4096;
/** Weight tiles of all layers of a report. */
export const maxReportedTiles = 2 ** 20;

/** What a plan takes; the unpruned one is the best that the search finds for the same objective. */
export interface PruningCounts {
  /** Weights that are not zero. */
  readonly weights: number;
  /** Products of a ciphertext with a weight tile. */
  readonly tiles: number;
  readonly inputCiphertexts: number;
  readonly rotations: number;
  /** Of evaluating the wanted batch on one thread, in as many runs as that takes, by the cost model. */
  readonly milliseconds: number;
  readonly peakBytes: number;
}

/** Quality in the unit of the metric, on samples that nothing was trained on. */
export interface PruningQuality {
  readonly metric: PruningMetric;
  readonly unpruned: number;
  /** Before recovery. */
  readonly pruned: number;
  /** After recovery: of the model in the plan. */
  readonly recovered: number;
  /** What the unpruned model reaches with the same extra training. */
  readonly retrained?: number | undefined;
}

/**
 * The weight tiles of a layer as pruning saw them: a grid of output ciphertexts by pairs of input ciphertext and step.
 * Magnitudes are root mean squares of the weights of a tile, in 255ths of `largest`, rounded up: 0 is a tile without
 * weights. Both grids have `rows · columns` entries, row by row.
 */
export interface PrunedLayer {
  /** Its ONNX nodes. */
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly largest: number;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/** A pruned model that the search tried. */
export interface PruningPoint {
  readonly policy: string;
  readonly sparsity: number;
  /** Weights of a product, outputs by inputs, where it was held to a shape. */
  readonly tile?: TileShape | undefined;
  /** In the unit of the metric, after recovery. */
  readonly quality: number;
  /** Modelled cost of an evaluation. */
  readonly milliseconds: number;
  /** Within the budget. */
  readonly accepted: boolean;
  readonly chosen: boolean;
}

export interface PruningReport {
  /** Of the pruned model, such as `P4E:Gl/L1/Wei:0.0625`. */
  readonly policy: string;
  /** Share of the weights that was to go. */
  readonly sparsity: number;
  readonly tile?: TileShape | undefined;
  /** What may be lost: points of an accuracy as a share, or the relative rise of an error. */
  readonly maxDegradation?: number | undefined;
  readonly quality: PruningQuality;
  readonly before: PruningCounts;
  readonly after: PruningCounts;
  readonly layers: readonly PrunedLayer[];
  /** What a search tried; empty without one. */
  readonly points: readonly PruningPoint[];
}

/**
 * A layer from the magnitudes of its tiles, row by row, before and after pruning. Throws `InternalError` where they are
 * not `rows · columns` numbers of at least 0.
 */
export function prunedLayer(
  { name, rows, columns }: Pick<PrunedLayer, 'name' | 'rows' | 'columns'>,
  before: ArrayLike<number>,
  after: ArrayLike<number>,
): PrunedLayer {
  const largest = Math.max(largestOf(before), largestOf(after));
  const steps = (magnitudes: ArrayLike<number>): Uint8Array => {
    if (magnitudes.length !== rows * columns)
      throw new InternalError(`${magnitudes.length} magnitudes for ${rows} by ${columns} tiles`);
    return Uint8Array.from(magnitudes, (magnitude) => magnitudeStep(magnitude, largest));
  };
  return { name, rows, columns, largest, before: steps(before), after: steps(after) };
}

/** A magnitude in 255ths of the largest; 0 for 0 alone. */
function magnitudeStep(magnitude: number, largest: number): number {
  if (!(magnitude >= 0 && magnitude <= largest)) throw new InternalError(`a magnitude of ${magnitude} of ${largest}`);
  return magnitude === 0 ? 0 : Math.max(1, Math.min(255, Math.ceil((255 * magnitude) / largest)));
}

function largestOf(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, values[i] ?? 0);
  return largest;
}

/** Quality as a loss, which is better the smaller it is: of an accuracy the share of wrong answers. */
export function lossOf(metric: PruningMetric, quality: number): number {
  return metric === 'accuracy' ? 1 - quality : quality;
}

/** What `lossOf` gives. */
export function lossName(metric: PruningMetric): string {
  return metric === 'accuracy' ? 'share of wrong answers' : metric;
}

export interface LossAndCost {
  readonly loss: number;
  readonly cost: number;
}

/** The points that none is at most as lossy and as costly as, from the cheapest on; of equal ones the first. */
export function paretoFront<Point extends LossAndCost>(points: readonly Point[]): Point[] {
  const front: Point[] = [];
  for (const point of points.toSorted((p, q) => p.cost - q.cost || p.loss - q.loss)) {
    const last = front.at(-1);
    if (last === undefined || point.loss < last.loss) front.push(point);
  }
  return front;
}
