/**
 * The kernels of one tile shape, where the user prescribes it rather than the search: a product takes the weights of
 * `rows` outputs and `columns` inputs, as in the tile tensors of HE-PEx (arXiv 2207.03384, section 3). The client
 * repeats every element `rows` times, and the folds of a layer contract its columns; the next layer contracts what
 * stands `rows` to a ciphertext, and so in turn. No kernel has giant steps.
 */
import { copies } from './parts/result-layouts.ts';
import type { KernelOption, LinearProblem } from './parts/kernel-option.ts';
import type { TileShape } from '../../ir/tile/place-weights.ts';
import { foldedDiagonals } from './families/folded-diagonals.ts';
import { regularStride } from './parts/needed-steps.ts';
import { stridedSums } from './families/strided-sums.ts';
import { Layout, tiled } from '../../ir/tile/layout.ts';

/** At the model's input where `input` is undefined. */
export function kernelsOfShape(problem: LinearProblem, tile: TileShape, input: Layout | undefined): KernelOption[] {
  if (input === undefined) {
    const { map, slots } = problem;
    const dims = [tiled(map.columns, tile.columns), ...copies(tile.rows)];
    return stridedSums(problem, new Layout(dims, slots.batchTile)).slice(0, 1);
  }
  if (regularStride(input) === tile.rows && tile.rows > 1) return stridedSums(problem, input).slice(0, 1);
  return foldedDiagonals(problem, input, Math.min(tile.rows, input.period)).slice(0, 1);
}
