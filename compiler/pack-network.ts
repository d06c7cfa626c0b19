/** The network packed for one number of slots, up to the choice of primes: layouts, kernels, ranges, `he` passes. */
import { valuesOverflow } from '../ir/diagnostics/compile.ts';
import { HepcError, type NodeRef } from '../ir/diagnostics/diagnostic.ts';
import type { HeModule } from '../ir/he/module.ts';
import type { ValueId } from '../ir/op.ts';
import type { TensorModule } from '../ir/tensor/ops.ts';
import type { TileModule } from '../ir/tile/ops.ts';
import { type Depth, rescaleDepth } from '../passes/analyses/depth.ts';
import { equaliseRanges } from '../passes/equalise-ranges.ts';
import type { PassManager } from '../passes/manager.ts';
import type { Sample } from '../passes/pass.ts';
import type { SlotShape } from './kernels/candidate.ts';
import { chooseLayouts } from './layouts/choose-layouts.ts';
import { defaultCosts } from './layouts/cost.ts';
import { lowerToHe } from './lowering/to-he.ts';
import { lowerToTile } from './lowering/to-tile.ts';
import { placeRescales } from '../passes/rescale-lazily.ts';
import { optimiseProgram } from './pipelines.ts';
import { measureOutputs, measureRanges } from './simulate.ts';

export interface PackedNetwork {
  readonly tile: TileModule;
  /** Unmanaged; undefined where no chain could carry its depth. */
  readonly program: HeModule | undefined;
  /** For each pack and unpack of the tile module: index of its first input or output ciphertext. */
  readonly packs: ReadonlyMap<ValueId, number>;
  readonly unpacks: ReadonlyMap<ValueId, number>;
  readonly depth: number;
  /** The ONNX nodes on the deepest way. */
  readonly path: readonly NodeRef[];
  /** The largest value of the equalised program, as a power of two; 0 where none exceeds one. */
  readonly rangeBits: number;
}

export interface PackingOptions {
  readonly samples: readonly Sample[];
  readonly manager: PassManager;
  readonly weights: 'plain' | 'encrypted';
  /** Whether any chain carries this depth. */
  readonly fits: (depth: number) => boolean;
}

export function packNetwork(tensor: TensorModule, slots: SlotShape, options: PackingOptions): PackedNetwork {
  const { samples, manager, weights, fits } = options;
  const tile = lowerToTile(tensor, chooseLayouts(tensor, slots, defaultCosts));
  const lowered = lowerToHe(tile, weights);
  const raw = deferredDepth(lowered.module);
  // Equalising makes a quadratic monic, which saves a level at most once for each polynomial.
  const polynomials = tile.nodes.filter((node) => node.op === 'polynomial').length;
  if (!fits(Math.max(0, raw.depth - polynomials)))
    return { ...lowered, ...raw, tile, program: undefined, rangeBits: 0 };

  const ranges = measureRanges(tile, samples);
  const overflowing = tile.nodes.find(({ id }) => !Number.isFinite(ranges[id] ?? 0));
  if (overflowing !== undefined) throw new HepcError([valuesOverflow({}, { nodes: overflowing.origins })]);
  const equalised = manager.run(equaliseRanges, tile, { ranges });
  const scaled = lowerToHe(equalised, weights);
  // Elements are at most one now; what else is in the slots of an output may be larger.
  const largest = measureOutputs(equalised, scaled.module, samples);
  const rangeBits = Math.max(0, Math.ceil(Math.log2(largest) - 1e-6));
  const program = optimiseProgram(scaled.module, manager);
  return { ...scaled, ...deferredDepth(program), tile: equalised, program, rangeBits };
}

/** Of the fewest rescales that are possible. */
function deferredDepth(program: HeModule): Depth {
  return rescaleDepth(placeRescales(program, { last: 'rescaled', defer: Infinity, late: false }).module);
}
