/** One plan on all engines: in the clear, and encrypted on SEAL and on `simd` with the same keys and ciphertexts. */
import { expect } from 'vitest';
import type { Plan } from '../../ir/plan/plan.ts';
import { exampleModels, mnistImages, modelBytes } from './mnist.ts';
import { type Bind, compileBytes, relativeError, runInTheClear, runOnServers } from './run-plans.ts';

const images = mnistImages();

/** The plan of an example model, calibrated on images that are not among `exampleSamples`. */
export function examplePlan(name: string, weights: Plan['weights'] = 'plain'): Plan {
  const maxError = exampleModels.find((model) => model.name === name)?.maxError;
  if (maxError === undefined) throw new Error(`no example ${name}`);
  return compileBytes(modelBytes(name), { samples: images.slice(128), maxError, weights }).plan;
}

/** That the engines agree on `count` images as closely as the plan promises. */
export async function expectEnginesAgree(plan: Plan, count: number): Promise<void> {
  const samples = images.slice(0, count);
  const { maxError } = plan.client;
  const expected = runInTheClear(plan, samples);
  const engines = ['seal-wasm', 'simd'] as const;
  const [onSeal = [], onSimd = []] = await runOnServers(
    plan,
    samples,
    engines.map((engine) => ({ engine, threads: 2 })),
  );
  expect(onSimd).toHaveLength(count);
  expect(relativeError(onSimd, expected)).toBeLessThan(maxError);
  expect(relativeError(onSimd, onSeal)).toBeLessThan(2 * maxError);
}

/** That `simd` computes with encrypted weights what the plan computes in the clear, whatever is kept in memory. */
export async function expectEncryptedWeights(plan: Plan, count: number, bind?: Bind): Promise<void> {
  const samples = images.slice(0, count);
  const expected = runInTheClear(plan, samples);
  const budgets = [{}, { memoryBudgetBytes: 0 }];
  const servers = budgets.map((budget) => ({ ...budget, engine: 'simd', threads: 2 }) as const);
  const [kept = [], streamed = []] = await runOnServers(plan, samples, servers, bind);
  expect(relativeError(kept, expected)).toBeLessThan(plan.client.maxError);
  // The same ciphertexts give the same bits.
  expect(streamed).toEqual(kept);
}
