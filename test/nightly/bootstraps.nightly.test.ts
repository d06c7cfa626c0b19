/** Whole bootstraps at N = 32768, against what the compiler says of them. */
import { describe, expect, test } from 'vitest';
import { bootstrappedChain } from '../../compiler/parameters/bootstrapped-chains.ts';
import { bootstrapSetNames, throughSine } from '../../ir/ckks/bootstrapping.ts';
import { bootstrapPlan } from '../support/bootstraps.ts';
import { randomSample, withClient, withServer } from '../support/serve-plans.ts';

const memoryBudgetBytes = 10 * 2 ** 30;

describe.each(bootstrapSetNames)('%s', (name) => {
  test('a bootstrap errs as it is said to', { timeout: 900_000 }, async () => {
    const chain = bootstrappedChain(name);
    const { angle, deviation } = chain.effect;
    const { rms, worst } = await errorsOf(name, 1, (value) => throughSine(value, angle));
    expect(rms).toBeGreaterThan(deviation / 2);
    expect(rms).toBeLessThan(2 * deviation);
    // Of 2^14 slots the largest is ten deviations about, and never was twenty.
    expect(worst).toBeLessThan(20 * deviation);
  });
});

test(
  'a hundred bootstraps one after another drift no further than what is the same in each adds up',
  { timeout: 3_600_000 },
  async () => {
    const count = 100;
    const { angle, deviation } = bootstrappedChain('precise').effect;
    const through = (value: number): number => {
      let x = value;
      for (let k = 0; k < count; k++) x = throughSine(x, angle);
      return x;
    };
    const { rms } = await errorsOf('precise', count, through);
    // What matrices are rounded by is the same every time and adds up; the rest does not.
    expect(rms).toBeLessThan(count * deviation);
    expect(rms).toBeGreaterThan(Math.sqrt(count) * (deviation / 2));
  },
);

/** Of bootstraps one after another on random values, encrypted, against what each value is said to become. */
async function errorsOf(
  name: (typeof bootstrapSetNames)[number],
  count: number,
  expected: (value: number) => number,
): Promise<{ readonly rms: number; readonly worst: number }> {
  const plan = bootstrapPlan(bootstrappedChain(name), count);
  const sample = randomSample(plan, 7);
  const x = sample.get('x0') ?? new Float64Array();
  const exact = x.map(expected);
  return withClient(plan, async (client, keys) => {
    const inputs = client.encrypt([sample]);
    const outputs = await withServer(plan, keys, { engine: 'simd', threads: 2, memoryBudgetBytes }, (server) =>
      server.evaluate(inputs),
    );
    const got = client.decrypt(outputs, { raw: true })[0]?.get('y0') ?? new Float64Array();
    const differences = got.map((value, s) => Math.abs(value - (exact[s] ?? NaN)));
    return {
      rms: Math.sqrt(differences.reduce((sum, each) => sum + each * each, 0) / differences.length),
      worst: differences.reduce((most, each) => Math.max(most, each), 0),
    };
  });
}
