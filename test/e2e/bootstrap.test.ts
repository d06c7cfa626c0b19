/** One bootstrap by our own cryptography and kernels, on a ring that is small and not secure. */
import { expect, test } from 'vitest';
import { throughSine } from '../../ir/ckks/bootstrapping.ts';
import { summarisePlan } from '../../cli/render/plan-summary.ts';
import { evaluateHe } from '../../ir/interpret/he.ts';
import { bootstrapProgram, preciseParameters } from '../support/bootstraps.ts';
import { randomSample, withClient, withServer } from '../support/serve-plans.ts';
import { planOf } from '../unit/runtime/engines/seal-wasm/programs.ts';

test(
  'a bootstrap gives its operand through the sine, with the same bytes for any number of threads',
  { timeout: 120_000 },
  async () => {
    const { program, bootstrap } = bootstrapProgram(preciseParameters(4096));
    const plan = planOf(program);
    expect(plan.client.needsEncapsulation).toBe(true);
    const sample = randomSample(plan, 3);
    const x = sample.get('x0') ?? new Float64Array();
    const expected = x.map((value) => throughSine(value, bootstrap.angle));
    const [clear = new Float64Array()] = evaluateHe(program, [x]);
    // What the polynomial of degree 30 lacks, 10^-13, is doubled at most four times by each angle, and divided by ρ.
    expect(largestDifference(clear, expected)).toBeLessThan(1e-12 * 4 ** 3 * (1 / bootstrap.angle) + 1e-9);
    await withClient(plan, async (client, keys) => {
      const inputs = client.encrypt([sample]);
      const answers: Uint8Array[] = [];
      for (const threads of [1, 2]) {
        await withServer(plan, keys, { engine: 'simd', threads }, async (server) => {
          answers.push(await server.evaluate(inputs));
        });
      }
      expect(summarisePlan(plan)).toMatch(/bootstraps +1 a run, by the server alone/);
      const [one = new Uint8Array(), two = new Uint8Array()] = answers;
      expect(Buffer.compare(one, two)).toBe(0);
      const [got] = client.decrypt(one, { raw: true });
      const y = got?.get('y0') ?? new Float64Array();
      // The law of `ir/interpret/noise.ts`: 2^-21 here, of which the largest of 2048 slots is ten times.
      expect(largestDifference(y, expected)).toBeLessThan(20 * 2 ** -21);
    });
  },
);

function largestDifference(x: Float64Array, y: Float64Array): number {
  return x.reduce((most, value, i) => Math.max(most, Math.abs(value - (y[i] ?? NaN))), 0);
}
