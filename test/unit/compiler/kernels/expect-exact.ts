/** Runs a kernel in the clear and holds values to the matrix, counts and zeros to what the option says. */
import { expect } from 'vitest';

import type { KernelOption } from '../../../../compiler/kernels/parts/kernel-option.ts';
import type { HeModule } from '../../../../ir/he/module.ts';
import { HE } from '../../../../ir/he/ops.ts';
import { type AffineMap, applyMap } from '../../../../ir/tensor/affine-map.ts';
import { deadCiphertexts } from '../../../../passes/he/dead-ciphertexts.ts';
import { PassManager } from '../../../../passes/manager.ts';
import { randomVector } from '../../../support/arbitrary-maps.ts';
import { runKernel } from '../../../support/lower-linear.ts';

function describeKernel({ kernel, input, output }: KernelOption): string {
  const { family, babies, giants, folds } = kernel;
  return `${family} ${input.toString()} → ${output.toString()} babies ${babies.join()} giants ${giants.join()} folds ${folds.join()}`;
}

export function expectExact(option: KernelOption, map: AffineMap, seed: number): HeModule {
  const samples = Array.from({ length: option.input.batchTile }, (_, k) => randomVector(map.columns, seed + k));
  const { results, ciphertexts, program } = runKernel(option, map, samples);
  for (const [k, sample] of samples.entries()) {
    const expected = applyMap(map, sample);
    const error = expected.reduce((worst, y, i) => Math.max(worst, Math.abs(y - (results[k]?.[i] ?? NaN))), 0);
    expect(error, describeKernel(option)).toBeLessThan(1e-12);
  }
  expectZeros(option, ciphertexts);
  const live = new PassManager([]).run(deadCiphertexts, program, {});
  const count = (code: number): number => live.columns.op.filter((op) => op === code).length;
  const { babyRotations, lateRotations, products } = option.counts;
  expect({ rotations: count(HE.rotate), products: count(HE['multiply-plain']) }, describeKernel(option)).toEqual({
    rotations: babyRotations + lateRotations,
    products,
  });
  return program;
}

/** Where a layout does not say unknown, slots without an element hold zero. */
function expectZeros(option: KernelOption, ciphertexts: readonly Float64Array[]): void {
  const { output } = option;
  const elements = output.elementMap();
  const unknown = output.unknownSlots();
  for (const [c, values] of ciphertexts.entries()) {
    const dirty = values.findIndex((value, s) => {
      const place = c * output.virtualSlots + Math.floor(s / output.batchTile);
      return elements[place] === -1 && unknown[place] === 0 && value !== 0;
    });
    expect(dirty, describeKernel(option)).toBe(-1);
  }
}
