/** Whole bootstraps at N = 32768 and 65536, against what the compiler says of them. The larger ring takes a machine of 20 GiB. */
import { expect, test } from 'vitest';
import { bootstrappedChain } from '../../compiler/parameters/bootstrapped-chains.ts';
import { bootstrapSetNames, throughSine } from '../../ir/ckks/bootstrapping.ts';
import { bootstrapPlan } from '../support/bootstraps.ts';
import { randomSample, withClient, withServer } from '../support/serve-plans.ts';

const memoryBudgetBytes = { 32768: 10 * 2 ** 30, 65536: 12.5 * 2 ** 30 };

/** At N = 65536 the plaintexts of two would have to be encoded in the run. */
const cases = bootstrapSetNames.flatMap((name) => (name === 'wide' ? [1] : [1, 2]).map((values) => ({ name, values })));

test.each(cases)(
  '$name: a bootstrap of $values errs as it is said to',
  { timeout: 900_000 },
  async ({ name, values }) => {
    const { angle, deviation } = bootstrappedChain(name).effect;
    const { rms, worst } = await errorsOf(name, 1, (value) => throughSine(value, angle), values === 2 ? 2 : 1);
    expect(rms).toBeGreaterThan(deviation / 2);
    expect(rms).toBeLessThan(2 * deviation);
    // Of 2^14 slots the largest is ten deviations about, and never was twenty.
    expect(worst).toBeLessThan(20 * deviation);
  },
);

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
  values: 1 | 2 = 1,
): Promise<{ readonly rms: number; readonly worst: number }> {
  const plan = bootstrapPlan(bootstrappedChain(name), count, values);
  const budget =
    plan.program.parameters.polyModulusDegree === 65536 ? memoryBudgetBytes[65536] : memoryBudgetBytes[32768];
  const sample = randomSample(plan, 7);
  return withClient(plan, async (client, keys) => {
    const inputs = client.encrypt([sample]);
    const settings = { engine: 'simd', threads: 2, memoryBudgetBytes: budget } as const;
    const outputs = await withServer(plan, keys, settings, (server) => server.evaluate(inputs));
    const [got] = client.decrypt(outputs, { raw: true });
    const differences = Array.from({ length: values }, (_, k) => {
      const y = got?.get(`y${k}`);
      return Array.from(sample.get(`x${k}`) ?? [], (value, s) => Math.abs((y?.[s] ?? NaN) - expected(value)));
    }).flat();
    return {
      rms: Math.sqrt(differences.reduce((sum, each) => sum + each * each, 0) / differences.length),
      worst: differences.reduce((most, each) => Math.max(most, each), 0),
    };
  });
}
