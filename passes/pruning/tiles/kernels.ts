/**
 * The kernels of a compiled network as the passes of pruning take them: plain data, which the compiler derives from
 * layouts that it has chosen (`compiler/layouts/layer-kernels.ts`).
 */
import { z } from 'zod';

import { Layout } from '../../../ir/tile/layout.ts';
import { kernelSchema } from '../../../ir/tile/ops.ts';

const indices = z.custom<Int32Array>((value) => value instanceof Int32Array, 'must be an Int32Array');
const milliseconds = z.number().min(0);

/** What the operations of a layer cost, in milliseconds by the cost model. */
const pricesSchema = z.strictObject({
  /** A ciphertext by a tile of weights. */
  product: milliseconds,
  /** Adding a product to a sum. */
  sum: milliseconds,
  /** Rotating an operand. */
  baby: milliseconds,
  /** Rotating a sum, with what that adds to it: its own rescale, and its relinearisation where weights are encrypted. */
  giant: milliseconds,
  /** A rotation of a result and a sum. */
  fold: milliseconds,
  /** The rescale of a result. */
  output: milliseconds,
  /** A ciphertext that the client encrypts and sends, for a layer that reads an input of the model. */
  input: milliseconds,
});

const layerKernelSchema = z.strictObject({
  /** A node with weights. */
  node: z.int().min(0),
  /** The layout that the kernel reads, behind whatever moves the operand there. */
  input: z.instanceof(Layout),
  output: z.instanceof(Layout),
  kernel: kernelSchema,
  /**
   * For an input that the client gathers: which element of the operand each element of `input` is, −1 for none, and at
   * which of them each row of the layer has its weights, in compressed rows with ascending columns.
   */
  packing: z.strictObject({ index: indices, starts: indices, indices }).optional(),
  prices: pricesSchema,
});

export const networkKernelsSchema = z.strictObject({
  /** In the order of the nodes. A layer that is left out is not cut into tiles. */
  layers: z.array(layerKernelSchema),
  /** What a ciphertext costs at the nodes that work slot by slot: activations and sums. */
  slotwise: z.array(z.strictObject({ node: z.int().min(0), price: milliseconds })),
});

export type LayerPrices = z.output<typeof pricesSchema>;
export type LayerKernel = z.output<typeof layerKernelSchema>;
export type NetworkKernels = z.output<typeof networkKernelsSchema>;
