/** Networks that no chain carries at N = 32768, encrypted: with bootstraps, and beyond the levels of any ring. */
import { expect, test } from 'vitest';
import { squareChain } from '../../bench/depth/square-chain.ts';
import { compileBytes, reference, relativeError, runEncrypted } from '../support/run-plans.ts';

test('24 squares between dense layers stay within their error', { timeout: 900_000 }, async () => {
  const { bytes, samples } = squareChain({ width: 16, squares: 24, outputs: 10 });
  const { plan } = compileBytes(bytes, { samples, maxError: 0.05, limits: { memoryBytes: 6 * 2 ** 30 } });
  const { parameters, maxError, needsEncapsulation } = plan.client;
  // Twelve bootstraps are cheaper than as many levels at N = 65536.
  expect(parameters.polyModulusDegree).toBe(32768);
  expect(needsEncapsulation).toBe(true);
  const used = samples.slice(0, 2);
  expect(relativeError(await runEncrypted(plan, used), await reference(bytes, used))).toBeLessThan(maxError);
});

test('60 squares, deeper than any chain', { timeout: 1_800_000 }, async () => {
  const { bytes, samples } = squareChain({ width: 16, squares: 60, outputs: 4 });
  const { plan } = compileBytes(bytes, { samples, maxError: 0.05, limits: { memoryBytes: 6 * 2 ** 30 } });
  expect(plan.client.needsEncapsulation).toBe(true);
  const used = samples.slice(0, 1);
  expect(relativeError(await runEncrypted(plan, used), await reference(bytes, used))).toBeLessThan(
    2 * plan.client.predictedMaxError,
  );
});

test('what memory is too small for is refused with what it takes, not as too deep', { timeout: 600_000 }, () => {
  const { bytes, samples } = squareChain({ width: 16, squares: 70, outputs: 4 });
  const tooLittle = { samples, maxError: 0.05, limits: { memoryBytes: 2 ** 30 } };
  expect(() => compileBytes(bytes, tooLittle)).toThrow(/H333|H340/);
});
