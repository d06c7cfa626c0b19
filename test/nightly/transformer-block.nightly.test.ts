/** Blocks of transformers, which take more levels than any chain of N = 32768 has, encrypted with bootstraps. */
import { expect, test } from 'vitest';
import { transformerBlock } from '../../bench/depth/transformer-block.ts';
import { errorUnit } from '../../ir/maths/error-unit.ts';
import { compileBytes, reference, relativeError, runEncrypted } from '../support/run-plans.ts';

test.each([
  { tokens: 4, width: 16, heads: 2 },
  { tokens: 16, width: 64, heads: 4 },
])('of $tokens tokens of width $width with $heads heads', { timeout: 1_200_000 }, async (size) => {
  const { bytes, samples } = transformerBlock(size);
  const { plan } = compileBytes(bytes, { samples, maxError: 0.05, limits: { memoryBytes: 8 * 2 ** 30 } });
  expect(plan.client.parameters.polyModulusDegree).toBe(32768);
  expect(plan.client.needsEncapsulation).toBe(true);
  const expected = await reference(bytes, samples);
  const unit = errorUnit(expected.map((outputs) => [...outputs.values()]));
  const used = samples.slice(0, 2);
  const got = await runEncrypted(plan, used, 2);
  // No calibration sample exceeds what is predicted, with a probability of 99 %.
  expect(relativeError(got, expected.slice(0, 2), unit)).toBeLessThanOrEqual(plan.client.predictedMaxError);
  expect(plan.client.predictedMaxError).toBeLessThanOrEqual(0.05);
});
