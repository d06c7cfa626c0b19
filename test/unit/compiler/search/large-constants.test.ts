/** Constants that cancel most of what they are added to: a plan has to hold them, though outputs are small. */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { compileGraph } from '../../../../compiler/compile.ts';
import { Constant, vector } from '../../../../ir/constant.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { TensorBuilder } from '../../../../ir/tensor/ops.ts';
import { runInTheClear } from '../../../support/run-plans.ts';
import { graphOf } from '../../../support/tiny-networks.ts';

const size = 4;

test('a layer whose inputs hardly differ', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 }), fc.boolean(), (bits, squares) => {
      // Inputs are 1 but for 2^−bits, and the layer takes off what they have in common.
      const builder = new TensorBuilder();
      const x = builder.add('input', [], { name: 'x', shape: [size] }, []);
      const weights = Float64Array.from({ length: 2 * size }, (_, i) => 2 ** bits * (1 + (i % 3)));
      const common = [0, 1].map((row) => weights.subarray(row * size, (row + 1) * size).reduce((a, w) => a - w, 0));
      const operand = squares ? builder.add('multiply', [x, x], {}, []) : x;
      const layer = { weights: new Constant([2, size], weights), bias: vector(common) };
      builder.add('output', [builder.add('dense', [operand], layer, [])], { name: 'y' }, []);
      const random = seededRandom(bits);
      const samples = Array.from(
        { length: 16 },
        () => new Map([['x', Float64Array.from({ length: size }, () => 1 + 2 ** -bits * (random.uniform() - 0.5))]]),
      );
      const { plan } = compileGraph(graphOf(builder.build('cancelling')), { samples, maxError: 0.01 });
      const outputs = runInTheClear(plan, samples);
      for (const [k, sample] of samples.entries()) {
        const seen = Array.from(sample.get('x') ?? [], (v) => (squares ? v * v : v) - 1);
        for (const row of [0, 1]) {
          const exact = seen.reduce((sum, v, i) => sum + v * (weights[row * size + i] ?? 0), 0);
          expect(Math.abs((outputs[k]?.get('y')?.[row] ?? NaN) - exact)).toBeLessThan(0.05);
        }
      }
    }),
    { numRuns: 6 },
  );
});
