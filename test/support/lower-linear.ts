/** Runs one linear kernel in the clear: packs, lowers, evaluates and reads the result back. */
import type { KernelOption } from '../../compiler/kernels/parts/kernel-option.ts';
import { lowerToHe } from '../../compiler/lowering/to-he.ts';
import { indexConstant } from '../../ir/constant.ts';
import type { HeModule } from '../../ir/he/module.ts';
import { evaluateHe } from '../../ir/interpret/he.ts';
import type { AffineMap } from '../../ir/tensor/affine-map.ts';
import { attributesOf } from '../../ir/tile/linear-attributes.ts';
import { TileBuilder } from '../../ir/tile/ops.ts';
import { fillSlots, readSlots } from '../../ir/tile/packing.ts';

export interface LinearRun {
  /** One result for each sample. */
  readonly results: readonly Float64Array[];
  /** The slots of every ciphertext of the result. */
  readonly ciphertexts: readonly Float64Array[];
  readonly program: HeModule;
}

export function runKernel(option: KernelOption, map: AffineMap, samples: readonly Float64Array[]): LinearRun {
  const { kernel, input, output, packing } = option;
  const index = packing?.index ?? Int32Array.from({ length: input.elements }, (_, e) => e);
  const matrix = packing?.map ?? map;
  const builder = new TileBuilder();
  const x = builder.add(
    'pack',
    [],
    {
      name: 'x',
      shape: [samples[0]?.length ?? 1],
      index: indexConstant([index.length], index),
      factor: 1,
      layout: input,
    },
    [],
  );
  const y = builder.add('linear', [x], { ...attributesOf(matrix), kernel, layout: output }, []);
  builder.add('unpack', [y], { name: 'y', shape: [map.rows], factor: 1 }, []);
  const { module } = lowerToHe(builder.build('kernel'), 'plain');
  const ciphertexts = evaluateHe(module, fillSlots(input, index, 1, samples));
  return { results: readSlots(output, 1, ciphertexts, samples.length), ciphertexts, program: module };
}
