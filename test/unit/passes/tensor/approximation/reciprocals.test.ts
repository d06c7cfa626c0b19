/** A reciprocal on a wide range is the polynomial that is closest to it relative to its values, for its few products. */
import { expect, test } from 'vitest';

import { settingsOf } from '../../../../../compiler/settings.ts';
import { simplify } from '../../../../../compiler/simplify.ts';
import { evaluateTensor } from '../../../../../ir/interpret/tensor.ts';
import { polynomialDepth, polynomialProducts } from '../../../../../ir/tensor/polynomial-evaluation.ts';
import { chebyshevQuotient } from '../../../../../ir/tensor/schemes/chebyshev-quotient.ts';
import { TensorBuilder } from '../../../../../ir/tensor/ops.ts';
import { graphOf } from '../../../../support/tiny-networks.ts';

test.each([
  [0.1, 5, 8],
  [0.01, 7, 12],
])('from %f to 4: %i levels, %i products', (least, depth, products) => {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [8] }, []);
  const value = builder.add('activation', [x], { kind: 'reciprocal', parameters: [] }, []);
  builder.add('output', [value], { name: 'y' }, []);
  const module = builder.build('reciprocal');
  const samples = Array.from({ length: 40 }, (_, k) => {
    const values = Float64Array.from({ length: 8 }, (_, i) => least * (4 / least) ** ((8 * k + i) / 319));
    return new Map([['x', values]]);
  });
  const maxError = 0.01;
  const { whole, reference } = simplify(graphOf(module), settingsOf({ samples, maxError }));
  const polynomials = whole.nodes.flatMap((node) => (node.op === 'polynomial' ? [node.attrs.coefficients] : []));
  expect(polynomials.map((each) => chebyshevQuotient(each)?.levels)).toEqual([depth]);
  expect(polynomials.map((each) => polynomialProducts(each, 'chebyshev'))).toEqual([products]);
  expect(polynomials.map((each) => polynomialDepth(each, 'chebyshev'))).toEqual([depth]);
  for (const sample of samples) {
    const [got, right] = [evaluateTensor(whole, sample), evaluateTensor(module, sample)];
    got.get('y')?.forEach((y, i) => {
      expect(Math.abs(y - (right.get('y')?.[i] ?? NaN))).toBeLessThanOrEqual(maxError * reference.unit);
    });
  }
});
