/** Plans whose memory lies beyond 4 GiB: the bytes of those below, and a diagnostic where there is no such memory. */
import { expect, test } from 'vitest';
import { bytesAccess } from '../../../../../../runtime/format/random-access.ts';
import { CiphertextReader } from '../../../../../../runtime/seal/bytes/ciphertext-files.ts';
import { Client } from '../../../../../../runtime/client.ts';
import { createSimd, type Machine } from '../../../../../../runtime/engines/simd/session/engine.ts';
import { defaultEngineOptions } from '../../../../../../runtime/base/engine.ts';
import type { Plan } from '../../../../../../ir/plan/plan.ts';
import { readEvaluationKeys } from '../../../../../../runtime/cipher/key-files.ts';
import { type Addressing, compileKernels } from '../../../../../../runtime/rns/kernels/module.ts';
import { teamMemoryInUse } from '../../../../../../runtime/engines/simd/session/team-memory.ts';
import { mixedPlan, randomSample } from '../../../../../support/serve-plans.ts';
import { primesFor } from '../../../../../support/simd.ts';
import { deepParameters } from '../../seal-wasm/programs.ts';

/** Gaps that put everything beyond 4 GiB, and the border within. */
const gaps = [5 * 2 ** 30, 2 ** 32 - 2 ** 20];

/** Machines that tell which kernels they have compiled. */
function machine(gap: number): { machine: Partial<Machine>; compiled: Addressing[] } {
  const compiled: Addressing[] = [];
  const compile: Machine['compile'] = (addressing) => {
    compiled.push(addressing);
    return compileKernels(addressing);
  };
  return { machine: { gap, compile }, compiled };
}

/** The chain of `mixedPlan` with two special primes in a ring that has room for them. */
function severalSpecialPrimes(): Plan {
  const polyModulusDegree = 16384;
  const [first = 0, ...specialPrimes] = primesFor(polyModulusDegree, 48, 3);
  const primes = [first, ...primesFor(polyModulusDegree, 36, deepParameters.primes.length - 1)];
  return mixedPlan({ polyModulusDegree, primes, specialPrimes });
}

/** Saved outputs of a run with these threads, of the same keys and inputs each time; two runs side by side where there are lanes. */
async function evaluations(plan: Plan, machines: readonly Partial<Machine>[], threads: number): Promise<Buffer[][]> {
  const client = await Client.create(plan.client);
  try {
    const own = readEvaluationKeys(client.generateKeys().evaluationKeys, plan.client);
    const file = bytesAccess(client.encrypt([randomSample(plan, 1)]));
    const inputs = await (await CiphertextReader.open(file, 'inputs', plan.client, own.keyId)).read(0);
    const results: Buffer[][] = [];
    for (const each of machines) {
      const prepared = await createSimd(each).open(plan, { ...defaultEngineOptions, threads });
      try {
        const session = await prepared.openSession(() => own);
        const runs = await Promise.all([session.evaluate(inputs), session.evaluate(inputs)]);
        results.push(runs.flatMap(({ outputs }) => outputs.map((bytes) => Buffer.from(bytes))));
      } finally {
        await prepared.close();
      }
    }
    return results;
  } finally {
    client.close();
  }
}

test.each([
  ['one special prime', 1, mixedPlan],
  ['one special prime, two threads in lanes', 2, mixedPlan],
  ['several special primes', 1, severalSpecialPrimes],
])('%s', async (_, threads, planOf) => {
  const narrow = machine(0);
  const wide = gaps.map(machine);
  // Between two wide ones, so that the memory of the first is given up: to be used again it would be zeroed, gap and all.
  const machines = [narrow, ...wide.flatMap((each) => [each, narrow])].map(({ machine }) => machine);
  const [expected, ...others] = await evaluations(planOf(), machines, threads);
  expect(new Set(narrow.compiled)).toEqual(new Set(['narrow']));
  for (const { compiled } of wide) expect(compiled).toEqual(['narrow', 'wide']);
  for (const outputs of others) expect(outputs).toEqual(expected);
  expect(teamMemoryInUse()).toBe(0);
});

test('where there is no such memory the plan is refused before anything is made', async () => {
  const withoutWide = { ...machine(5 * 2 ** 30).machine, hasWideMemory: () => false };
  const opened = createSimd(withoutWide).open(mixedPlan(), defaultEngineOptions);
  await expect(opened).rejects.toThrow(/H657.*51\d\d MiB.*4 GiB here[^]*Node 24.*--max-memory 3\.5GiB/);
  expect(teamMemoryInUse()).toBe(0);
});
