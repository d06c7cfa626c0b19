/** Models whose batch axis moves, compiled and run encrypted: attention as torch exports it, and a recurrent layer. */
import { expect, test } from 'vitest';

import { elementCount } from '../../ir/constant.ts';
import type { Sample } from '../../ir/interface.ts';
import { seededRandom } from '../../ir/random.ts';
import { model, node } from '../support/onnx-builder.ts';
import { compileBytes, importModel, reference, relativeError, runEncrypted, simulate } from '../support/run-plans.ts';
import { multiheadAttention } from '../unit/compiler/onnx/cases/batches.ts';
import { torchRecurrent } from '../unit/compiler/onnx/cases/recurrent.ts';

const maxError = 0.01;

test.each([
  ['attention without softmax', multiheadAttention([node('Mul', 'scores scale', 'attention')]).spec],
  ['nn.RNN of three steps', torchRecurrent('RNN', 'forward').spec],
])('%s', async (_, spec) => {
  const bytes = model(spec);
  const { inputs, outputs } = importModel(bytes);
  const draw = (count: number, seed: number): Sample[] => {
    const random = seededRandom(seed);
    const values = (shape: readonly number[]) =>
      Float64Array.from({ length: elementCount(shape) }, () => Math.fround(2 * random.uniform() - 1));
    return Array.from({ length: count }, () => new Map(inputs.map(({ name, shape }) => [name, values(shape)])));
  };
  const { plan } = compileBytes(bytes, { samples: draw(100, 1), maxError });
  expect(plan.client.outputs.map(({ name, batchAxis }) => [name, batchAxis])).toEqual(
    outputs.map(({ name, batchAxis }) => [name, batchAxis]),
  );
  const fresh = draw(20, 2);
  expect(relativeError(simulate(plan, fresh, 3), await reference(bytes, fresh))).toBeLessThan(maxError);
  const few = fresh.slice(0, 2);
  expect(relativeError(await runEncrypted(plan, few), await reference(bytes, few))).toBeLessThan(maxError);
});
