/** Every pass, in the order in which the compiler first runs them. `hepc passes` and `hepc opt` know these. */
import { approximateActivations } from './tensor/approximate-activations.ts';
import { assignLevels } from './he/assign-levels.ts';
import { commonSubexpressions } from './he/common-subexpressions.ts';
import { deadCiphertexts } from './he/dead-ciphertexts.ts';
import { deadElements } from './tensor/dead-elements.ts';
import { deadNodes } from './tensor/dead-nodes.ts';
import { dropRounding } from './tensor/drop-rounding.ts';
import { equaliseRanges } from './tile/equalise-ranges.ts';
import { expand } from './pruning/expand.ts';
import { expandBootstraps } from './he/bootstrapping/expand-bootstraps.ts';
import { expandComposites } from './tensor/expand-composites.ts';
import { factorPlaintexts } from './he/factor-plaintexts.ts';
import { fineTune } from './pruning/fine-tune.ts';
import { foldRotations } from './he/fold-rotations.ts';
import { joinComparisons } from './tensor/join-comparisons.ts';
import { mergeFolds } from './he/merge-folds.ts';
import { mergeLinear } from './tensor/merge-linear.ts';
import { mergePolynomials } from './tensor/merge-polynomials.ts';
import type { AnyPass } from './base/pass.ts';
import { permute } from './pruning/permute.ts';
import { prune } from './pruning/prune.ts';
import { pruneTiles } from './pruning/prune-tiles.ts';
import { reconstruct } from './pruning/reconstruct.ts';
import { relinearizeLazily } from './he/relinearize-lazily.ts';
import { rescaleLazily } from './he/rescale-lazily.ts';
import { rotateLate } from './he/rotate-late.ts';
import { scaleComparisons } from './tensor/scale-comparisons.ts';
import { selectKeys } from './he/select-keys.ts';
import { sinkMasks } from './he/sink-masks.ts';

export const passes: readonly AnyPass[] = [
  deadNodes,
  dropRounding,
  mergeLinear,
  mergePolynomials,
  joinComparisons,
  scaleComparisons,
  approximateActivations,
  expandComposites,
  deadElements,
  prune,
  permute,
  pruneTiles,
  expand,
  reconstruct,
  fineTune,
  equaliseRanges,
  sinkMasks,
  deadCiphertexts,
  commonSubexpressions,
  factorPlaintexts,
  foldRotations,
  rescaleLazily,
  relinearizeLazily,
  rotateLate,
  assignLevels,
  mergeFolds,
  selectKeys,
  expandBootstraps,
];
