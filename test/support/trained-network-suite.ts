/** What is tested of every trained network, in the normal suite or the nightly one. */
import { beforeAll, expect, test } from 'vitest';
import type { EngineName } from '../../ir/plan/plan.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import type { Sample } from '../../ir/interface.ts';
import { blessCounts, countsOf, goldenFiles, readGoldenCounts } from './golden-counts.ts';
import { expectReadBack } from './read-back.ts';
import { argmaxAgreement, compileBytes, reference, relativeError, runEncrypted, simulate } from './run-plans.ts';
import { networkBytes, networkSamples, type TrainedNetwork } from './trained-networks.ts';

const blessing = process.env['HEPC_BLESS'] === '1';

export interface SuiteOptions {
  /** How many of 128 unseen samples run under simulated noise, and how many encrypted. */
  readonly simulated: number;
  readonly encrypted: number;
  /** Whether the texts of its modules are read back, which takes as long as compiling. */
  readonly readBack?: boolean;
}

/** To be called within `describe`; compiles once for `engine`, with the other 128 samples for calibration. */
export function testNetwork(
  network: TrainedNetwork,
  engine: EngineName,
  { simulated, encrypted, readBack = false }: SuiteOptions,
): void {
  const { name, maxError, classifies } = network;
  const bytes = networkBytes(network);
  const samples = networkSamples(network);
  let plan: Plan;
  beforeAll(() => {
    const compilation = compileBytes(bytes, { samples: samples.slice(128), maxError, engine });
    if (readBack) expectReadBack(compilation);
    ({ plan } = compilation);
  });

  const expectAccurate = async (got: readonly Sample[], inputs: readonly Sample[]): Promise<void> => {
    const expected = await reference(bytes, inputs);
    expect(relativeError(got, expected)).toBeLessThan(maxError);
    if (classifies) expect(argmaxAgreement(got, expected)).toBeGreaterThanOrEqual(0.99);
  };

  test(blessing ? 'blessing' : 'costs what it did', () => {
    const counts = countsOf(plan.statistics);
    const file = engine === 'simd' ? goldenFiles.networks : goldenFiles.networksOnSeal;
    if (blessing) blessCounts(file, name, counts);
    expect(counts).toEqual(readGoldenCounts(file)[name]);
  });

  test(`computes what onnxruntime computes on ${simulated} samples, under simulated noise`, async () => {
    const inputs = samples.slice(0, simulated);
    await expectAccurate(simulate(plan, inputs, 2), inputs);
  });

  test.runIf(encrypted > 0)(`computes what onnxruntime computes on ${encrypted} samples, encrypted`, async () => {
    const inputs = samples.slice(0, encrypted);
    await expectAccurate(await runEncrypted(plan, inputs, 2), inputs);
  });
}
