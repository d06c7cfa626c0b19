/** What pruning did, for the plan's report: counts, qualities, and the weight tiles of every layer before and after. */
import type { Compilation } from '../compiler/network-plans.ts';
import {
  type PrunedLayer,
  prunedLayer,
  type PruningCounts,
  type PruningPoint,
  type PruningReport,
} from '../ir/plan/pruning-report.ts';
import type { Plan } from '../ir/plan/plan.ts';
import type { TensorModule } from '../ir/tensor/ops.ts';
import { weightNodes, weightsOf } from '../ir/tensor/weight-layers.ts';
import type { TileShape } from '../ir/tile/place-weights.ts';
import { permuteModule } from '../passes/pruning/orders/apply-permutation.ts';
import type { NetworkKernels } from '../passes/pruning/tiles/kernels.ts';
import { type LayerPartition, partitionNetwork } from '../passes/pruning/tiles/partition.ts';
import type { Metric } from './metric.ts';
import type { PrunedNetwork } from './pruner.ts';
import { kernelsFor } from './reorder.ts';

export interface PruningFacts {
  readonly network: PrunedNetwork;
  readonly policy: string;
  readonly sparsity: number;
  readonly metric: Metric;
  /** Unpruned, pruned, and recovered. */
  readonly before: number;
  readonly prunedQuality: number;
  readonly quality: number;
  readonly maxDegradation: number | undefined;
  readonly tile: TileShape | undefined;
  readonly points: readonly PruningPoint[];
  /** Of `unprunedModule`. */
  readonly kernels: NetworkKernels;
  readonly unprunedModule: TensorModule;
  readonly unpruned: Compilation;
  readonly compilation: Compilation;
}

export function describePruning(facts: PruningFacts): PruningReport {
  const { policy, sparsity, tile, maxDegradation, metric, before, prunedQuality, quality, points } = facts;
  return {
    policy,
    sparsity,
    tile,
    maxDegradation,
    quality: { metric: metric.name, unpruned: before, pruned: prunedQuality, recovered: quality },
    before: countsOf(facts.unpruned),
    after: countsOf(facts.compilation),
    layers: layersOf(facts),
    points,
  };
}

/** The plan with the report, and the tiles that pruning saved it among its statistics. */
export function withPruning(plan: Plan, report: PruningReport): Plan {
  const weightTilesPruned = Math.max(0, report.before.tiles - plan.statistics.weightTiles);
  return { ...plan, pruning: report, statistics: { ...plan.statistics, weightTilesPruned } };
}

export function countsOf({ modules, plan, chosen }: Compilation): PruningCounts {
  const { weightTiles, inputCiphertexts, rotations } = plan.statistics;
  const { runs, peakBytes } = chosen.measures;
  const milliseconds = runs * chosen.measures.milliseconds;
  const weights = weightNodes(modules.tensor).reduce(
    (sum, node) => weightsOf(node).values.reduce((count, w) => count + Number(w !== 0), sum),
    0,
  );
  return { weights, tiles: weightTiles, inputCiphertexts, rotations, milliseconds, peakBytes };
}

/** Tiles of the kernels that the network was pruned for, in its order. */
function layersOf({ network, kernels, unprunedModule }: PruningFacts): PrunedLayer[] {
  const unpruned = permuteModule(unprunedModule, network.orders);
  const pruned = permuteModule(network.module, network.orders);
  const cut = { kernels: kernelsFor(kernels, unprunedModule, unpruned) };
  const after = new Map(weightNodes(pruned).map((node) => [node.id, weightsOf(node).values]));
  return partitionNetwork(unpruned, cut).map((layer) => {
    const grid = gridOf(layer);
    const name = layer.node.origins.map((origin) => origin.name || origin.output).join(' + ');
    const magnitudes = (values: Float64Array): Float64Array => {
      const cells = new Float64Array(grid.rows * grid.columns);
      for (let tile = 0; tile < layer.tiles; tile++) cells[grid.cell[tile] ?? 0] = magnitudeOf(layer, tile, values);
      return cells;
    };
    const values = after.get(layer.node.id) ?? new Float64Array();
    return prunedLayer({ name, ...grid }, magnitudes(weightsOf(layer.node).values), magnitudes(values));
  });
}

/** Result ciphertexts by pairs of an operand ciphertext and a step, in ascending order. */
function gridOf({ tiles, places }: LayerPartition): { rows: number; columns: number; cell: Int32Array } {
  if (places === undefined) return { rows: 1, columns: tiles, cell: Int32Array.from({ length: tiles }, (_, i) => i) };
  const { input, output, baby, giant } = places;
  const keyOf = (tile: number): string => [input[tile], giant[tile], baby[tile]].join(' ');
  const inOrder = Array.from({ length: tiles }, (_, tile) => tile).sort(
    (a, b) => (input[a] ?? 0) - (input[b] ?? 0) || (giant[a] ?? 0) - (giant[b] ?? 0) || (baby[a] ?? 0) - (baby[b] ?? 0),
  );
  const columnOf = new Map<string, number>();
  for (const tile of inOrder) if (!columnOf.has(keyOf(tile))) columnOf.set(keyOf(tile), columnOf.size);
  const columns = columnOf.size;
  const rows = output.reduce((most, o) => Math.max(most, o + 1), 0);
  const cell = Int32Array.from(
    { length: tiles },
    (_, tile) => (output[tile] ?? 0) * columns + (columnOf.get(keyOf(tile)) ?? 0),
  );
  return { rows, columns, cell };
}

/** Root mean square of the weights of a tile. */
function magnitudeOf({ starts, members }: LayerPartition, tile: number, values: Float64Array): number {
  const from = starts[tile] ?? 0;
  const to = starts[tile + 1] ?? 0;
  let sum = 0;
  for (let k = from; k < to; k++) sum += (values[members[k] ?? 0] ?? 0) ** 2;
  return Math.sqrt(sum / Math.max(1, to - from));
}
