import { expect, test } from 'vitest';

import { Constant } from '../../../../ir/constant.ts';
import { TensorBuilder } from '../../../../ir/tensor/ops.ts';
import { productsOf } from '../../../../ir/tensor/products.ts';

test('weights that are not zero count once for each result that they are part of, elements once for each term', () => {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [2] }, []);
  const weights = new Constant([3, 2], Float64Array.of(1, 2, 0, 4, 5, 6));
  const bias = new Constant([3], new Float64Array(3));
  const dense = builder.add('dense', [x], { weights, bias }, []);
  const square = builder.add('multiply', [dense, dense], {}, []);
  builder.add('output', [square], { name: 'y' }, []);
  const work = productsOf(builder.build('network'));
  // Five weights, three squares, and an input and an output that are elements.
  expect(work).toBe(5 + 3 + 2 + 3);
});
