/** Small networks, each with what no example model has, in the clear and encrypted; most of them at night. */
import { expect, test } from 'vitest';

import { seededRandom } from '../../ir/random.ts';
import type { Sample } from '../../ir/interface.ts';
import { expectReadBack } from '../support/read-back.ts';
import { testNetworks, type TestNetwork } from '../support/networks.ts';
import { compileBytes, reference, relativeError, runEncrypted, simulate } from '../support/run-plans.ts';
import { isNightly } from '../support/setup/suite.ts';

function samplesFor({ inputs }: TestNetwork, count: number, seed: number): Sample[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const entries = Object.entries(inputs);
    return new Map(
      entries.map(([name, size]) => [
        name,
        Float64Array.from({ length: size }, () => Math.fround(2 * random.uniform() - 1)),
      ]),
    );
  });
}

/** An activation and a batch. */
const quick: ReadonlySet<string> = new Set(['a batch of 16']);

test.each(testNetworks.filter(({ name }) => isNightly || quick.has(name)))(
  '$name compiles and runs encrypted',
  async (network) => {
    const bytes = network.bytes();
    const calibration = samplesFor(network, 200, 1);
    const { maxError, batch = 1 } = network;
    const compilation = compileBytes(bytes, { samples: calibration, maxError, batch });
    const { plan } = compilation;
    if (plan.program.columns.op.length < 500) expectReadBack(compilation);
    expect(plan.client.predictedMaxError).toBeLessThanOrEqual(maxError);

    const fresh = samplesFor(network, 40, 2);
    expect(relativeError(simulate(plan, fresh, 3), await reference(bytes, fresh))).toBeLessThan(maxError);

    const few = fresh.slice(0, batch === 1 ? 2 : batch);
    expect(relativeError(await runEncrypted(plan, few), await reference(bytes, few))).toBeLessThan(maxError);
  },
);
