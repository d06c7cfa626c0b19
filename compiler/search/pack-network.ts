/** The network packed with chosen layouts, up to the choice of primes: kernels, ranges, `he` passes. */
import type { BootstrapEffect } from '../../ir/ckks/bootstrapping.ts';
import type { NodeRef } from '../../ir/diagnostics/diagnostic.ts';
import type { HeModule } from '../../ir/he/module.ts';
import type { ValueId } from '../../ir/op.ts';
import type { TensorModule } from '../../ir/tensor/ops.ts';
import type { TileModule } from '../../ir/tile/ops.ts';
import { type Depth, rescaleDepth } from '../../passes/he/scales/depth.ts';
import { equaliseRanges } from '../../passes/tile/equalise-ranges.ts';
import type { PassManager } from '../../passes/manager.ts';
import type { Sample } from '../../ir/interface.ts';
import { placeRescales } from '../../passes/he/rescale-lazily.ts';
import type { AffineMap } from '../../ir/tensor/affine-map.ts';
import type { LayoutChoice } from '../layouts/choose-layouts.ts';
import type { NetworkMaps } from '../layouts/kernel-catalogue.ts';
import type { PlacedWeights } from '../lowering/placed-weights.ts';
import { lowerToHe } from '../lowering/to-he.ts';
import { lowerTiles } from '../lowering/to-tile.ts';
import { optimiseProgram } from '../parameters/pipelines.ts';
import { lastOps, mostProducts } from './last-ops.ts';
import { measureOutputs, measureRanges } from '../parameters/simulate.ts';

/** The last ops are run alone where they take fewer products than one operation of as many of the program. */
const fewOfAll = 4;

export interface PackedNetwork {
  readonly tile: TileModule;
  /** Unmanaged. */
  readonly program: HeModule;
  /** For each pack and unpack of the tile module: index of its first input or output ciphertext. */
  readonly packs: ReadonlyMap<ValueId, number>;
  readonly unpacks: ReadonlyMap<ValueId, number>;
  readonly depth: number;
  /** The ONNX nodes on the deepest way. */
  readonly path: readonly NodeRef[];
}

export interface PackingOptions {
  /** Affine maps of the network as far as they are known, to which others are added. */
  readonly maps?: NetworkMaps;
  /** Ranges of values on the samples as far as they are known, to which others are added. */
  readonly ranges?: Map<string, number>;
  /** Weights placed for programs that were lowered before, to which others are added. */
  readonly placed?: PlacedWeights | undefined;
  readonly samples: readonly Sample[];
  readonly manager: PassManager;
  readonly weights: 'plain' | 'encrypted';
  /** What refreshes are, where they are bootstraps. */
  readonly bootstrapping?: BootstrapEffect | undefined;
}

/** Values that are too large for a double on the samples, whatever the layouts. */
export interface Overflow {
  readonly needs: 'smaller-values';
  /** What the first of them comes from. */
  readonly nodes: readonly NodeRef[];
}

export function packNetwork(
  tensor: TensorModule,
  choice: LayoutChoice,
  options: PackingOptions,
): PackedNetwork | Overflow {
  const { maps = new Map<number, readonly AffineMap[]>(), ranges: known, placed } = options;
  const { samples, manager, weights, bootstrapping } = options;
  const { tile, names } = lowerTiles(tensor, choice, maps);
  const ranges = measureRanges(tile, samples, names, known);
  const overflowing = tile.nodes.find(({ id }) => !Number.isFinite(ranges[id] ?? 0));
  if (overflowing !== undefined) return { needs: 'smaller-values', nodes: overflowing.origins };
  const equalised = manager.run(equaliseRanges, tile, { ranges });
  const { module, packs, unpacks } = lowerToHe(equalised, weights, placed, bootstrapping);
  const program = optimiseProgram(module, manager);
  const { depth, path } = deferredDepth(program);
  return { tile: equalised, program, packs, unpacks, depth, path };
}

/**
 * The largest value that decryption has to hold, as a power of two; 0 where none exceeds one. Elements are at most one;
 * what else is in the slots of an output may be larger, and so may constants that are added at the end.
 */
export function outputBits(packed: PackedNetwork, samples: readonly Sample[]): number {
  const last = lastOps(packed.tile);
  const largest =
    fewOfAll * mostProducts(last.tile) < packed.program.columns.op.length
      ? measureOutputs(last.tile, lowerToHe(last.tile, 'plain').module, samples, last.inputsFor)
      : measureOutputs(packed.tile, packed.program, samples);
  return Math.max(constantBits(packed), Math.ceil(Math.log2(largest) - 1e-6));
}

/**
 * The largest constant that is added to an output, as a power of two; 0 where none exceeds one. Sums may overflow on the
 * way, but a constant is encoded, and the level of outputs has one prime for it. Inputs that hardly differ from sample to
 * sample make constants far larger than outputs.
 */
export function constantBits({ tile: { nodes } }: Pick<PackedNetwork, 'tile'>): number {
  const atEnd = new Set(nodes.flatMap((node) => (node.op === 'unpack' ? node.operands : [])));
  let largest = 1;
  for (const node of nodes.toReversed()) {
    if (!atEnd.has(node.id)) continue;
    if (node.op === 'add') for (const id of node.operands) atEnd.add(id);
    if (node.op === 'linear') for (const b of node.attrs.bias.values) largest = Math.max(largest, Math.abs(b));
  }
  return Math.ceil(Math.log2(largest) - 1e-6);
}

/** Of the fewest rescales that are possible. */
function deferredDepth(program: HeModule): Depth {
  return rescaleDepth(placeRescales(program, { last: 'rescaled', defer: Infinity, late: false }).module);
}
