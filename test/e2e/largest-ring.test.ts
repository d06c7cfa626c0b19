/** Plans at N = 65536 from the client's keys to its answer: on our kernels alone, for SEAL has no such ring. */
import { describe, expect, test } from 'vitest';
import { nttPrimes } from '../../compiler/parameters/primes.ts';
import { evaluationKeyNeeds } from '../../costs/key-levels.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { parametersSchema } from '../../ir/ckks/parameters-schema.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { readHep } from '../../runtime/hep/read.ts';
import { writeHep } from '../../runtime/hep/write.ts';
import { Server } from '../../runtime/server.ts';
import {
  difference,
  inTheClear,
  randomSample,
  withClient,
  withServer,
  withStatistics,
} from '../support/serve-plans.ts';
import { isNightly } from '../support/setup/suite.ts';
import { ProgramWriter } from '../unit/runtime/engines/seal-wasm/programs.ts';

const degree = 65536;

/** Far rotations, those by one and by the last step, a square, and a product with weights that repeat over all slots. */
function planOf(specials: number): Plan {
  const found = nttPrimes([...Array<number>(specials).fill(48), 44, 40, 40], degree) ?? [];
  const parameters = parametersSchema.parse({
    polyModulusDegree: degree,
    primes: found.slice(specials),
    specialPrimes: found.slice(0, specials),
  });
  const writer = new ProgramWriter(parameters, 2 ** 36);
  const x = writer.input();
  const sum = writer.sum(writer.rotate(x, degree / 2 - 1), writer.rotate(x, 12345));
  const square = writer.rescale(writer.relinearize(writer.multiply(sum, sum)));
  const weighted = writer.multiplyPlain(square, writer.plaintext([0.5, -1, 0.25, 1]));
  writer.output(writer.rotate(writer.rescale(weighted), 1));
  const plan = writer.plan();
  const needs = evaluationKeyNeeds(plan.program.columns, plan.program.parameters);
  return withStatistics({ ...plan, client: { ...plan.client, ...needs } });
}

describe.each([{ specials: 1 }, { specials: 2 }])('a plan with $specials special primes', ({ specials }) => {
  const plan = planOf(specials);

  test('is read as it was written', () => {
    const { client, program } = readHep(writeHep(plan), 'plan.hep');
    expect(client).toEqual(plan.client);
    expect(program.columns).toEqual(plan.program.columns);
  });

  test(`gives what it gives in the clear${isNightly ? ', and the same bytes on any number of threads' : ''}`, async () => {
    await withClient(plan, async (client, keys) => {
      const sample = randomSample(plan, specials);
      const inputs = client.encrypt([sample]);
      const [outputs, ...others] = await Promise.all(
        (isNightly ? [2, 1, 3] : [2]).map((threads) =>
          withServer(plan, keys, { engine: 'simd', threads }, (served) => served.evaluate(inputs)),
        ),
      );
      for (const other of others) expect(other).toEqual(outputs);
      const [answer = new Map<string, Float64Array>()] = client.decrypt(outputs ?? new Uint8Array(), { raw: true });
      // Of 24 imagined keys (`ir/interpret/noise.ts`) the largest error is 3.5e-4 with one special prime, at slot 0 of rotations, and 3.3e-5 with
      // two: more than five times that.
      expect(difference(plan, answer, await inTheClear(plan, sample))).toBeLessThan(2 ** -9);
    });
  });

  test('is refused by seal-wasm, before anything is prepared, with what to compile for', async () => {
    const failure: unknown = await Server.create(plan, { engine: 'seal-wasm' }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(HepcError);
    expect(String(failure)).toMatch(/H656.*seal-wasm.*degree 65536 is above 32768[^]*--engine seal-wasm/);
  });
});
