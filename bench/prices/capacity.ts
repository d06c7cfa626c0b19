/** What a server keeps for its clients, for the networks of this repository. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { engineProfiles } from '../../costs/profiles.ts';
import { Client, compile, listSamples, loadSamples, Server } from '../../index.ts';
import { type BenchModel, benchModels } from '../models.ts';
import { processorTime } from './processor-time.ts';

export interface Capacity {
  readonly model: BenchModel;
  readonly evaluateMs: number;
  readonly keyFileBytes: number;
  /** Of one client, as the engine loads them. */
  readonly keyBytes: number;
  readonly weightBytes: number;
  readonly peakBytes: number;
  readonly keyPlaces: number;
  /** Of the processor, for opening a session: keys are read, checked and loaded. */
  readonly loadMs: number;
}

const names = ['ae-784-64-784', 'mlp-784-128-128-10', 'cryptonets', 'ae-784-128-32-128-784', 'lenet5-average-pools'];

export const capacityModels: readonly BenchModel[] = benchModels.filter(({ name }) => names.includes(name));

/** Throws `HepcError` for a model that does not compile or run. */
export async function measureCapacity(model: BenchModel, root: string): Promise<Capacity> {
  const sampleFile = join(root, model.sampleFile);
  const bytes = readFileSync(sampleFile);
  const { plan, statistics } = compile(readFileSync(join(root, model.modelFile)), {
    calibration: (inputs) => listSamples(loadSamples(bytes, sampleFile, inputs)),
    maxError: model.maxError,
  });
  const client = await Client.create(plan.client);
  const server = await Server.create(plan, { threads: 1 });
  try {
    const { evaluationKeys } = client.generateKeys();
    const inputs = client.encrypt(listSamples(loadSamples(bytes, sampleFile, plan.client.inputs)).slice(0, 1));
    const first = await server.openSession(() => evaluationKeys);
    await first.evaluate(inputs);
    const use = engineProfiles.simd.memory.use(plan.program);
    return {
      model,
      evaluateMs: await processorTime(() => first.evaluate(inputs), 5),
      keyFileBytes: evaluationKeys.length,
      keyBytes: use.keys,
      weightBytes: use.plaintexts,
      peakBytes: statistics.peakBytes,
      keyPlaces: server.usage.keyPlaces,
      loadMs: await processorTime(() => server.openSession(() => evaluationKeys), 3),
    };
  } finally {
    client.close();
    await server.close();
  }
}
