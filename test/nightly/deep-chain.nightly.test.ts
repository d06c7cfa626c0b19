/** A network that no ring below N = 65536 carries, encrypted: more squares between dense layers than 868 bits have levels for. */
import { expect, test } from 'vitest';
import { squareChain } from '../../bench/depth/square-chain.ts';
import { compileBytes, reference, relativeError, runEncrypted } from '../support/run-plans.ts';

test('24 squares between dense layers stay within their error', { timeout: 900_000 }, async () => {
  const { bytes, samples } = squareChain({ width: 16, squares: 24, outputs: 10 });
  const { plan } = compileBytes(bytes, { samples, maxError: 0.05, limits: { memoryBytes: 6 * 2 ** 30 } });
  const { parameters, maxError } = plan.client;
  expect(parameters.polyModulusDegree).toBe(65536);
  expect(parameters.primes.length).toBeGreaterThan(24);
  const used = samples.slice(0, 2);
  expect(relativeError(await runEncrypted(plan, used), await reference(bytes, used))).toBeLessThan(maxError);
});
