/** One bootstrap by our own cryptography and kernels, on a ring that is small and not secure. */
import { expect, test } from 'vitest';
import { throughSine } from '../../ir/ckks/bootstrapping.ts';
import { summarisePlan } from '../../cli/render/plan-summary.ts';
import { evaluateHe } from '../../ir/interpret/he.ts';
import { bootstrapProgram, preciseParameters } from '../support/bootstraps.ts';
import { randomSample, withClient, withServer } from '../support/serve-plans.ts';
import { planOf } from '../unit/runtime/engines/seal-wasm/programs.ts';

test.each([1, 2] as const)(
  'a bootstrap of %i gives its operands through the sine, with the same bytes for any number of threads',
  { timeout: 120_000 },
  async (values) => {
    const { program, bootstrap } = bootstrapProgram(preciseParameters(4096), values);
    const plan = planOf(program);
    expect(plan.client.needsEncapsulation).toBe(true);
    const sample = randomSample(plan, 3);
    const xs = Array.from({ length: values }, (_, k) => sample.get(`x${k}`) ?? new Float64Array());
    const expected = xs.map((x) => x.map((value) => throughSine(value, bootstrap.angle)));
    const clear = evaluateHe(program, xs);
    expect(clear).toHaveLength(values);
    // What the polynomial of degree 30 lacks, 10^-13, is doubled at most four times by each angle, and divided by ρ.
    for (const [k, y] of clear.entries())
      expect(largestDifference(y, expected[k])).toBeLessThan(1e-12 * 4 ** 3 * (1 / bootstrap.angle) + 1e-9);
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
      // The law of `ir/interpret/noise.ts`: 2^-21 here, of which the largest of 2048 slots is ten times.
      for (const [k, y] of expected.entries())
        expect(largestDifference(got?.get(`y${k}`), y)).toBeLessThan(20 * 2 ** -21);
    });
  },
);

function largestDifference(x: Float64Array | undefined, y: Float64Array | undefined): number {
  return (x ?? Float64Array.of(NaN)).reduce((most, value, i) => {
    const difference = Math.abs(value - (y?.[i] ?? NaN));
    // NaN is larger than any.
    return difference <= most ? most : difference;
  }, 0);
}
