/** Merges of large linear ops: none makes a layer dearer than the two that it is made of, or larger than maps may be. */
import { expect, test } from 'vitest';

import { Constant, vector } from '../../../../ir/constant.ts';
import { TensorBuilder, type TensorModule } from '../../../../ir/tensor/ops.ts';
import { PassManager } from '../../../../passes/manager.ts';
import { mergeLinear } from '../../../../passes/tensor/merge-linear.ts';
import { randomVector } from '../../../support/arbitrary-maps.ts';

function opsOf(module: TensorModule): string[] {
  return new PassManager([]).run(mergeLinear, module, {}).nodes.map(({ op }) => op);
}

function conv(channels: number, outputs: number, kernel: number, stride: number, groups = 1) {
  const perGroup = channels / groups;
  return {
    weights: new Constant([outputs, perGroup, kernel, kernel], randomVector(outputs * perGroup * kernel ** 2, 3)),
    bias: vector(randomVector(outputs, 4)),
    strides: [stride, stride],
    pads: [0, 0, 0, 0],
    dilations: [1, 1],
    groups,
  };
}

/** A convolution of a pool, as between the layers of LeNet. */
function pooled(side: number): TensorModule {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [6, side, side] }, []);
  const pool = builder.add('conv', [x], conv(6, 6, 2, 2, 6), []);
  builder.add('output', [builder.add('conv', [pool], conv(6, 16, 5, 1), [])], { name: 'y' }, []);
  return builder.build('pooled');
}

test('a pool becomes part of a small convolution, and not of a large one', () => {
  expect(opsOf(pooled(28))).toEqual(['input', 'conv', 'output']);
  expect(opsOf(pooled(110))).toEqual(['input', 'conv', 'conv', 'output']);
});

test('what cannot be expanded is left alone', () => {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [3, 224, 224] }, []);
  const factors = vector(randomVector(3 * 224 * 224, 5));
  const scaled = builder.add('scale-shift', [x], { factors, offsets: vector([0]) }, []);
  const attrs = { ...conv(3, 64, 7, 2), pads: [3, 3, 3, 3] };
  builder.add('output', [builder.add('conv', [scaled], attrs, [])], { name: 'y' }, []);
  expect(opsOf(builder.build('scaled'))).toEqual(['input', 'scale-shift', 'conv', 'output']);
});
