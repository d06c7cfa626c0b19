/**
 * Every pass, in the order in which the compiler first runs them; `group-rotations`, which comes last, is for engines
 * that hoist. `hepc passes` and `hepc opt` know these.
 */
import { approximateActivations } from './approximate-activations.ts';
import { assignLevels } from './assign-levels.ts';
import { commonSubexpressions } from './common-subexpressions.ts';
import { deadCiphertexts } from './dead-ciphertexts.ts';
import { deadElements } from './dead-elements.ts';
import { deadNodes } from './dead-nodes.ts';
import { equaliseRanges } from './equalise-ranges.ts';
import { expand } from './expand.ts';
import { factorPlaintexts } from './factor-plaintexts.ts';
import { fineTune } from './fine-tune.ts';
import { foldRotations } from './fold-rotations.ts';
import { groupRotations } from './group-rotations.ts';
import { mergeFolds } from './merge-folds.ts';
import { mergeLinear } from './merge-linear.ts';
import type { AnyPass } from './pass.ts';
import { permute } from './permute.ts';
import { prune } from './prune.ts';
import { pruneTiles } from './prune-tiles.ts';
import { reconstruct } from './reconstruct.ts';
import { relinearizeLazily } from './relinearize-lazily.ts';
import { rescaleLazily } from './rescale-lazily.ts';
import { rotateLate } from './rotate-late.ts';
import { selectKeys } from './select-keys.ts';
import { sinkMasks } from './sink-masks.ts';

export const passes: readonly AnyPass[] = [
  deadNodes,
  mergeLinear,
  approximateActivations,
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
  groupRotations,
];
