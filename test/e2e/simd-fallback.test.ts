/** What happens where the engine `simd` cannot run. */
import { describe, expect, test } from 'vitest';
import type { Parameters } from '../../ir/parameters.ts';
import { defaultEngineOptions } from '../../runtime/base/engine.ts';
import { sealWasm } from '../../runtime/engines/seal-wasm/engine.ts';
import { createSimd, simd } from '../../runtime/engines/simd/session/engine.ts';
import { openWithFallback, UnfitError } from '../../runtime/base/fallback.ts';
import { mixedPlan, randomSample, withClient, withServer } from '../support/serve-plans.ts';
import { wrongKernels } from '../support/wrong-kernels.ts';

const plan = mixedPlan();

/** A machine without relaxed SIMD refuses to compile the kernels. */
const refusing = createSimd({ compile: () => Promise.reject(new WebAssembly.CompileError('no relaxed SIMD')) });

describe('where the kernels do not compile', () => {
  test('simd asked for by name says why it cannot run', async () => {
    const opened = refusing.open(plan, defaultEngineOptions);
    await expect(opened).rejects.toThrow(/H635.*no relaxed SIMD/);
    await expect(opened).rejects.toBeInstanceOf(UnfitError);
  });

  test('seal-wasm takes over and says so', async () => {
    const { engine, prepared, remarks } = await openWithFallback(refusing, sealWasm, plan, defaultEngineOptions);
    await prepared.close();
    expect(engine).toBe('seal-wasm');
    expect(remarks.map(({ code, severity }) => ({ code, severity }))).toEqual([{ code: 'H636', severity: 'warning' }]);
    expect(remarks[0]?.message).toMatch(/no relaxed SIMD/);
  });
});

test('a machine whose multiply-adds are wrong fails the self-test, before any key is read', async () => {
  const opened = createSimd({ compile: () => wrongKernels('madd') }).open(plan, {
    ...defaultEngineOptions,
    threads: 2,
  });
  await expect(opened).rejects.toThrow(/H635.*not fused/);
});

test('primes beyond 48 bits are refused by simd', async () => {
  const parameters: Parameters = {
    polyModulusDegree: 4096,
    primes: [1125899906826241],
    specialPrimes: [1125899906629633],
  };
  const wide = mixedPlan();
  const unfit = { ...wide, program: { ...wide.program, parameters } };
  await expect(simd.open(unfit, defaultEngineOptions)).rejects.toThrow(/H635.*48 bits/);
});

test('auto runs simd where it can', async () => {
  await withClient(plan, async (client, keys) => {
    await withServer(plan, keys, { engine: 'auto' }, async ({ server, session }) => {
      expect(server.engineName).toBe('simd');
      expect(server.remarks).toEqual([]);
      const { outputs } = await session.evaluate(client.encrypt([randomSample(plan, 1)]));
      expect(outputs).toBeInstanceOf(Uint8Array);
    });
  });
});
