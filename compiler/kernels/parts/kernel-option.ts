/** A way to compute one linear op: a kernel between two layouts, with what it costs. */
import type { AffineMap } from '../../../ir/tensor/affine-map.ts';
import type { Layout } from '../../../ir/tile/layout.ts';
import type { Kernel } from '../../../ir/tile/ops.ts';
import type { TileShape } from '../../../ir/tile/place-weights.ts';

/** Slots that one sample has, how many samples stand side by side, and what is tried in them. */
export interface SlotShape {
  readonly virtualSlots: number;
  readonly batchTile: number;
  /** Whether baby steps of one input are cheap together, as on engines that hoist: steps are split into more of them. */
  readonly hoists?: boolean;
  /**
   * Where the search is held to kernels of one shape: that of the first layer, since rows and columns change places from
   * layer to layer. Both are powers of two, together the virtual slots.
   */
  readonly tile?: TileShape;
}

/** What a kernel must compute. */
export interface LinearProblem {
  readonly map: AffineMap;
  readonly slots: SlotShape;
  /**
   * Shapes of operand and result, where the op is a convolution or lies on its operand like one: [C, …spatial] and
   * [O, …spatial]. A stride of 1 / k enlarges k times.
   */
  readonly convolution?: {
    readonly input: readonly number[];
    readonly output: readonly number[];
    readonly strides: readonly number[];
  };
  /** Whether clients must not see which elements the rows of the map read, and so not gather by them. */
  readonly learnedStructure?: boolean;
}

/** Operations of the kernel itself, before anything is shared with its neighbours. */
export interface KernelCounts {
  /** Rotations of inputs: at the level of the operand. */
  readonly babyRotations: number;
  /** Rotations of sums and folds: one level lower. */
  readonly lateRotations: number;
  /** Those of folds among them. */
  readonly foldRotations: number;
  readonly products: number;
  /** Sums that are rescaled: one for each output and giant step. */
  readonly rescales: number;
}

export function rotationsOf({ babyRotations, lateRotations }: KernelCounts): number {
  return babyRotations + lateRotations;
}

export interface KernelOption {
  readonly kernel: Kernel;
  readonly input: Layout;
  readonly output: Layout;
  readonly counts: KernelCounts;
  /** For a kernel at the model's input: which element of the operand each element of `input` is, and the map on those. */
  readonly packing?: { readonly index: Int32Array; readonly map: AffineMap };
}
