/** What a tile is worth by its weights alone: the criteria of HE-PEx (arXiv 2207.03384, section 4). */
import { weightsOf } from '../../../ir/tensor/weight-layers.ts';
import type { LayerPartition } from './partition.ts';

export const tileCriteria = ['min', 'max', 'mean', 'non-zeros'] as const;

export type TileCriterion = (typeof tileCriteria)[number];

/** By tile: the least, largest or mean |w|, or the share of weights that are not zero. */
export function tileScores({ node, tiles, starts, members }: LayerPartition, criterion: TileCriterion): Float64Array {
  const weights = weightsOf(node).values;
  return Float64Array.from({ length: tiles }, (_, tile) => {
    const own = members.subarray(starts[tile] ?? 0, starts[tile + 1] ?? 0);
    const fold = (start: number, step: (score: number, magnitude: number) => number): number =>
      own.reduce((score, w) => step(score, Math.abs(weights[w] ?? 0)), start);
    switch (criterion) {
      case 'min':
        return fold(Infinity, Math.min);
      case 'max':
        return fold(0, Math.max);
      case 'mean':
        return fold(0, (sum, magnitude) => sum + magnitude) / own.length;
      case 'non-zeros':
        return fold(0, (count, magnitude) => count + (magnitude === 0 ? 0 : 1)) / own.length;
    }
  });
}
