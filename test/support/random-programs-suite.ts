/** Random programs on an engine, by one worker and by two, against the same programs in the clear. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { ServerOptions } from '../../runtime/server.ts';
import { smallParameters } from '../unit/runtime/engines/seal-wasm/programs.ts';
import { programArbitrary, writeProgram } from '../unit/runtime/engines/seal-wasm/random-programs.ts';
import { difference, inTheClear, randomSample, withClient, withServer } from './serve-plans.ts';

/** @param after each program, when its client and servers are closed */
export async function checkRandomPrograms(
  engine: NonNullable<ServerOptions['engine']>,
  numRuns: number,
  after: () => void = () => undefined,
): Promise<void> {
  let seed = 0;
  await fc.assert(
    fc.asyncProperty(programArbitrary, fc.integer({ min: 1, max: 5 }), async (actions, rowsPerGroup) => {
      const { plan, errorBound } = writeProgram(smallParameters, 2 ** 30, actions, rowsPerGroup);
      const sample = randomSample(plan, seed++);
      const expected = await inTheClear(plan, sample);
      await withClient(plan, async (client, keys) => {
        const inputs = client.encrypt([sample]);
        const outputs = await withServer(plan, keys, { engine }, (server) => server.evaluate(inputs));
        const [got = new Map<string, Float64Array>()] = client.decrypt(outputs, { raw: true });
        expect(difference(plan, got, expected)).toBeLessThan(errorBound);
        const shared = await withServer(plan, keys, { engine, threads: 2 }, (server) => server.evaluate(inputs));
        expect(Buffer.compare(shared, outputs)).toBe(0);
      });
      after();
    }),
    { numRuns },
  );
}
